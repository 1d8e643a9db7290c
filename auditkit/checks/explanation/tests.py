"""What the tests of explanations found: numbers, the table of methods, and the curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from auditkit.checks.check import Findings
from auditkit.checks.estimation import MIN_CLUSTERS, MIN_KEPT, Sample, absent, measured
from auditkit.checks.explanation.convergence import unmeasured
from auditkit.checks.explanation.explained_units import ExplainedUnits
from auditkit.checks.explanation.metrics import TESTS
from auditkit.checks.rounding import rounded
from auditkit.explain import Explanation
from auditkit.explain.trust import Average, Finding, NotRun, TrustResult, average
from auditkit.measurement import Figure, Measurement, Status
from auditkit.statistics import estimates

_NOT_TESTED = "No explanation was tested: explain.tested is 0."


def trials(units: ExplainedUnits, found: Explanation) -> Findings:
    """Each test of each method, and the pictures of them.

    Args:
        units: that were explained; the tests were run on the first of them.
        found: with what was tested.
    """
    if not found.tested:
        return Findings(tuple(unmeasured(units, _NOT_TESTED, tuple(TESTS.values()))))
    numbers = tuple(
        measurement for result in found.tested.values() for measurement in _of_method(units, result)
    )
    return Findings(numbers, (_table(units, found.tested), *_curves(units, found.tested)))


_ABSENT = Status.NOT_APPLICABLE


def _of_method(units: ExplainedUnits, result: TrustResult) -> Iterator[Measurement]:
    label = result.results.method.title
    for finding in result.trust.findings:
        if finding.test not in TESTS:
            continue
        key = units.key(TESTS[finding.test], label)
        sample = _sample(units, finding)
        said = f"{finding.reason} {finding.detail}".strip()
        if finding.exact and finding.value is not None:
            # That all of a sample agree is no certainty: it has no bounds, and decides no gate.
            alike = estimates.student(finding.value, 0.0, finding.units - 1)
            yield measured(key, alike, sample, said)
        elif finding.estimate is None:
            status = Status.TOO_FEW if finding.was_run else _ABSENT
            yield absent(key, status, said, sample)
        else:
            yield measured(key, finding.estimate, sample, said)


def _sample(units: ExplainedUnits, finding: Finding) -> Sample:
    clusters = None if units.clusters is None else units.clusters[: finding.units]
    distinct = None if clusters is None else len(np.unique(clusters))
    return Sample(finding.units, distinct, sampled=units.sample.sampled)


def _table(units: ExplainedUnits, tested: Mapping[str, TrustResult]) -> Figure:
    of = f" of {units.head}" if units.head else ""
    first = next(iter(tested.values()))
    return Figure(
        kind="explanation_trust",
        title=f"How far explanations{of} can be trusted",
        caption=(
            f"Each method was put to tests on {first.results.units} sampled units. A mark says on "
            "which side of its limit the whole interval of a test lies. What no test excludes "
            "stands among what was not tested."
        ),
        check="explanation",
        data={
            "n": first.results.units,
            "rows": [result.row() for result in tested.values()],
        },
    )


def _curves(units: ExplainedUnits, tested: Mapping[str, TrustResult]) -> Iterator[Figure]:
    drawn = [one for one in map(partial(_Drawn.of, units), tested.values()) if one is not None]
    if not drawn:
        return
    of = f" of {units.head}" if units.head else ""
    yield Figure(
        kind="faithfulness_curves",
        title=f"What happens to the output{of} when regions go or come back",
        caption=(
            "The mean of the explained number as regions are replaced by the baseline (deletion), "
            "or brought back (insertion), those first that the map calls most important, over the "
            "units that have a map. A map that is true to the model moves the output faster than a "
            "random order does, and than the order of the input's own size."
        ),
        check="explanation",
        data={
            "n": max(one.n for one in drawn),
            "items": [one.item(curve) for one in drawn for curve in ("deletion", "insertion")],
        },
    )


@dataclass(frozen=True, eq=False)
class _Drawn:
    """The curves of one method, over the units that have a map of it.

    Attributes:
        result: with curves.
        known: which units have a map, bool of shape (n,): the same for all three orders.
        clusters: of all units; None where none is declared.
    """

    result: TrustResult
    known: np.ndarray
    clusters: np.ndarray | None

    @classmethod
    def of(cls, units: ExplainedUnits, result: TrustResult) -> _Drawn | None:
        """None where there are no curves, or they would tell about fewer than five units."""
        maps = result.results.maps
        if isinstance(result.results.deletion, NotRun) or isinstance(maps, NotRun):
            return None
        known = maps.usable
        clusters = None if units.clusters is None else units.clusters[: len(known)]
        return cls(result, known, clusters) if known.sum() >= MIN_KEPT else None

    @property
    def n(self) -> int:
        """How many units have a map."""
        return int(self.known.sum())

    def item(self, curve: str) -> dict[str, object]:
        """The curve in each order."""
        trust = self.result.trust
        return {
            "method": self.result.results.method.title,
            "curve": curve,
            "n": self.n,
            "trust": {"label": trust.label, "reason": trust.reason},
            "rows": list(self._points(curve)),
        }

    def _points(self, curve: str) -> Iterator[dict[str, object]]:
        found = self.result.results.deletion
        assert not isinstance(found, NotRun)  # or there would be no curve
        orders = {
            "map": found.curves,
            "random": found.controls.random,
            "input magnitude": found.controls.by_input,
        }
        groups = None if self.clusters is None else self.clusters[self.known]
        for order, curves in orders.items():
            columns = getattr(curves, curve)[self.known].T
            for share, column in zip(curves.shares, columns, strict=True):
                mean = average(column, groups, fewest=MIN_CLUSTERS)
                yield {"order": order, "share": rounded(float(share)), **_ends(mean)}


def _ends(mean: Average) -> dict[str, float | None]:
    ends = (np.nan, np.nan) if mean.interval is None else (mean.interval.low, mean.interval.high)
    named = zip(("value", "low", "high"), (mean.value, *ends), strict=True)
    return {name: rounded(number) for name, number in named}
