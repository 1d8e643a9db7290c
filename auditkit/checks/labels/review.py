"""The list of units to look at: those whose label the model contradicts most, by row id."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.check import EVALUATION, Findings
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.needs import ReviewNeed, SplitNeed
from auditkit.evidence.review import Review
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Figure

_LONG = 32


def review_needs(subject: Subject, view: View) -> Iterator[SplitNeed]:
    """The list of a view; none where the user does not ask for rows."""
    if subject.aims.review > 0:
        yield SplitNeed(EVALUATION, _need(subject, view))


def _need(subject: Subject, view: View) -> ReviewNeed:
    return ReviewNeed(view.key, subject.aims.review)


def review_findings(subject: Subject, evidence: SplitEvidence, view: View) -> Findings:
    """The list as a figure; nothing where none was asked for, a note where it is empty."""
    if subject.aims.review <= 0:
        return Findings()
    review = evidence.review[_need(subject, view)]
    if len(review):
        return Findings(figures=(_figure(review, view),))
    return Findings(
        notes=(
            f"There is nothing to review{_of(view)}: every unit's label is the class that the "
            "model holds most probable.",
        )
    )


def _of(view: View) -> str:
    return f" of {view.key}" if str(view.key) else ""


def _shortened(review: Review) -> str:
    long = any(len(row) > _LONG for row in review.rows)
    return " Long row ids are shortened in this report; the record has them whole." if long else ""


def _figure(review: Review, view: View) -> Figure:
    columns = (review.rows, review.given, review.predicted, review.p_given, review.p_predicted)
    rows = [
        {
            "row": row,
            "given": view.classes[given],
            "predicted": view.classes[predicted],
            "p_given": float(p_given),
            "p_predicted": float(p_predicted),
        }
        for row, given, predicted, p_given, p_predicted in zip(*columns, strict=True)
    ]
    return Figure(
        kind="review_list",
        title=f"Labels{_of(view)} to look at: what the model contradicts most",
        caption=(
            f"The {len(rows):,} units with the smallest odds of their label against the class that "
            "the model holds most probable. Each may be a wrong label, a rare case or an error of "
            "the model: read the original before changing any. Where labels are corrected, look as "
            "closely at as many that the model agrees with, or the model will look better than it "
            f"is.{_shortened(review)}"
        ),
        check="labels",
        data={"n": len(rows), "rows": rows},
    )
