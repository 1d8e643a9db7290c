"""The explained units by what is decided about them: whose maps are averaged into one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auditkit.checks.estimation import MIN_KEPT
from auditkit.evidence.subject import Subject
from auditkit.explain import Explanation
from auditkit.explain.decided import said_of
from auditkit.models.head import Head

MOST_CLASSES = 20
_NAMED = 6


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the explained units.

    Attributes:
        title: what they have in common.
        rows: their places, int64.
    """

    title: str
    rows: np.ndarray


def head_of(subject: Subject, name: str) -> Head:
    """The declaration of a head."""
    return next(view.head for view in subject.views if view.key.head == name)


def parts_of(found: Explanation, head: Head, known: np.ndarray) -> tuple[tuple[Part, ...], str]:
    """All units together, then those of each decided class; at most 20, the most frequent ones.

    A class of fewer than five units is left out, and out of all together where the mean over these,
    less the others, would tell about them.

    Args:
        found: of n units.
        head: whose decisions.
        known: which units have a map that may be shown, bool of shape (n,).

    Returns:
        The parts; and which classes are left out, a sentence or "".
    """
    rows = np.flatnonzero(known)
    if found.decision is None:
        return ((Part("all units", rows),) if len(rows) >= MIN_KEPT else ()), ""
    codes = found.decision.numpy()[rows]
    counts = np.bincount(codes, minlength=len(head.classes))
    frequent = [int(code) for code in np.argsort(-counts, kind="stable") if counts[code]]
    few = [code for code in frequent if counts[code] < MIN_KEPT]
    shown = sorted(code for code in frequent[:MOST_CLASSES] if code not in few)
    hidden = sum(int(counts[code]) for code in few)
    whole = rows if hidden >= MIN_KEPT else rows[~np.isin(codes, few)]
    parts = [Part(said_of(head, code), rows[codes == code]) for code in shown]
    if len(whole) >= MIN_KEPT:
        parts.insert(0, Part("all units", whole))
    more = [code for code in frequent[MOST_CLASSES:] if code not in few]
    return tuple(parts), _left_out([head.classes[code] for code in few], len(more))


def _left_out(few: Sequence[str], more: int) -> str:
    sentences = []
    if few:
        named = ", ".join(few[:_NAMED])
        rest = f" and {len(few) - _NAMED} more" if len(few) > _NAMED else ""
        sentences.append(
            f"Of fewer than {MIN_KEPT} of the units explained, and not shown, are: {named}{rest}."
        )
    if more:
        sentences.append(f"Of the classes the {MOST_CLASSES} most frequent are shown.")
    return " ".join(sentences)
