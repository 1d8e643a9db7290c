"""Whether each test of an explanation holds, and the sentence that says so.

A test holds where the interval of its mean lies on the right side of its limit, does not hold where
it lies on the wrong one, and is undecided in between, so that too few units never speak for a map.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from auditkit.explain.trust import questions
from auditkit.explain.trust.averages import Average, Groups, average
from auditkit.explain.trust.explained import Floats
from auditkit.explain.trust.not_run import NotRun
from auditkit.explain.trust.questions import Question
from auditkit.explain.trust.randomisation import Randomisation
from auditkit.explain.trust.results import Results
from auditkit.measurement import Estimate
from auditkit.statistics.absence import MIN_CLUSTERS

_T = TypeVar("_T")

UNCONVERGED = 0.01
"""Share of units whose map may be wrong by more than its method's own limit."""


@dataclass(frozen=True)
class Finding:
    """What one test says.

    Attributes:
        test: `convergence`, `randomisation`, `deletion`, `insertion`, `infidelity`, `stability`,
            `baseline` or `agreement`.
        title: for people.
        holds: None where it is not decided or was not run.
        value: mean over the units; None where there is none.
        low: lower end of its interval of level .90; None where there is none.
        high: upper end likewise.
        limit: what it is held against; None where it was not run.
        reason: a full sentence.
        detail: what helps to read the number, full sentences; "" if nothing does.
        exact: whether the value is the same for every unit, and no matter of chance.
        units: how many units have a value.
        undefined: how many do not: their map is constant or not to be shown, or nothing changes.
        estimate: what intervals at other levels are computed from; None where there is none.
    """

    test: str
    title: str
    holds: bool | None
    value: float | None
    low: float | None
    high: float | None
    limit: float | None
    reason: str
    detail: str = ""
    exact: bool = False
    units: int = 0
    undefined: int = 0
    estimate: Estimate | None = None

    @property
    def was_run(self) -> bool:
        """Whether there is a number."""
        return self.value is not None

    @property
    def lowest(self) -> float | None:
        """The value at least, as far as the units can tell; None where they can't."""
        return self.value if self.exact else self.low


def findings(results: Results, groups: Groups | None = None) -> tuple[Finding, ...]:
    """What every test of a method says.

    Args:
        results: of the method.
        groups: int64 [n], which units belong together (a patient, a speaker); None if all are
            independent. Fewer than ten leave everything undecided. With random weights, the units
            of one draw belong together instead.

    Returns:
        One for each test, those that were not run included.
    """
    r, within = results, (groups, _coarse(results))
    return (
        _convergence(r),
        _weights(r),
        _found(questions.DELETION, r.deletion, lambda one: one.deletion_over_random, within),
        _found(questions.INSERTION, r.deletion, lambda one: one.insertion_over_random, within),
        _found(questions.INFIDELITY, r.infidelity, lambda one: one.gain, within),
        _found(questions.STABILITY, r.stability, lambda one: one.correlation, within),
        _found(questions.BASELINE, r.baseline, lambda one: one.correlation, within),
        _found(questions.AGREEMENT, r.agreement, lambda one: one, within),
    )


def _convergence(results: Results) -> Finding:
    maps, named = results.maps, ("convergence", "Convergence")
    if isinstance(maps, NotRun):
        return _absent(*named, maps.reason)
    if maps.maps.error is None and maps.maps.gap is None:
        return _absent(*named, "The method does not estimate its own error.")
    hidden = ~maps.maps.shown.numpy()
    share = float(hidden.mean())
    said = f"{int(hidden.sum())} of {len(hidden)} maps are wrong by more than the method's limit."
    if not hidden.any():
        said = "Every map is within the error that the method allows itself."
    holds = share <= UNCONVERGED
    return Finding(*named, holds, share, None, None, UNCONVERGED, said, units=len(hidden))


def _weights(results: Results) -> Finding:
    found = results.randomisation
    if isinstance(found, NotRun):
        return _absent(questions.RANDOMISATION.test, questions.RANDOMISATION.title, found.reason)
    mean = average(found.correlation[:, -1], found.draw, coarse=_coarse(results))
    return _judged(questions.RANDOMISATION, mean, _of_input(found))


def _coarse(results: Results) -> bool:
    """Whether so few regions are ranked that units may agree by chance."""
    maps = results.maps
    return isinstance(maps, NotRun) or maps.regions.count < _FEW_REGIONS


_FEW_REGIONS = 5


def _of_input(found: Randomisation) -> str:
    """How much of what stays is the input, and what the plain gradient keeps, in sentences."""
    by_input, left = (average(one).value for one in (found.input_only, found.beyond_input[:, -1]))
    said = []
    if not np.isnan(by_input):
        beyond = "nothing is left beyond that"
        if not np.isnan(left):
            beyond = f"with that held fixed, {_number(left)} stays"
        said.append(
            "Its rank correlation with the distance of the input from the baseline is "
            f"{_number(by_input)}; {beyond}."
        )
    if found.gradient is not None:
        plain = average(found.gradient[:, -1], found.draw)
        said.append(f"The plain gradient of the same networks keeps {_spoken(plain)}.")
    return " ".join(said)


def _found(
    question: Question,
    found: _T | NotRun,
    values: Callable[[_T], Floats],
    within: tuple[Groups | None, bool],
) -> Finding:
    if isinstance(found, NotRun):
        return _absent(question.test, question.title, found.reason)
    groups, coarse = within
    mean = average(values(found), groups, fewest=MIN_CLUSTERS, coarse=coarse)
    return _judged(question, mean)


def _judged(question: Question, mean: Average, detail: str = "") -> Finding:
    if not mean.units:
        return _absent(
            question.test,
            question.title,
            f"None of the {mean.undefined} units has a value: their maps say the same of all "
            "regions or may not be shown, or nothing changes.",
            mean.undefined,
        )
    holds, ends = _side(question, mean), mean.interval
    return Finding(
        test=question.test,
        title=question.title,
        holds=holds,
        value=mean.value,
        low=None if ends is None else ends.low,
        high=None if ends is None else ends.high,
        limit=question.limit,
        reason=question.said[holds].format(_spoken(mean)),
        detail=f"{mean.reason} {detail}".strip(),
        exact=mean.exact,
        units=mean.units,
        undefined=mean.undefined,
        estimate=mean.estimate,
    )


def _side(question: Question, mean: Average) -> bool | None:
    """On which side of the limit the whole interval lies."""
    if mean.exact:
        low = high = mean.value
    elif mean.interval is not None:
        low, high = mean.interval.low, mean.interval.high
    else:
        return None
    if low <= question.limit <= high:
        return None
    return (high < question.limit) is question.below


def _absent(test: str, title: str, reason: str, undefined: int = 0) -> Finding:
    return Finding(test, title, None, None, None, None, None, reason, undefined=undefined)


def _spoken(mean: Average) -> str:
    """A mean with its interval, for people."""
    if mean.interval is None:
        return _number(mean.value)
    ends = f"{_number(mean.interval.low)} to {_number(mean.interval.high)}"
    return f"{_number(mean.value)} (90 % interval {ends})"


def _number(value: float) -> str:
    """Two digits that tell something, with a true minus sign."""
    text = f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3f}"
    return text.replace("-", "−") if float(text) else "0"
