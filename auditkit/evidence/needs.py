"""What checks ask for.

A need is hashable data. Two checks that name the same need share one accumulator, and a count whose
axes are all among those of another count is taken from that one as a marginal.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from auditkit.evidence.fingerprint_needs import FingerprintNeed
from auditkit.evidence.generation_needs import (
    CompletionNeed,
    GenerationNeed,
    GroundingNeed,
    HighlightNeed,
    LikelihoodNeed,
    PlantedSoundNeed,
)
from auditkit.evidence.quantile_values import CROSSING, WIDTH
from auditkit.evidence.sample_needs import AnswerNeed, AttributionNeed, CostNeed, TrialNeed
from auditkit.evidence.subject import ViewKey


@dataclass(frozen=True, order=True)
class Column:
    """One integer code per unit: an axis of a count.

    Attributes:
        kind: `group`, `control` or `feature` (of the data), `block` or `fold` (a hash of the
            cluster or row id), or what is read off an output: `target`, `prediction`, `previous`,
            `correct`, `selected`, `qualified`, `score_cell`, `rank_cell`, `pit_cell`; see the
            constants below.
        name: of the attribute or feature; "" for the others.
    """

    kind: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind

    @property
    def of_data(self) -> bool:
        """Whether the code comes from the data, whatever the model says."""
        return self.kind in ("group", "control", "feature", "block", "fold")


TARGET = Column("target")
"""The true class."""

PREDICTION = Column("prediction")
"""The predicted class."""

CORRECT = Column("correct")
"""Whether the predicted class is the true one: wrong, right."""

SELECTED = Column("selected")
"""Whether the predicted class is the declared favourable one: no, yes."""

QUALIFIED = Column("qualified")
"""Whether the true class is the declared favourable one: no, yes."""

SCORE_CELL = Column("score_cell")
"""Cell of the probability of the positive or of the predicted class; see `auditkit.evidence.grids`.
"""

RANK_CELL = Column("rank_cell")
"""Cell of the score on a scale that keeps its order at both ends; see `auditkit.evidence.grids`."""

PIT_CELL = Column("pit_cell")
"""Which interval between predicted quantiles the target falls in; see
`auditkit.evidence.quantile_values`."""

PREVIOUS = Column("previous")
"""The class that the previous version of the model predicted; its codes are those of the target."""

BLOCK = Column("block")
"""One of 64 parts by a hash of the cluster id (the row id where no cluster is declared)."""

FOLD = Column("fold")
"""One of two halves by another hash of the same id: `searched`, `held out`."""


WEIGHT = "row weight"
"""The value that says how many units of the population a row stands for."""

MEMBERSHIP = "membership of "
UNWEIGHTED = "unweighted membership of "
WEIGHTED = "weighted "
LABELLED = "labelled "


def membership(attribute: str, level: str) -> str:
    """The probability of a proxy group's level, times the row's weight where one is declared."""
    return f"{MEMBERSHIP}{attribute}={level}"


def unweighted_membership(attribute: str, level: str) -> str:
    """The probability of a proxy group's level alone, of data that declare a weight."""
    return f"{UNWEIGHTED}{attribute}={level}"


def weighted(value: str) -> str:
    """A value times the row's weight."""
    return f"{WEIGHTED}{value}"


def labelled(value: str) -> str:
    """A value that is summed over the labelled rows alone, to be set beside their outcomes."""
    return f"{LABELLED}{value}"


def group(name: str) -> Column:
    """The axis of a declared group attribute."""
    return Column("group", name)


def control(name: str) -> Column:
    """The axis of a declared control attribute."""
    return Column("control", name)


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

    Raises:
        ValueError: an axis named twice, or one of an output without its view.
    """

    view: ViewKey | None
    axes: tuple[Column, ...]

    def __post_init__(self) -> None:
        _check_axes(self.view, self.axes)


@dataclass(frozen=True)
class SumNeed:
    """The number, sum and sum of squares of one value per unit, over axes.

    Attributes:
        view: the model output that the value is of.
        value: `log_loss`, `brier`, `absolute_error`, `squared_error`, `score` … or the name of a
            custom unit metric; of the data: `WEIGHT`, or a `membership`; a value `weighted`.
        axes: distinct columns.

    Raises:
        ValueError: an axis named twice.
    """

    view: ViewKey
    value: str
    axes: tuple[Column, ...] = ()

    def __post_init__(self) -> None:
        _check_axes(self.view, self.axes)


def _check_axes(view: ViewKey | None, axes: tuple[Column, ...]) -> None:
    if len(set(axes)) < len(axes):
        raise ValueError(f"an axis is named twice: {', '.join(map(str, axes))}")
    if view is None and not all(axis.of_data for axis in axes):
        raise ValueError(f"axes of an output need its view: {', '.join(map(str, axes))}")


@dataclass(frozen=True)
class RowNeed:
    """Some units row by row: what sums cannot carry. See `auditkit.evidence.row_log.RowLog`.

    Attributes:
        view: the output that columns and values are of; None if they are of the data alone.
        columns: codes to keep.
        values: values to keep, as in `SumNeed`.
        layer: name of the module whose output is kept as an embedding; "" for none.
        outputs: whether all that the view's head returned is kept.
        rows: about how many at most; which, says a keyed hash of the unit that is kept whole.
        whole: `row`, `cluster` or `query`: rows of one such unit are kept all or none.
        salt: secret bytes; where given, rows are drawn by a seed of their own, and rows and
            clusters get names that outlive the run: see `auditkit.evidence.identities`.

    Raises:
        ValueError: a column or value named twice, one of an output without its view, or a unit
            that cannot be kept whole.
    """

    view: ViewKey | None
    columns: tuple[Column, ...] = ()
    values: tuple[str, ...] = ()
    layer: str = ""
    outputs: bool = False
    rows: int = 20_000
    whole: str = "row"
    salt: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        _check_axes(self.view, self.columns)
        if len(set(self.values)) < len(self.values):
            raise ValueError(f"a value is named twice: {', '.join(self.values)}")
        if self.view is None and (self.values or self.outputs):
            named = ", ".join((*self.values, *(["its whole"] if self.outputs else [])))
            raise ValueError(f"values of an output need its view: {named}")
        if self.whole not in ("row", "cluster", "query"):
            raise ValueError(f"whole must be row, cluster or query, found {self.whole!r}")


@dataclass(frozen=True)
class SliceNeed:
    """Errors by every combination of up to `depth` axes of the data, in two halves.

    Attributes:
        view: the output that errs.
        axes: groups and features to combine; their levels are those of `Subject.slice_levels`.
        value: "" counts wrong decisions; else the name of a value whose mean is compared.
        depth: how many axes a combination has at most.

    Raises:
        ValueError: an axis that is no group and no feature, or is named twice; no axis at all, or
            a depth below one.
    """

    view: ViewKey
    axes: tuple[Column, ...]
    value: str = ""
    depth: int = 3

    def __post_init__(self) -> None:
        _check_axes(self.view, self.axes)
        if not self.axes or self.depth < 1:
            raise ValueError("slices need at least one axis, and a depth of at least one")
        if strange := [axis for axis in self.axes if axis.kind not in ("group", "feature")]:
            raise ValueError(f"slices are of groups and features, found {strange[0]}")


@dataclass(frozen=True)
class ClassBinsNeed:
    """The calibration of every class: see `auditkit.statistics.class_bins.ClassBins`.

    Attributes:
        view: the multiclass output whose probabilities are binned, class by class.
    """

    view: ViewKey


@dataclass(frozen=True)
class ReviewNeed:
    """The labelled units whose label the model contradicts most, by row id.

    Row ids may name people: asked for only where the user asks, see `Aims.review`.

    Attributes:
        view: the binary or multiclass output that contradicts.
        count: how many units are kept.

    Raises:
        ValueError: fewer than one.
    """

    view: ViewKey
    count: int = 50

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"a review is of at least one unit, found {self.count}")


Need = (
    AnswerNeed
    | CountNeed
    | SumNeed
    | AttributionNeed
    | RowNeed
    | SliceNeed
    | ClassBinsNeed
    | ReviewNeed
    | TrialNeed
    | FingerprintNeed
    | CostNeed
    | GenerationNeed
    | LikelihoodNeed
    | CompletionNeed
    | HighlightNeed
    | PlantedSoundNeed
    | GroundingNeed
)


@dataclass(frozen=True)
class SplitNeed:
    """A need on one split."""

    split: str
    need: Need


_OF_LABELS = (TARGET, CORRECT, QUALIFIED, PIT_CELL)


def rests_on_labels(need: Need) -> bool:
    """Whether a need can be filled from labelled rows only; any other is filled from all rows.

    Example:
        >>> rests_on_labels(CountNeed(ViewKey(""), (SELECTED, group("sex"))))
        False
        >>> rests_on_labels(SumNeed(ViewKey(""), "log_loss"))
        True
    """
    match need:
        case PlantedSoundNeed():
            return False
        case AttributionNeed() | AnswerNeed() | TrialNeed() | FingerprintNeed() | CostNeed():
            return False
        case GenerationNeed() | LikelihoodNeed() | CompletionNeed():
            return False
        case HighlightNeed() | GroundingNeed():
            return False
        case SliceNeed() | ClassBinsNeed() | ReviewNeed():
            return True  # errors, whatever their kind
        case CountNeed():
            return any(axis in _OF_LABELS for axis in need.axes)
        case SumNeed():
            return any(axis in _OF_LABELS for axis in need.axes) or _value_of_labels(need.value)
        case RowNeed():
            return any(column in _OF_LABELS for column in need.columns) or any(
                map(_value_of_labels, need.values)
            )


def _value_of_labels(value: str) -> bool:
    """Whether a value cannot be had without a label: also what a user's unit metrics return."""
    name = value.removeprefix(WEIGHTED)
    if name in ("score", CROSSING, WEIGHT):
        return False
    return not name.startswith((MEMBERSHIP, WIDTH))


def serves(
    collected: CountNeed | SumNeed, need: CountNeed | SumNeed, *, apart: bool = False
) -> bool:
    """Whether `need` is a marginal of what was collected for another need, or that need itself.

    Args:
        collected: was filled in a pass.
        need: is wanted.
        apart: whether some rows have no label, so that needs which rest on labels hold fewer rows.

    Example:
        >>> collected = CountNeed(ViewKey("risk"), (TARGET, group("sex")))
        >>> serves(collected, CountNeed(None, (group("sex"),)))
        True
        >>> serves(collected, CountNeed(ViewKey("income"), (TARGET,)))
        False
    """
    if type(collected) is not type(need):
        return False
    if apart and rests_on_labels(collected) != rests_on_labels(need):
        return False
    same_value = getattr(collected, "value", None) == getattr(need, "value", None)
    # A count of the data alone holds the same units whichever output it was collected with.
    of_data = isinstance(need, CountNeed) and all(axis.of_data for axis in need.axes)
    same_view = collected.view == need.view or of_data
    return same_value and same_view and set(need.axes) <= set(collected.axes)
