"""From what the command line names to two versions: an audit.yaml is run, a record is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from auditkit.assembly import Overrides, build_model, completed_data
from auditkit.comparing import Version, asked, recorded
from auditkit.configuration import read_configuration
from auditkit.configured_code import Code
from auditkit.dataset_assembly import build_dataset
from auditkit.errors import ConfigurationError, StoreError
from auditkit.evidence.torchrun import started_by_torchrun
from auditkit.records.integrity import read_limited
from auditkit.records.record_file import load_record_file
from auditkit.records.salt import BYTES, read_salt
from auditkit.records.states import holds_outcomes
from auditkit.records.store import open_store

OUTCOMES_BYTES = 256 << 20
"""Rows of one output: more than this were not kept by auditkit."""


@dataclass(frozen=True)
class _Read:
    """A version from a record, and how rows of others must be named to be joined with it."""

    version: Version
    salt: bytes | None
    record: str


def versions(
    before: str, after: str, store: Path, overrides: Overrides | None = None
) -> tuple[Version, Version]:
    """The versions A and B that the command line names.

    Args:
        before, after: each the path of an audit.yaml, a record.json or the folder of one, or a
            record's id, the start of one, or `latest`.
        store: where records named by their id lie.
        overrides: of the command line, for an audit.yaml.

    Raises:
        ConfigurationError: both are the same, or several processes were started.
        StoreError: there is no such record, it keeps no outcomes, or its store has lost its salt.
        AuditkitError: whatever else the user can mend.
    """
    if started_by_torchrun():
        raise ConfigurationError(
            "A comparison was started in several processes.",
            mend="Run it without torchrun; or audit both versions with --keep-outcomes, in as many "
            "processes as you like, and compare the records.",
        )
    named = (before, after)
    read = [None if _is_configuration(one) else _read(one, store) for one in named]
    _refuse_twice(named, read)
    salt = _salt(read)
    said = overrides or Overrides()
    one, other = (
        _run(Path(name), salt, said) if found is None else found.version
        for name, found in zip(named, read, strict=True)
    )
    return one, other


def _is_configuration(name: str) -> bool:
    return Path(name).suffix in (".yaml", ".yml")


def _refuse_twice(named: tuple[str, str], read: list[_Read | None]) -> None:
    ids = [
        Path(name).resolve() if one is None else one.record
        for name, one in zip(named, read, strict=True)
    ]
    if ids[0] == ids[1]:
        raise ConfigurationError(
            f"A and B are both {named[1]}.", mend="Name two versions of the model."
        )


def _salt(read: list[_Read | None]) -> bytes:
    """By which the rows of a configuration are named: as those of the record beside it."""
    found = [one for one in read if one is not None]
    if not found or len(found) == len(read):
        # These names are seen by nobody; the same every time, a comparison comes out the same.
        return bytes(BYTES)
    (one,) = found
    if one.salt is None:
        raise StoreError(
            f"The {one.version.where} lies beside no salt of its store, so that its rows can't be "
            "paired with those of a model that is run now.",
            mend="Name the record in its store (--store), or compare two records of one store.",
        )
    return one.salt


def _read(name: str, store: Path) -> _Read:
    path = Path(name)
    if path.suffix == ".json" or (path / "record.json").is_file():
        return _outside(path if path.suffix == ".json" else path / "record.json")
    opened = open_store(store, create=False)
    record = opened.load(name)
    version = recorded(record, opened.outcomes(record.id))
    return _Read(version, read_salt(opened.folder), record.id)


def _outside(path: Path) -> _Read:
    """A record read as a file, with what lies beside it."""
    record = load_record_file(path)
    kept = sorted(one for one in path.parent.iterdir() if holds_outcomes(one.name))
    note = (
        f"{path} and the outcomes beside it were read from outside a store, unprotected from edits."
    )
    contents = {str(one): read_limited(one, OUTCOMES_BYTES) for one in kept}
    version = recorded(record, contents, note)
    # <store>/records/<id>/record.json
    return _Read(version, read_salt(path.resolve().parent.parent.parent), record.id)


def _run(path: Path, salt: bytes, said: Overrides) -> Version:
    """The version that a configuration describes, run on its evaluation data."""
    configuration = read_configuration(path)
    code = Code(path.resolve().parent, allowed=said.allow_code or configuration.allow_code)
    model, _ = build_model(configuration.model, code, said)
    data = build_dataset(completed_data(configuration), code)
    return asked(
        model,
        data,
        name=configuration.name,
        salt=salt,
        where=str(path),
        batch_size=configuration.batch_size,
        quiet=False,
    )
