"""The numbers of groundedness: of planted claims, of answers, and of what people found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import (
    Sample,
    absent,
    estimated,
    telling,
    undefined,
)
from auditkit.checks.groundedness.sentence_rows import Labelled
from auditkit.checks.groundedness.supports import OWN_ANSWERS, Supports
from auditkit.evidence.row_estimates import share_of
from auditkit.generation.grounding.detectors import Detector, Supported
from auditkit.generation.grounding.planting import PLANTS
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Slice, Status
from auditkit.statistics.absence import MIN_KEPT
from auditkit.statistics.detection import Sides, false_acceptance, separation

CIRCULAR = (
    "Sentences are planted where their words do not stand in the context, so that a detector that "
    "looks for these words cannot be tried on them."
)
NO_LABELS = "Nobody judged which sentences are supported; declare generation.columns.supported."


def key_of(name: str, label: str = "", where: Slice | None = None) -> MeasurementKey:
    """The key of a number."""
    return MeasurementKey(f"groundedness.{name}", where or Slice(), split=EVALUATION, label=label)


def of_planted(supports: Supports, heard: dict[str, str]) -> Iterator[Measurement]:
    """How well each detector tells each kind of planted claims from supported ones.

    Args:
        supports: of all claims.
        heard: detector → why the model could not be heard as it needs; {} where it could.
    """
    for detector in supports.detectors:
        for plant in PLANTS:
            label = f"{detector.kind} · {plant}"
            sample = supports.sample(detector, plant)
            for name, statistic in (
                ("detection_auroc", separation),
                ("missed_share", false_acceptance),
            ):
                key = key_of(name, label)
                if reason := _barred(detector, heard):
                    yield absent(key, Status.NOT_APPLICABLE, reason, sample)
                else:
                    made = partial(_of_sides, statistic, supports, detector, plant)
                    yield estimated(key, made, sample, _basis(supports, detector, plant))


def _barred(detector: Detector, heard: dict[str, str]) -> str:
    return CIRCULAR if detector.kind == "overlap" else heard.get(detector.kind, "")


def _of_sides(
    statistic: Callable[[Sides], Estimate], supports: Supports, detector: Detector, plant: str
) -> Estimate:
    return statistic(supports.sides(detector, plant))


def _basis(supports: Supports, detector: Detector, plant: str) -> str:
    found = supports.of_supported(detector), supports.of_plant(detector, plant)
    own = "" if supports.planted.by_references else OWN_ANSWERS
    return " ".join(dict.fromkeys(one for one in (own, *(f.reason for f in found)) if one))


def flagged(supports: Supports, chosen: np.ndarray) -> np.ndarray:
    """Which of some sentences of answers lie below the threshold, bool of shape (m,).

    Args:
        supports: of all claims.
        chosen: m sentences whose support the detector knows, bool of shape (n,).

    Raises:
        NoEstimateError: there is no threshold.
    """
    found = supports.of_answers(supports.chosen())
    below: np.ndarray = found.everywhere[chosen] < supports.threshold()
    return below


def flagged_share(supports: Supports, members: np.ndarray) -> Estimate:
    """Share of sentences of answers that are flagged.

    Args:
        supports: of all claims.
        members: which of the sentences, bool of shape (n,).

    Raises:
        NoEstimateError: no threshold, or too few sentences.
    """
    rows = supports.answers
    chosen = supports.of_answers(supports.chosen()).known & members
    refuse_few(int(chosen.sum()))
    return share_of(flagged(supports, chosen), rows.part(chosen))


def refuse_few(count: int, what: str = "sentences") -> None:
    """Refuse a number about none or fewer than five.

    Raises:
        NoEstimateError: `undefined` or `too_few`.
    """
    if not count:
        raise undefined(f"There are no {what}.")
    if count < MIN_KEPT:
        raise telling(f"There are too few {what}")


def of_labels(supports: Supports, found: Labelled) -> Iterator[Measurement]:
    """Whether detectors find the sentences that people found unsupported.

    Args:
        supports: of all claims.
        found: the sentences of answers with a label.
    """
    rows = found.rows
    if not len(rows):
        for name in ("label_auroc", "false_alarm_share", "unnoticed_share"):
            yield absent(key_of(name), Status.NOT_APPLICABLE, NO_LABELS, rows.sample)
        return
    for detector in supports.detectors:
        said = supports.of_answers(detector)
        sample = rows.part(said.known[found.places]).sample
        made = partial(_label_auroc, said, found)
        yield estimated(key_of("label_auroc", detector.kind), made, sample, said.reason)
    detector = supports.chosen()
    known = supports.of_answers(detector).known[found.places]
    for name, side in (
        ("false_alarm_share", found.supported & known),
        ("unnoticed_share", ~found.supported & known),
    ):
        made = partial(_error_share, supports, found, side, name)
        yield estimated(key_of(name, detector.kind), made, rows.part(side).sample)


def unsupported_share(found: Labelled, members: np.ndarray) -> Estimate:
    """Share of labelled sentences that people found not supported.

    Args:
        found: all of them.
        members: which, bool of shape (n,).

    Raises:
        NoEstimateError: too few.
    """
    if not len(found.rows):
        raise undefined(NO_LABELS)
    refuse_few(int(members.sum()), "sentences with a label")
    return share_of(~found.supported[members], found.rows.part(members))


def _label_auroc(said: Supported, found: Labelled) -> Estimate:
    known = said.known[found.places]
    values = said.everywhere[found.places][known]
    labels = found.supported[known]
    for some, what in ((labels, "supported"), (~labels, "unsupported")):
        if not some.any():
            raise undefined(f"Among the sentences that the detector knows of none is {what}.")
    units = np.unique(found.rows.units[known], return_inverse=True)[1].astype(np.int64)
    return separation(Sides(values[labels], values[~labels], (units[labels], units[~labels])))


def _error_share(supports: Supports, found: Labelled, side: np.ndarray, name: str) -> Estimate:
    """Share of one side that is flagged, or of the other that is not."""
    refuse_few(int(side.sum()), "such sentences")
    chosen = np.zeros(len(supports.answers), dtype=bool)
    chosen[found.places[side]] = True
    below = flagged(supports, chosen)
    return share_of(below if name == "false_alarm_share" else ~below, found.rows.part(side))


def nothing(names: tuple[str, ...], reason: str, *, sampled: bool) -> Iterator[Measurement]:
    """Numbers that are not there, and why."""
    for name in names:
        yield absent(key_of(name), Status.UNDEFINED, reason, Sample(0, sampled=sampled))


__all__ = [
    "CIRCULAR",
    "NO_LABELS",
    "flagged",
    "flagged_share",
    "key_of",
    "nothing",
    "of_labels",
    "of_planted",
    "refuse_few",
    "unsupported_share",
]
