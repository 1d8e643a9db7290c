"""From the data section of audit.yaml to a data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from auditkit import data as data_room
from auditkit.configuration import MEDIA, DataSection, SplitSection
from auditkit.configured_code import Code
from auditkit.data import Dataset, dataset
from auditkit.errors import AuditkitError, DataError


def build_dataset(section: DataSection, code: Code) -> Dataset:
    """The data set that a configuration describes.

    Raises:
        DataError, ConfigurationError: a file is missing, or the declaration contradicts itself.
    """
    shared: dict[str, Any] = {
        "label": section.label,
        "features": section.features,
        "groups": {
            name: {"column": group.column or name, "reference": group.reference, "cuts": group.cuts}
            for name, group in section.groups.items()
        },
        "intersections": section.intersections,
        "cluster": section.cluster,
        "row_id": section.row_id,
        "time": section.time,
        "controls": {
            name: {"column": control.column or name, "cuts": control.cuts}
            for name, control in section.controls.items()
        },
        "proxy_groups": {name: proxy.model_dump() for name, proxy in section.proxy_groups.items()},
        **section.model_dump(include={"weight", "previous", "query", "top", "labelled"}),
    }
    if section.table is not None and section.split is not None:
        one = section.table
        splits = dict.fromkeys(section.split.values, one)
        outside = None
        if section.outside is not None:
            splits["outside"], outside = section.outside, _data(section.outside, section, code)
        return dataset(
            data=_data(one, section, code),
            outside=outside,
            split=section.split.model_dump(),
            **_by_split(splits, code.base),
            **shared,
        )
    splits = {
        name: part
        for name, part in (
            ("evaluation", section.evaluation),
            ("training", section.training),
            ("outside", section.outside),
        )
        if part is not None
    }
    return dataset(
        **{name: _data(part, section, code) for name, part in splits.items()},
        **_by_split(splits, code.base),
        **shared,
    )


def _by_split(splits: Mapping[str, SplitSection], base: Path) -> dict[str, Any]:
    """What each split declares of its own files."""
    return {
        "sha256": _each(splits, "sha256"),
        "side_table": _side_tables(splits, base),
        "csv": {name: part.csv for name, part in splits.items()},
    }


def _each(splits: Mapping[str, SplitSection], field: str) -> dict[str, Any] | None:
    found = {name: getattr(part, field) for name, part in splits.items()}
    return {name: value for name, value in found.items() if value is not None} or None


def _side_tables(splits: Mapping[str, SplitSection], base: Path) -> dict[str, str] | None:
    tables = _each(splits, "side_table") or {}
    return {name: located(place, base) for name, place in tables.items()} or None


def _data(part: SplitSection, section: DataSection, code: Code) -> Any:
    if part.factory is not None:
        return _made(code.load(part.factory), part.factory)
    return _media(part, section, code) or _table(part, code.base)


def _made(factory: Callable[[], Any], reference: str) -> Any:
    """What the user's function makes: a table, media, or torch data.

    Of a generator function it is the function itself: its stream can be read only once.

    Raises:
        DataError: it failed.
    """
    try:
        made = factory()
    except AuditkitError:
        raise
    except Exception as error:  # the user's code: it may raise anything
        raise DataError(
            f"The factory {reference} failed ({type(error).__name__}: {error}).",
            mend="Mend it: it is called without arguments, and returns a table or a data set.",
        ) from error
    return factory if hasattr(made, "__next__") else made


def _media(part: SplitSection, section: DataSection, code: Code) -> Any | None:
    """Images, sounds, texts or series, where the section declares them; else None."""
    in_folder = next((name for name in ("images", "audio") if getattr(part, name)), None)
    declared = (name for name in MEDIA if getattr(section, name) is not None)
    medium = in_folder or next(declared, None)
    if medium is None:
        return None
    said = getattr(section, medium)
    options = {} if said is None else said.model_dump(exclude_none=True)
    for name in options.keys() & {"folder", "tokenizer"}:
        options[name] = located(options[name], code.base)
    if "encode" in options:
        options["tokenizer"] = code.load(options.pop("encode"))
    if in_folder is None:
        return getattr(data_room, medium)(
            _table(part, code.base), damaged=section.damaged, **options
        )
    # These say where the units of a table lie, and another split may be one.
    alone = {name: value for name, value in options.items() if name not in ("column", "folder")}
    place = located(getattr(part, in_folder), code.base)
    return getattr(data_room, medium)(place, damaged=section.damaged, **alone)


def _table(part: SplitSection, base: Path) -> Any:
    places = [located(place, base) for place in part.table]
    return places[0] if len(places) == 1 else places


def located(place: str, base: Path) -> str:
    """A relative path is relative to the configuration; anything with a scheme stays."""
    return place if "://" in place else str(base / place)
