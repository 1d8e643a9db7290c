"""What checks ask for, and the plan: the union of it all, each thing collected once.

A need is hashable data. Two checks that name the same need share one accumulator, and a count whose
axes are all among those of another count is taken from that one as a marginal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from auditkit.evidence.subject import Subject, ViewKey


@dataclass(frozen=True, order=True)
class Column:
    """One integer code per unit: an axis of a count.

    Attributes:
        kind: `target`, `prediction`, `correct`, `score_cell`, `block`, `group` or `feature`.
        name: of the group attribute or feature; "" for the others.
    """

    kind: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


TARGET = Column("target")
PREDICTION = Column("prediction")
CORRECT = Column("correct")
SCORE_CELL = Column("score_cell")
BLOCK = Column("block")


def group(name: str) -> Column:
    """The axis of a declared group attribute."""
    return Column("group", name)


def feature(name: str) -> Column:
    """The axis of a table feature, in bins fixed before the pass."""
    return Column("feature", name)


@dataclass(frozen=True)
class CountNeed:
    """Units counted over axes.

    Attributes:
        view: the model output that `target`, `prediction` … are of; None if no axis is of an
            output.
        axes: distinct columns.
    """

    view: ViewKey | None
    axes: tuple[Column, ...]


@dataclass(frozen=True)
class SumNeed:
    """The number, sum and sum of squares of one value per unit, over axes.

    Attributes:
        view: the model output that the value is of.
        value: `log_loss`, `brier`, `absolute_error`, `squared_error`, `score` … or the name of a
            custom unit metric.
        axes: distinct columns.
    """

    view: ViewKey
    value: str
    axes: tuple[Column, ...] = ()


@dataclass(frozen=True)
class AttributionNeed:
    """Integrated gradients of one output on a sample drawn by a keyed hash of the row ids.

    Attributes:
        head: name of the model's output head.
        sample: number of units.
        steps: nodes of the coarse quadrature; the fine one has twice as many.
    """

    head: str
    sample: int = 128
    steps: int = 32


Need = CountNeed | SumNeed | AttributionNeed
_N = TypeVar("_N", CountNeed, SumNeed, AttributionNeed)


@dataclass(frozen=True)
class SplitNeed:
    """A need on one split."""

    split: str
    need: Need


@dataclass(frozen=True)
class SplitPlan:
    """Everything to be collected in the one pass over a split."""

    counts: tuple[CountNeed, ...]
    sums: tuple[SumNeed, ...]
    attributions: tuple[AttributionNeed, ...]


@dataclass(frozen=True)
class Plan:
    """What one audit collects, by split."""

    splits: Mapping[str, SplitPlan]


def make_plan(needs: Iterable[SplitNeed], subject: Subject) -> Plan:
    """The union of the needs, without what another need already contains.

    Where a cluster is declared, every count and sum gets the axis `block`, since no interval can
    be had without it.
    """
    by_split: dict[str, list[Need]] = {}
    for asked in needs:
        by_split.setdefault(asked.split, []).append(asked.need)
    return Plan({split: _split_plan(wanted, subject) for split, wanted in by_split.items()})


def _split_plan(needs: list[Need], subject: Subject) -> SplitPlan:
    extra = (BLOCK,) if subject.clustered else ()
    counts = [CountNeed(need.view, _axes(need.axes, extra)) for need in _only(needs, CountNeed)]
    sums = [
        SumNeed(need.view, need.value, _axes(need.axes, extra)) for need in _only(needs, SumNeed)
    ]
    return SplitPlan(
        counts=tuple(_without_contained(counts)),
        sums=tuple(_without_contained(sums)),
        attributions=tuple(dict.fromkeys(_only(needs, AttributionNeed))),
    )


def _only(needs: Iterable[Need], kind: type[_N]) -> list[_N]:
    return [need for need in needs if isinstance(need, kind)]


def _axes(axes: tuple[Column, ...], extra: tuple[Column, ...]) -> tuple[Column, ...]:
    return tuple(sorted({*axes, *extra}))


_C = TypeVar("_C", CountNeed, SumNeed)


def _without_contained(needs: list[_C]) -> list[_C]:
    unique = list(dict.fromkeys(needs))
    return [need for need in unique if not any(contains(other, need) for other in unique)]


def contains(larger: CountNeed | SumNeed, smaller: CountNeed | SumNeed) -> bool:
    """Whether `smaller` is a marginal of `larger`, and not the same need."""
    if type(larger) is not type(smaller) or larger == smaller:
        return False
    same_value = getattr(larger, "value", None) == getattr(smaller, "value", None)
    # A count without output axes holds the same units whichever output it was collected with.
    same_view = larger.view == smaller.view or smaller.view is None
    return same_value and same_view and set(smaller.axes) <= set(larger.axes)
