"""Performance metrics as a table: what each needs, and how it is estimated.

A row serves every split, so that performance reads it once and overfitting twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from auditkit.checks import class_scores, mean_scores
from auditkit.checks.reading import Reading
from auditkit.evidence.needs import CountNeed, SumNeed
from auditkit.evidence.subject import MAX_ONE_VS_REST, View
from auditkit.measurement import Direction, Estimate, Metric
from auditkit.models.head import Task


@dataclass(frozen=True)
class Score:
    """One performance metric.

    Attributes:
        metric: its definition.
        unmet: why a view does not have it; "" if it does, None if the question does not arise.
        needs: what it is computed from.
        estimate: from a view and what was collected of a split.
        by_class: whether it is made of numbers of each class.
    """

    metric: Metric
    unmet: Callable[[View], str | None]
    needs: Callable[[View], tuple[CountNeed | SumNeed, ...]]
    estimate: Callable[[View, Reading], Estimate]
    by_class: bool = False

    @property
    def name(self) -> str:
        """The part of the metric's id after the family."""
        return self.metric.id.partition(".")[2]


NO_DECISION = (
    "No decision is declared, so no class is predicted; declare decision: {threshold: …} for it."
)
NO_PROBABILITIES = (
    "The outputs are not declared as probabilities or logits; declare outputs for it."
)


def _classifies(view: View) -> str | None:
    if not view.classifies:
        return None
    return "" if view.decides else NO_DECISION


def _gives_probabilities(view: View) -> str | None:
    if not view.classifies:
        return None
    return "" if view.probabilistic else NO_PROBABILITIES


def _ranks(view: View) -> str | None:
    if view.task is Task.MULTICLASS and len(view.classes) > MAX_ONE_VS_REST:
        return (
            f"The AUC of each class against the rest is measured up to {MAX_ONE_VS_REST} classes; "
            f"there are {len(view.classes)}."
        )
    return "" if view.task is Task.BINARY else None


def _is_number(view: View) -> str | None:
    return "" if view.task is Task.REGRESSION else None


UNITS = Metric(
    id="performance.units",
    title="Units",
    definition="Number of independent units judged: clusters where declared, else rows.",
    unit="units",
    direction=Direction.NONE,
    low=0,
)
UNIT_METRIC = Metric(
    id="performance.unit_metric",
    title="Mean of a unit metric",
    definition="Mean over units of a number that the user's unit_metrics returns.",
    unit="as the user defines it",
    direction=Direction.NONE,
)

SCORES = (
    Score(
        Metric(
            id="performance.accuracy",
            title="Accuracy",
            definition="Share of units whose predicted class is the true one.",
            unit="share",
            direction=Direction.HIGHER,
            low=0,
            high=1,
            source="interval of Wilson 1927",
        ),
        _classifies,
        class_scores.accuracy_needs,
        class_scores.accuracy,
    ),
    Score(
        Metric(
            id="performance.balanced_accuracy",
            title="Balanced accuracy",
            definition="Mean over the classes of the share of their units that are recognised.",
            unit="share",
            direction=Direction.HIGHER,
            low=0,
            high=1,
            source="Brodersen et al. 2010; interval by MOVER, Zou and Donner 2008",
        ),
        _classifies,
        class_scores.class_needs,
        class_scores.balanced_accuracy,
        by_class=True,
    ),
    Score(
        Metric(
            id="performance.auc",
            title="AUC",
            definition="Probability that a random positive unit scores higher than a random "
            "negative one, ties counted half; for several classes, one class against the rest.",
            unit="share",
            direction=Direction.HIGHER,
            low=0,
            high=1,
            source="Hanley and McNeil 1982; interval of DeLong et al. 1988",
        ),
        _ranks,
        class_scores.auc_needs,
        class_scores.auc,
        by_class=True,
    ),
    Score(
        Metric(
            id="performance.f1",
            title="F1",
            definition="Harmonic mean of precision and recall of the positive class; for several "
            "classes, its unweighted mean over them.",
            unit="share",
            direction=Direction.HIGHER,
            low=0,
            high=1,
            source="van Rijsbergen 1979; interval through the Jaccard index",
        ),
        _classifies,
        class_scores.class_needs,
        class_scores.f1,
        by_class=True,
    ),
    Score(
        Metric(
            id="performance.log_loss",
            title="Log loss",
            definition="Mean of −ln of the probability given to the true class (not under 1e-12).",
            unit="nats",
            direction=Direction.LOWER,
            low=0,
            source="Good 1952",
        ),
        _gives_probabilities,
        mean_scores.mean_needs("log_loss"),
        mean_scores.mean_of("log_loss"),
    ),
    Score(
        Metric(
            id="performance.brier",
            title="Brier score",
            definition="Mean squared distance of the probabilities from the truth: of the positive "
            "class for two classes, summed over the classes for more.",
            unit="squared share",
            direction=Direction.LOWER,
            low=0,
            high=2,
            source="Brier 1950",
        ),
        _gives_probabilities,
        mean_scores.mean_needs("brier"),
        mean_scores.mean_of("brier"),
    ),
    Score(
        Metric(
            id="performance.mae",
            title="Mean absolute error",
            definition="Mean distance of the predicted from the true number.",
            unit="units of the target",
            direction=Direction.LOWER,
            low=0,
        ),
        _is_number,
        mean_scores.mean_needs("absolute_error"),
        mean_scores.mean_of("absolute_error"),
    ),
    Score(
        Metric(
            id="performance.rmse",
            title="Root mean squared error",
            definition="Square root of the mean squared distance of the predicted from the true "
            "number.",
            unit="units of the target",
            direction=Direction.LOWER,
            low=0,
        ),
        _is_number,
        mean_scores.mean_needs("squared_error"),
        mean_scores.rmse,
    ),
    Score(
        Metric(
            id="performance.r2",
            title="R²",
            definition="1 − the mean squared error over the variance of the target.",
            unit="share",
            direction=Direction.HIGHER,
            high=1,
            source="interval by the delete-one-block jackknife, Efron and Stein 1981",
        ),
        _is_number,
        mean_scores.r2_needs,
        mean_scores.r2,
    ),
)


def scores_of(view: View) -> Iterator[tuple[Score, str]]:
    """The scores that a view may have, with the label under which each is measured."""
    yield from ((score, view.key.label) for score in SCORES if score.unmet(view) is not None)
    yield from ((_unit_metric(name), name) for name in view.values)


def _unit_metric(name: str) -> Score:
    """The mean of one unit metric of a custom head."""
    return Score(
        UNIT_METRIC,
        lambda view: "",  # noqa: ARG005 - every custom view has its own metrics
        mean_scores.mean_needs(name),
        mean_scores.mean_of(name),
    )
