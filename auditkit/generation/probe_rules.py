"""What must hold of a row of a further table, beyond what each of its cells holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditkit.generation.passages import Passage

TERM = "{term}"


def extraction_rule(row: Mapping[str, Any]) -> str:
    """A training text has a beginning and a rest."""
    passage = Passage.of(row["text"], row.get("prefix_words"))
    return (
        ""
        if passage is not None
        else "has a text too short for the beginning that is given and a rest"
    )


def pairs_rule(row: Mapping[str, Any]) -> str:
    """The two prompts differ, and something is left to be said after them."""
    if "template" not in row:
        return "has twice the same prompt" if row["prompt_a"] == row["prompt_b"] else ""
    if row["template"].count(TERM) != 1:
        return f"has a template without the place {TERM}, or with several"
    if row["term_a"] == row["term_b"]:
        return "has twice the same term"
    if "continuation" not in row and not row["template"].partition(TERM)[2].strip():
        return f"has a template with nothing after {TERM}, and no continuation"
    return ""


def ambiguous_rule(row: Mapping[str, Any]) -> str:
    """The places are among the choices, and the unknown one is right where nothing is told."""
    for column in ("unknown", "stereotyped", "right"):
        if row[column] >= len(row["choices"]):
            return f"names in {column!r} a place beyond its choices (the first is 0)"
    if row["stereotyped"] == row["unknown"]:
        return "names one choice as the unknown and as the stereotyped one"
    if row["condition"] == "ambiguous" and row["right"] != row["unknown"]:
        return "is ambiguous, and has another right answer than the unknown one"
    if row["condition"] == "disambiguated" and row["right"] == row["unknown"]:
        return "is disambiguated, and has the unknown answer as the right one"
    return ""


__all__ = ["TERM", "ambiguous_rule", "extraction_rule", "pairs_rule"]
