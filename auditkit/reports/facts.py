"""What was audited, and where everything came from: descriptions as terms and texts.

Descriptions of models and data are plain mappings that differ by kind, so nothing here relies on a
key being there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditkit.records.record import AuditRecord
from auditkit.reports.formatting import ABSENT, count, digest
from auditkit.reports.text import shorten

Fact = tuple[str, str]
MOST_LEVELS, DEEPEST, LONGEST = 8, 6, 400


def audited(record: AuditRecord) -> list[Fact]:
    """The few facts that a reviewer needs before reading on."""
    facts = [("Model", _model(record.model))]
    for name, head in _named(record.model.get("heads")):
        facts.append((f"Task, {shorten(name)}" if name else "Task", _head(head)))
    for name, split in _named(record.data.get("splits")):
        facts.append((f"Data, {shorten(name)}", _split(split)))
    for name, group in _named(record.data.get("groups")):
        facts.append((f"Groups, {shorten(name)}", _group(_levelled(name, group, record.data))))
    for name, proxy in _named(record.data.get("proxy_groups")):
        facts.append((f"Groups, {shorten(name)}", _proxy(proxy)))
    facts += [(term, _role(record.data.get(key))) for key, term in _ROLES.items()]
    if record.judgement is not None:
        policy = record.judgement
        facts.append(("Policy", f"{shorten(policy.policy)} ({digest(policy.policy_digest)})"))
    digests = [(name, record.digests.get(name, "")) for name in ("model_file", "model", "data")]
    facts += [(f"Digest of the {name.replace('_', ' ')}", digest(text)) for name, text in digests]
    return [(term, text) for term, text in facts if text]


_ROLES = {
    "controls": "Controls",
    "weight": "Weights",
    "previous": "Previous predictions",
    "query": "Ranked lists",
    "top": "Shown of each list",
    "labelled": "Outcome known of",
}
"""What a data description says beside groups, and what the report calls it."""


def _role(value: Any) -> str:
    names = list(value) if isinstance(value, Mapping) else _listed(value)
    if names:
        return ", ".join(_few([shorten(str(name), 30) for name in names]))
    # An empty mapping or list is nothing declared, as None is.
    plain = isinstance(value, str | int) and not isinstance(value, bool)
    return shorten(str(value)) if plain else ""


def _named(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Descriptions with their names, from a mapping by name or from a list."""
    if isinstance(value, Mapping):
        pairs = [(str(name), item) for name, item in value.items()]
    else:
        pairs = [(str(_get(item, "name")), item) for item in _listed(value)]
    return ((name, item) for name, item in pairs if isinstance(item, Mapping))


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _get(item: Any, key: str) -> Any:
    return item.get(key, "") if isinstance(item, Mapping) else ""


def _model(model: Mapping[str, Any]) -> str:
    name, kind = str(model.get("name") or ""), str(model.get("class") or model.get("kind") or "")
    same = kind.rpartition(".")[2] == name
    parts = [shorten(part, 90) for part in ([kind] if same else [name, kind]) if part]
    parameters = model.get("parameters")
    if isinstance(parameters, int) and not isinstance(parameters, bool):
        parts.append(f"{count(parameters)} parameters")
    if model.get("path_taken"):
        parts.append(f"loaded as {shorten(str(model['path_taken']), 120)}")
    return ", ".join(parts)


def _head(head: Mapping[str, Any]) -> str:
    parts = [str(head["task"])] if head.get("task") else []
    decision = head.get("decision")
    if isinstance(decision, Mapping):
        if decision.get("favourable"):
            parts.append(f"favourable outcome: {shorten(str(decision['favourable']))}")
        rule = str(decision.get("rule", ""))
        if rule == "threshold":
            rule = f"threshold {decision.get('threshold')}"
        parts.append(f"decided by {rule}")
    if head.get("outputs"):
        parts.append(f"outputs: {head['outputs']}")
    classes = [shorten(str(name), 24) for name in _listed(head.get("classes"))]
    if classes:
        parts.append(f"classes: {', '.join(_few(classes))}")
    return "; ".join(parts)


def _few(texts: list[str]) -> list[str]:
    more = len(texts) - MOST_LEVELS
    return texts if more <= 0 else [*texts[:MOST_LEVELS], f"{more} more"]


def _split(split: Mapping[str, Any]) -> str:
    names = [split.get(key) for key in ("name", "location") if split.get(key)]
    parts = [shorten(str(name), 90) for name in names[:1]]
    for key in ("rows", "units"):
        number = split.get(key)
        if isinstance(number, int) and not isinstance(number, bool):
            parts.append(f"{count(number)} {key}")
    return ", ".join(parts)


def _levelled(name: str, group: Mapping[str, Any], data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The group with the levels counted in the evaluation data, where these carry them."""
    evaluation = _get(data.get("splits"), "evaluation")
    levels = _get(_get(_get(evaluation, "groups"), name), "levels")
    return {**group, "levels": levels} if levels and not group.get("levels") else group


def _group(group: Mapping[str, Any]) -> str:
    levels = group.get("levels")
    if not isinstance(levels, Mapping):
        texts = [f"{shorten(str(one), 30)}{_reference(one, group)}" for one in _listed(levels)]
        return ", ".join(_few(texts))
    texts = [
        f"{shorten(str(level), 30)}{_n(n)}{_reference(level, group)}" for level, n in levels.items()
    ]
    return ", ".join(_few(texts))


def _proxy(group: Mapping[str, Any]) -> str:
    columns = group.get("columns")
    levels = list(columns) if isinstance(columns, Mapping) else []
    known = _group({"levels": levels, "reference": group.get("reference")})
    return f"{known}; known as probabilities" if known else ""


def _n(number: Any) -> str:
    if isinstance(number, str):
        return f" {number}"  # of few, who are not counted out
    return f" {count(number)}" if isinstance(number, int | float) else ""


def _reference(level: Any, group: Mapping[str, Any]) -> str:
    return " (reference)" if group.get("reference") == level else ""


def flattened(value: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[Fact]:
    """Every leaf of a nested mapping as a term and a text; lists of plain values on one line.

    >>> list(flattened({"a": {"b": 1, "c": None}, "d": [1, 2]}))
    [('a.b', '1'), ('a.c', '–'), ('d', '1, 2')]
    """
    for key, item in value.items():
        term = f"{prefix}{shorten(str(key))}"
        if isinstance(item, Mapping) and item and depth < DEEPEST:
            yield from flattened(item, f"{term}.", depth + 1)
        elif isinstance(item, list | tuple) and any(isinstance(part, Mapping) for part in item):
            numbered = {str(place): part for place, part in enumerate(item)}
            yield from flattened(numbered, f"{term}.", depth + 1)
        else:
            yield term, leaf(item)


def leaf(item: Any) -> str:
    """One value as text; a dash for what is empty."""
    if isinstance(item, bool):
        return "yes" if item else "no"
    if isinstance(item, list | tuple):
        return shorten(", ".join(str(part) for part in item), LONGEST) or ABSENT
    return ABSENT if item is None or item == {} else shorten(str(item), LONGEST) or ABSENT
