"""What an adviser is: it says what would mend a finding, and what that would cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.subject import Subject
from auditkit.measurement import MeasurementKey
from auditkit.mending import Advice

Region = tuple[float, float]


@dataclass(frozen=True)
class Cause:
    """A number that does not lie where it should: what advice is asked for.

    Attributes:
        key: what was measured on what.
        value: what came out.
        region: where it should lie, (low, high).
        asked_by: who says so, in words that `at least 0.8` can follow: `the policy baseline asks
            for`.
    """

    key: MeasurementKey
    value: float
    region: Region
    asked_by: str


@dataclass(frozen=True)
class Adviser:
    """One way to mend findings. Like a check, it sees evidence and never the model or rows.

    Attributes:
        name: of the adviser.
        watches: metrics that it could mend → the region that convention names, in which there is
            nothing to mend; None where only a policy can say that there is.
        unmet: the reason why it has nothing to say about this subject, a full sentence; "" if it
            has.
        needs: the evidence that it needs; the same at each call.
        advise: what would mend these causes, all of metrics that it watches. It changes nothing.
    """

    name: str
    watches: Mapping[str, Region | None]
    unmet: Callable[[Subject], str]
    needs: Callable[[Subject], Iterable[SplitNeed]]
    advise: Callable[[Subject, Evidence, Sequence[Cause]], tuple[Advice, ...]]
