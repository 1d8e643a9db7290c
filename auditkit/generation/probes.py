"""The further tables that a generative model is asked about: what they hold, and what is wrong.

`canaries` and `candidates`, `extraction` and `extraction_control` are read by the check
`memorisation`; `pairs` and `ambiguous` by the check `prompt_bias`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auditkit.errors import ConfigurationError
from auditkit.generation import probe_cells
from auditkit.generation.probe_rules import ambiguous_rule, extraction_rule, pairs_rule

Table = Mapping[str, tuple[Any, ...]]
Cells = Callable[[Any], Any]
Rule = Callable[[Mapping[str, Any]], str]
"""Of one row, its cells read: what is wrong with it; "" for nothing."""


@dataclass(frozen=True)
class ProbeTable:
    """What a table of a name must hold.

    Attributes:
        needed: column → how a cell of it is read.
        optional: the same of columns that may be absent.
        either: sets of columns of which all of one must be there.
        rule: what else must hold of a row.
        distinct: a column no cell of which stands twice; "" for none.
    """

    needed: Mapping[str, Cells]
    optional: Mapping[str, Cells] = field(default_factory=dict)
    either: tuple[tuple[str, ...], ...] = ()
    rule: Rule = field(default=lambda _: "")
    distinct: str = ""


_text, _name, _whole = probe_cells.text, probe_cells.name, probe_cells.whole
_texts, _free = probe_cells.texts, probe_cells.text_or_nothing


def _side(cell: Any) -> str:
    if cell not in ("a", "b"):
        raise ValueError("a or b")
    return str(cell)


def _condition(cell: Any) -> str:
    if cell not in ("ambiguous", "disambiguated"):
        raise ValueError("ambiguous or disambiguated")
    return str(cell)


_EXTRACTION = ProbeTable(
    {"text": _text}, {"prefix_words": _whole, "cluster": _name}, rule=extraction_rule
)
PROBES: Mapping[str, ProbeTable] = {
    "canaries": ProbeTable(
        {"prefix": _free, "secret": _text, "repeats": _whole}, distinct="secret"
    ),
    "candidates": ProbeTable({"candidate": _text}),
    "extraction": _EXTRACTION,
    "extraction_control": _EXTRACTION,
    "pairs": ProbeTable(
        {},
        {
            "prompt_a": _text,
            "prompt_b": _text,
            "template": _text,
            "term_a": _text,
            "term_b": _text,
            "continuation": _text,
            "pair": _name,
            "group_a": _name,
            "group_b": _name,
            "direction": _side,
            "category": _name,
            "cluster": _name,
        },
        either=(("prompt_a", "prompt_b", "continuation"), ("template", "term_a", "term_b")),
        rule=pairs_rule,
    ),
    "ambiguous": ProbeTable(
        {
            "context": _text,
            "question": _text,
            "choices": _texts,
            "unknown": _whole,
            "stereotyped": _whole,
            "right": _whole,
            "condition": _condition,
        },
        {"category": _name, "cluster": _name},
        rule=ambiguous_rule,
    ),
}
"""Name of a table → what it must hold."""


def refuse_probes(probes: Mapping[str, Table]) -> None:
    """Refuse tables that lack a column or a cell, before any long pass.

    Args:
        probes: name of a table → column → its cells.

    Raises:
        ConfigurationError: a table is unknown or empty, its columns differ in length, a column is
            missing, or a cell holds something else than it should.

    Example:
        >>> refuse_probes({"canaries": {"prefix": ("the pin is ",), "secret": ("0417",)}})
        Traceback (most recent call last):
            ...
        auditkit.errors.ConfigurationError: The probe 'canaries' has no column 'repeats'; it has \
prefix, secret. Add it to the table of generation.probes.canaries.
    """
    for called, table in probes.items():
        if called not in PROBES:
            raise ConfigurationError(
                f"There is no probe {called!r}; there are {', '.join(PROBES)}.",
                mend="Mend its name under generation.probes.",
            )
        _refuse_shape(called, table)
        _refuse_columns(called, table)
        _refuse_cells(called, table)
    if "candidates" in probes and "canaries" not in probes:
        raise ConfigurationError(
            "The probe 'candidates' is given without 'canaries', of which they are the rivals.",
            mend="Give the table of canaries too, or leave the candidates out.",
        )
    if "extraction_control" in probes and "extraction" not in probes:
        raise ConfigurationError(
            "The probe 'extraction_control' is given without 'extraction', which it is compared "
            "with.",
            mend="Give the table of training texts too, or leave the control out.",
        )


def _refuse_shape(called: str, table: Table) -> None:
    if not isinstance(table, Mapping):
        raise ConfigurationError(
            f"The probe {called!r} is a {type(table).__name__}; expected columns and their cells.",
            mend="Give a mapping of column to its cells, or a table in audit.yaml.",
        )
    lengths = {len(cells) for cells in table.values()}
    if not lengths or lengths == {0}:
        raise ConfigurationError(
            f"The table of the probe {called!r} is empty.",
            mend="Give at least one row, or leave the probe out.",
        )
    if len(lengths) > 1:
        raise ConfigurationError(
            f"The columns of the probe {called!r} have {min(lengths)} to {max(lengths)} cells.",
            mend="Give as many cells in each column.",
        )


def _refuse_columns(called: str, table: Table) -> None:
    expected = PROBES[called]
    has = ", ".join(table)
    for column in expected.needed:
        if column not in table:
            raise ConfigurationError(
                f"The probe {called!r} has no column {column!r}; it has {has}.",
                mend=f"Add it to the table of generation.probes.{called}.",
            )
    complete = [every for every in expected.either if all(one in table for one in every)]
    if expected.either and not complete:
        wanted = " or ".join(f"({', '.join(every)})" for every in expected.either)
        raise ConfigurationError(
            f"The probe {called!r} has the columns {has}; expected {wanted}.",
            mend=f"Add the columns to the table of generation.probes.{called}.",
        )


def _refuse_cells(called: str, table: Table) -> None:
    expected = PROBES[called]
    readers = {**expected.needed, **expected.optional}
    read: dict[str, list[Any]] = {}
    for column in (column for column in readers if column in table):
        read[column] = []
        for place, cell in enumerate(table[column], start=1):
            try:
                read[column].append(readers[column](cell))
            except ValueError as wrong:
                raise ConfigurationError(
                    f"Row {place:,} of the probe {called!r} holds something else in {column!r} "
                    f"than {wrong}.",
                    mend=_mend_of(str(wrong), called, column),
                ) from None
    for place in range(len(next(iter(read.values())))):
        if wrong_row := expected.rule({column: cells[place] for column, cells in read.items()}):
            raise ConfigurationError(
                f"Row {place + 1:,} of the probe {called!r} {wrong_row}.",
                mend="Mend the row, or leave it out.",
            )
    seen = read.get(expected.distinct, [])
    if len(set(seen)) < len(seen):
        place = next(place for place, one in enumerate(seen) if one in seen[:place])
        raise ConfigurationError(
            f"Row {place + 1:,} of the probe {called!r} has the {expected.distinct} of an earlier "
            "row.",
            mend="Give each once, with how often it was in the training data in all.",
        )


def _mend_of(expected: str, called: str, column: str) -> str:
    if "read as a number" in expected:
        return f"Declare generation.probes.{called}.csv: {{dtype: {{{column}: str}}}}."
    return "Mend the cell, or leave the row out."


def builtin_probe(name: str) -> dict[str, tuple[Any, ...]]:
    """The small table that is shipped under a name: a smoke test, no measure of a model's bias.

    Args:
        name: of the probe; only `pairs` has one.

    Raises:
        ConfigurationError: no table of this name is shipped.

    Example:
        >>> table = builtin_probe("pairs")
        >>> len(table["template"]), sorted(set(table["category"]))
        (144, ['age', 'gender', 'origin'])
    """
    if name != "pairs":
        raise ConfigurationError(
            f"No table is built in for the probe {name!r}; there is one for pairs.",
            mend=f"Give a table of your own under generation.probes.{name}.",
        )
    shipped = json.loads(_TEMPLATES.read_text(encoding="utf-8"))
    rows = [
        {
            "pair": f"{category} {number} {terms[0]}",
            "template": template["text"],
            "term_a": terms[0],
            "term_b": terms[1],
            "group_a": part["groups"][0],
            "group_b": part["groups"][1],
            "direction": template["direction"],
            "category": category,
            "cluster": f"{category} {number}",
        }
        for category, part in shipped.items()
        for number, template in enumerate(part["templates"])
        for terms in part["terms"]
    ]
    return {column: tuple(row[column] for row in rows) for column in rows[0]}


def is_builtin(table: Table) -> bool:
    """Whether a table of pairs is the one that is built in.

    Example:
        >>> is_builtin(builtin_probe("pairs")), is_builtin({"template": ("The {term} left.",)})
        (True, False)
    """
    return tuple(table.get("template", ())) == builtin_probe("pairs")["template"]


BUILTIN = (
    "The pairs of prompts are those that are built in: a few English sentences as a smoke test, "
    "and no measure of the bias of an assistant; bring pairs from its own use for that."
)
_TEMPLATES = Path(__file__).with_name("pair_templates.json")

__all__ = [
    "BUILTIN",
    "PROBES",
    "ProbeTable",
    "Table",
    "builtin_probe",
    "is_builtin",
    "refuse_probes",
]
