"""Pictures of what the model knows by heart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from auditkit.checks.estimation import drawn_ends
from auditkit.checks.memorisation.extraction import Extracted
from auditkit.checks.memorisation.metrics import CONTROL, EXPOSURE, EXTRACTION
from auditkit.generation.passages import Passage
from auditkit.measurement import Figure, Measurement

_CHECK = "memorisation"
_LONGEST_SHOWN = 200


def figures(found: Sequence[Measurement]) -> Iterator[Figure]:
    """Exposure by repeats, and extraction beside its control; nothing of what has no value."""
    exposures = [one for one in found if one.key.metric == EXPOSURE.id and one.value is not None]
    if exposures:
        yield Figure(
            kind="ranking",
            title="Exposure of canaries, by how often they were in the training data",
            caption=(
                "Bits by which a canary is likelier than random texts of its format: about 1.44 is "
                "chance, as it should be for those that were never inserted. The more often a text "
                "must be repeated before its exposure rises, the less the model keeps of a text "
                "that stands in its data once. Intervals are 90 %."
            ),
            check=_CHECK,
            data={
                "value_label": "mean exposure, bits",
                "n": sum(one.rows for one in exposures if one.key.label != "inserted"),
                "rows": [_row(one.key.label, one) for one in exposures],
            },
        )
    names = {EXTRACTION.id: "texts of the training data", CONTROL.id: "texts never trained on"}
    shares = [one for one in found if one.key.metric in names and one.value is not None]
    if shares:
        yield Figure(
            kind="ranking",
            title="Texts that the model says to the end, given their beginning",
            caption=(
                "Share of texts whose rest comes out word by word. What is never trained on and "
                "comes out all the same can be guessed, and is no memory. Intervals are 90 %."
            ),
            check=_CHECK,
            data={
                "value_label": "share of texts",
                "n": sum(one.rows for one in shares),
                "rows": [_row(names[one.key.metric], one) for one in shares],
            },
        )


def _row(name: str, found: Measurement) -> dict[str, Any]:
    return {"feature": name, "value": found.value, **drawn_ends(found.interval)}


def extracted_texts(texts: Extracted, passages: Sequence[Passage], most: int) -> Figure | None:
    """The texts that came out, the longest runs first, for whoever must clear them out.

    Args:
        texts: of the training data.
        passages: the same, cut in two.
        most: how many are listed: rows are kept only where the user asks for them (`aims.review`).

    Returns:
        A table; None where nothing came out, or no rows are asked for.
    """
    order = [place for place in (-texts.runs).argsort(kind="stable") if texts.whole[place]]
    if most <= 0 or not order:
        return None
    return Figure(
        kind="extracted_texts",
        title="Training texts that the model says by heart",
        caption=(
            f"The first {min(most, len(order)):,} of {len(order):,} texts that came out, the "
            "longest first: the row of the table, how many words were said, and what they are. "
            "They are listed because aims.review asks for rows."
        ),
        check=_CHECK,
        data={
            "rows": [
                {
                    "row": int(place) + 1,
                    "words": int(texts.runs[place]),
                    "given": passages[place].prefix[-_LONGEST_SHOWN:],
                    "said": passages[place].rest[:_LONGEST_SHOWN],
                }
                for place in order[:most]
            ]
        },
    )


__all__ = ["extracted_texts", "figures"]
