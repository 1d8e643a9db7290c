"""What do the outputs depend on, and can the explanation itself be trusted?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.estimation import Sample, absent, by_blocks, drawn_ends, estimated, undefined
from auditkit.errors import ConfigurationError
from auditkit.evidence.collected import Evidence, SplitEvidence
from auditkit.evidence.needs import AttributionNeed, SplitNeed
from auditkit.evidence.subject import Subject
from auditkit.measurement import (
    Direction,
    Estimate,
    Figure,
    Measurement,
    MeasurementKey,
    Metric,
    Status,
)
from auditkit.models.head import Task
from auditkit.statistics import estimates
from auditkit.statistics.rates import Rate, rate_estimate

# Captum and scipy.stats are loaded when something is explained, not when checks are listed.
if TYPE_CHECKING:
    from auditkit.explain import Attributions, Magnitudes, NotExplainable, Ranking

_SUNDARARAJAN = "integrated gradients, Sundararajan, Taly and Yan 2017"
METRICS = (
    Metric(
        id="explanation.converged_share",
        title="Converged explanations",
        definition="Share of sampled units whose integrated gradients have both an error estimate "
        "and a completeness gap of at most 5 %.",
        unit="share",
        direction=Direction.HIGHER,
        low=0,
        high=1,
        source=_SUNDARARAJAN,
    ),
    Metric(
        id="explanation.error_estimate",
        title="Estimated error of the explanation",
        definition="Mean over sampled units of ‖A₂ₙ − Aₙ‖ / ‖A₂ₙ‖: how much the map still changes "
        "when the number of steps is doubled.",
        unit="relative",
        direction=Direction.LOWER,
        low=0,
        source=_SUNDARARAJAN,
    ),
    Metric(
        id="explanation.completeness_gap",
        title="Completeness gap",
        definition="Mean over sampled units of |sum of attributions − (output − output of the "
        "baseline)|, relative to that difference or to 1 % of the outputs' range, whichever is "
        "larger.",
        unit="relative",
        direction=Direction.LOWER,
        low=0,
        source=_SUNDARARAJAN,
    ),
    Metric(
        id="explanation.mean_attribution",
        title="Mean attribution of a feature",
        definition="Mean over sampled units of the absolute integrated gradient of one input "
        "feature.",
        unit="units of the output",
        direction=Direction.NONE,
        low=0,
        source=_SUNDARARAJAN,
    ),
)
_NAMES = tuple(metric.id.partition(".")[2] for metric in METRICS)
_DRAWN = 20
_MOST_FEATURES = 500


@dataclass(frozen=True)
class _Units:
    """The explained units of one head: rows of a sample, or clusters of such rows.

    Attributes:
        head: its name.
        sample: what measurements rest on.
        clusters: hash of each row's cluster, shape (n,); None where no cluster is declared.
    """

    head: str
    sample: Sample
    clusters: np.ndarray | None

    @classmethod
    def of(cls, need: AttributionNeed, rows: int, evidence: SplitEvidence) -> _Units:
        drawn = None if evidence.sample is None else evidence.sample.clusters
        drawn = None if drawn is None else drawn[:rows]
        distinct = None if drawn is None else len(np.unique(drawn))
        return cls(need.head, Sample(rows, distinct, sampled=evidence.sampled), drawn)

    def key(self, name: str, label: str = "") -> MeasurementKey:
        return MeasurementKey(f"explanation.{name}", split=EVALUATION, head=self.head, label=label)

    def by_cluster(self, values: np.ndarray) -> np.ndarray:
        """Number and sum of some rows' values by cluster (all of them rows), shape (clusters, 2).

        Rows without a value (NaN) count nowhere.
        """
        known = np.isfinite(values)
        rows = np.arange(len(values)) if self.clusters is None else self.clusters
        _, places = np.unique(rows, return_inverse=True)
        numbers = np.bincount(places, weights=known)
        return np.stack([numbers, np.bincount(places, np.where(known, values, 0.0))], axis=1)

    def share(self, yes: np.ndarray) -> Estimate:
        """The share of units for which something holds."""
        trials, hits = self.by_cluster(yes.astype(np.float64)).T
        return rate_estimate(Rate(hits, trials, self.clusters is not None, self.sample.clusters))

    def mean(self, values: np.ndarray) -> Estimate:
        """The mean of a value over the units that have one."""
        known = values[np.isfinite(values)]
        if len(known) < 2:
            raise undefined("Fewer than two units have a value.")
        if self.clusters is not None:
            return by_blocks(lambda s: float(s[1] / s[0]), self.by_cluster(values))
        return estimates.mean(float(known.sum()), float((known**2).sum()), len(known))


def _heads(subject: Subject) -> tuple[str, ...]:
    explained = [view for view in subject.main_views if view.task is not Task.CUSTOM]
    return tuple(dict.fromkeys(view.key.head for view in explained))


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    yield from (SplitNeed(EVALUATION, AttributionNeed(head)) for head in _heads(subject))


def _unmet(subject: Subject) -> str:
    if not subject.present:
        return "Only stored predictions are audited; the model is not here to be explained."
    if not subject.differentiable:
        return subject.reasons.get("differentiable", "No gradient reaches the inputs of the model.")
    return "" if _heads(subject) else "A custom output has no single number to explain."


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    collected = evidence[EVALUATION]
    wanted = [need for need in collected.attributions if need.head in _heads(subject)]
    return Findings.together(
        _of_head(need, collected.attributions[need], subject, collected) for need in wanted
    )


def _of_head(
    need: AttributionNeed,
    result: Attributions | NotExplainable,
    subject: Subject,
    evidence: SplitEvidence,
) -> Findings:
    from auditkit.explain import NotExplainable

    if isinstance(result, NotExplainable):
        units = _Units(need.head, Sample(0, sampled=evidence.sampled), None)
        return _unexplained(units, Status.NOT_APPLICABLE, result.reason, _NAMES)
    units = _Units.of(need, len(result.converged), evidence)
    convergence = Findings(tuple(_convergence(units, result)))
    return Findings.together([convergence, _features(units, result, subject)])


def _unexplained(units: _Units, status: Status, reason: str, names: tuple[str, ...]) -> Findings:
    return Findings(tuple(absent(units.key(name), status, reason, units.sample) for name in names))


def _convergence(units: _Units, result: Attributions) -> Iterator[Measurement]:
    drawn = f"A random sample of {units.sample.rows} rows, drawn by a keyed hash of their ids."
    converged = result.converged.numpy()
    yield estimated(
        units.key("converged_share"), partial(units.share, converged), units.sample, drawn
    )
    for name in ("error_estimate", "completeness_gap"):
        values = getattr(result, name).double().numpy()
        lacking = int((~np.isfinite(values)).sum())
        without = f" {lacking} of them have none: there is nothing to attribute." if lacking else ""
        yield estimated(
            units.key(name), partial(units.mean, values), units.sample, f"{drawn}{without}"
        )


def _features(units: _Units, result: Attributions, subject: Subject) -> Findings:
    from auditkit.explain import rank_features

    named, notes = _named(result, subject)
    try:
        ranked = rank_features(named.values, named.names, seed=subject.seed)
    except ValueError as refused:
        reason = f"Nothing can be ranked: {refused}."
        return _unexplained(units, Status.UNDEFINED, reason, ("mean_attribution",))
    shown = ranked.features[:_MOST_FEATURES]
    if len(ranked.features) > len(shown):
        notes = (
            *notes,
            f"The model has {len(ranked.features):,} inputs; the mean attributions of the "
            f"{_MOST_FEATURES} largest are kept.",
        )
    columns = dict(zip(named.names, named.values.T, strict=True))
    found = tuple(
        estimated(
            units.key("mean_attribution", feature.name),
            partial(units.mean, columns[feature.name]),
            units.sample,
        )
        for feature in shown
    )
    return Findings(found, (_figure(units, found, ranked),), notes)


def _named(result: Attributions, subject: Subject) -> tuple[Magnitudes, tuple[str, ...]]:
    """Magnitudes under the declared names, or numbered with a note where these do not fit."""
    from auditkit.explain import Magnitudes, magnitudes

    notes: tuple[str, ...] = ()
    try:
        found = magnitudes(result, subject.feature_names)
    except ConfigurationError as error:
        found = magnitudes(result)
        notes = (f"{error.problem} The inputs are numbered instead.",)
    return Magnitudes(_distinct(found.names), found.values), notes


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    result = []
    for name in (name or "input" for name in names):
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(result)


def _figure(units: _Units, found: tuple[Measurement, ...], ranked: Ranking) -> Figure:
    of = f" of {units.head}" if units.head else ""
    stable = ""
    if np.isfinite(ranked.top_stability):
        stable = (
            f" In {ranked.top_stability:.0%} of random halves of the sample the first input is the "
            "same."
        )
    return Figure(
        kind="ranking",
        title=f"What the output{of} depends on most",
        caption=(
            f"Mean absolute integrated gradient of each input over {ranked.units} sampled units, "
            f"against a baseline of zeros.{stable} It says what the model uses, not whether it "
            "should."
        ),
        check="explanation",
        data={
            "value_label": "mean absolute attribution",
            "n": ranked.units,
            "rows": [
                {"feature": m.key.label, "value": m.value, **drawn_ends(m.interval)}
                for m in found[:_DRAWN]
            ],
        },
    )


CHECK = Check(
    name="explanation",
    question="What do the outputs depend on?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Whether the explanation is faithful was tested by convergence alone: no randomisation of "
        "weights, deletion curve or shortcut test was run.",
    ),
)
