"""Whether members and non-members are of one distribution: told apart without the model.

If inputs and labels alone say who was a member, an attack that finds members has perhaps found
nothing but another month, place or camera, and one that finds none may have been misled. Then
membership is measured and shown, and no verdict rests on it.

Source: Das, Zhang and Tramèr 2024, Blind Baselines Beat Membership Inference Attacks for Foundation
Models; Meeus et al. 2024.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from auditkit.checks.check import BETWEEN, EVALUATION, TRAINING
from auditkit.checks.estimation import absent, estimated
from auditkit.checks.privacy.sides import Known, Scored
from auditkit.evidence.collected import Evidence, SplitEvidence
from auditkit.evidence.fingerprint_needs import FingerprintNeed
from auditkit.evidence.input_vectors import input_vectors
from auditkit.evidence.needs import RowNeed, SplitNeed, feature
from auditkit.evidence.sample_needs import AnswerNeed
from auditkit.evidence.subject import Subject
from auditkit.learners.telling_apart import boosted_scores
from auditkit.measurement import Direction, Estimate, Measurement, MeasurementKey, Metric, Status
from auditkit.models.head import Task
from auditkit.statistics import estimates
from auditkit.statistics.absence import too_few, undefined
from auditkit.statistics.probes import probe_scores

BLIND = Metric(
    id="privacy.blind_auc",
    title="Members told apart without the model",
    definition="Probability that a random member scores above a random non-member, ties counted "
    "half, where the score is learnt from inputs and labels alone, on the other half of the units; "
    ".5 where both are of one distribution.",
    unit="share",
    direction=Direction.LOWER,
    low=0,
    high=1,
    source="Das, Zhang and Tramèr 2024; DeLong et al. 1988, errors of both halves added",
)

MARGIN = 0.02
ALPHA = 0.01
"""No verdict where the area lies above one half by more than the margin, beyond an error of 1 %: a
pair of splits of one distribution loses its verdict in at most one audit of a hundred."""

FEWEST = 50
"""Units on each side; of fewer the baseline is not measured."""

_FEWEST_OF_TREES = 200
_MOST_ASKED = 5000
_MOST_COLUMNS, _MOST_LEVELS, _MOST_INDICATORS = 200, 12, 400
_MOST_CLASSES = 20


@dataclass(frozen=True, eq=False)
class Blind:
    """What the baseline found.

    Attributes:
        measured: the area, or why there is none.
        withheld: why no verdict may rest on membership; "" where one may.
    """

    measured: Measurement
    withheld: str


def blind_needs(subject: Subject) -> Iterator[SplitNeed]:
    """What the inputs are told by, of both splits: the features of a table in bins; else a sample
    of inputs, and vectors of their content where these are no numbers.
    """
    for split in (TRAINING, EVALUATION):
        if features := _features(subject):
            yield SplitNeed(split, features)
        else:
            yield SplitNeed(split, FingerprintNeed())
            if subject.present:
                yield SplitNeed(split, _drawn(subject))


def _features(subject: Subject) -> RowNeed | None:
    names = [name for name in subject.slice_levels if name.startswith("feature:")]
    columns = tuple(feature(name.partition(":")[2]) for name in names[:_MOST_COLUMNS])
    return RowNeed(None, columns) if columns else None


def _drawn(subject: Subject) -> AnswerNeed:
    """The sample that the model is asked again about, which others ask for too."""
    return AnswerNeed(subject.main_views[0].key.head, layer=subject.layer)


def blind(subject: Subject, evidence: Evidence, known: Known) -> Blind:
    """How well inputs and labels alone tell members from others.

    Args:
        subject: what is audited.
        evidence: of all splits; holds `blind_needs`.
        known: members and others, in a random order.
    """
    key = MeasurementKey(BLIND.id, split=BETWEEN)
    asked = known.beginning(_MOST_ASKED)
    found = _inputs(subject, evidence, asked)
    if isinstance(found, str):
        measured = absent(key, Status.UNDEFINED, found, known.sample)
        return Blind(measured, _unknown(found))
    measured = estimated(
        key,
        partial(_auc, *found),
        found[1].sample,
        "Learnt from inputs and labels, without the model.",
    )
    if measured.estimate is None:
        return Blind(measured, _unknown(measured.reason))
    low, _ = estimates.bounds(measured.estimate, ALPHA)
    return Blind(measured, _differ(measured) if low > 0.5 + MARGIN else "")


def _unknown(reason: str) -> str:
    return (
        "Whether members and non-members are of one distribution is not known, so that no verdict "
        f"rests on this. {reason}"
    )


def _differ(measured: Measurement) -> str:
    return (
        "Members and non-members are not of one distribution: inputs and labels alone tell them "
        f"apart (area {measured.value:.3f}), so that this may have found the difference and no "
        "memory of the model. No verdict rests on it; give evaluation data drawn as the training "
        "data were."
    )


def _inputs(subject: Subject, evidence: Evidence, asked: Known) -> tuple[np.ndarray, Known] | str:
    """Inputs and labels as numbers, float64 of shape (n, d), and whom they are of."""
    found = _read(subject, evidence)
    if isinstance(found, str):
        return found
    places = [
        pd.Index(keys).get_indexer(pd.Index(rows.keys))
        for (keys, _), rows in zip(found, asked.rows, strict=True)
    ]
    known = asked.part(np.concatenate(places) >= 0)
    parts = [values[here[here >= 0]] for (_, values), here in zip(found, places, strict=True)]
    both = np.concatenate(parts)
    numbers = both if both.dtype.kind == "f" else _one_hot(both)
    return np.hstack([numbers, _labels(known)]), known


Table = tuple[np.ndarray, np.ndarray]
"""Keys of units, and numbers or levels of each."""


def _read(subject: Subject, evidence: Evidence) -> tuple[Table, Table] | str:
    """The inputs of both splits; or why there are none."""
    members, others = (evidence[split] for split in (TRAINING, EVALUATION))
    if need := _features(subject):
        return _levels(members, need), _levels(others, need)
    one, other = _numbers(subject, members), _numbers(subject, others)
    if one is not None and other is not None and one[1].shape[1] == other[1].shape[1]:
        return one, other
    prints = [split.fingerprints[FingerprintNeed()] for split in (members, others)]
    if lacking := next((one.lacking for one in prints if one.lacking), ""):
        return lacking
    first, second = ((one.keys, one.vectors.astype(np.float64)) for one in prints)
    return first, second


def _levels(split: SplitEvidence, need: RowNeed) -> Table:
    log = split.row_log(need)
    return log.rows, np.column_stack([log.labels(one) for one in need.columns]).astype(object)


def _numbers(subject: Subject, split: SplitEvidence) -> Table | None:
    if not subject.present or split.sample is None:
        return None
    sample = split.sample.first(_drawn(subject).sample)
    vectors = input_vectors(sample)
    return None if vectors is None else (sample.keys, vectors)


def _one_hot(levels: np.ndarray) -> np.ndarray:
    """An indicator of each frequent level of each column; a rare one has none.

    Of many columns each has fewer, two at least, so that none is left out.
    """
    found: list[np.ndarray] = []
    kept = min(_MOST_LEVELS, max(_MOST_INDICATORS // max(levels.shape[1], 1), 2))
    for column in levels.T:
        codes, names = pd.factorize(column)
        most = np.argsort(-np.bincount(codes, minlength=len(names)), kind="stable")
        found += [codes == level for level in most[:kept]]
    return np.column_stack(found).astype(np.float64)


def _labels(known: Known) -> np.ndarray:
    """The true class as an indicator of each frequent one; a number and its square."""
    target = known.target
    if known.members.view.task is Task.REGRESSION:
        spread = target.std() or 1.0
        standard = (target - target.mean()) / spread
        return np.column_stack([standard, standard**2])
    most = np.argsort(-np.bincount(target), kind="stable")[:_MOST_CLASSES]
    return np.asarray(target[:, None] == most, dtype=np.float64)


def _auc(numbers: np.ndarray, known: Known) -> Estimate:
    if known.fewest < FEWEST:
        raise too_few(
            "Whether members and non-members are of one distribution needs at least "
            f"{FEWEST} independent units on each side."
        )
    if not np.isfinite(numbers).all():
        raise undefined("Some inputs or labels are not finite numbers.")
    return Scored(known, _scores(numbers, known), crossed=True).auc()


def _scores(numbers: np.ndarray, known: Known) -> np.ndarray:
    """A line's and, of enough units, trees' scores: the mean of their ranks within each half.

    A line sees a small shift of many inputs, trees one of spread or of inputs together.
    """
    from scipy.stats import rankdata  # slow to load, and few audits need it

    member, halves = known.is_member, known.held_out.astype(np.int64)
    scores = [probe_scores(numbers, member[:, None].astype(np.float64), halves)[:, 0]]
    if known.fewest >= _FEWEST_OF_TREES:
        scores.append(boosted_scores(numbers, member, known.held_out))
    ranks = np.zeros(len(known))
    for half in (0, 1):
        chosen = halves == half
        ranks[chosen] = np.mean([rankdata(one[chosen]) for one in scores], axis=0)
    return ranks


__all__ = ["ALPHA", "BLIND", "MARGIN", "Blind", "blind", "blind_needs"]
