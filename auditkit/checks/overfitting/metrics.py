"""What the check of overfitting measures: the definitions."""

from __future__ import annotations

from auditkit.checks.scores import SCORES, UNIT_METRIC
from auditkit.measurement import Direction, Metric

_SOURCE = (
    "difference of independent estimates by MOVER, Zou and Donner 2008; of clusters by the "
    "delete-one-block jackknife"
)


def gap_id(metric: Metric) -> str:
    """The id of the gap of a performance metric.

    >>> gap_id(UNIT_METRIC)
    'overfitting.unit_metric_gap'
    """
    return f"overfitting.{metric.id.partition('.')[2]}_gap"


# A gap compares splits and no groups: a policy that asks for it by group names no reference.
def _gap_metric(metric: Metric) -> Metric:
    lower = metric.direction is Direction.LOWER
    order = "evaluation minus training data" if lower else "training minus evaluation data"
    sign = "" if metric.direction is Direction.NONE else ": how much better on what it has seen"
    return Metric(
        id=gap_id(metric),
        title=f"{metric.title}: gap",
        definition=f"{metric.title} on {order}{sign}.",
        unit=metric.unit,
        direction=Direction.ZERO,
        source=_SOURCE,
    )


RECALL_GAP = Metric(
    id="overfitting.recall_gap",
    title="Recall of a class: gap",
    definition="Share of the units of a class that are recognised, on training minus evaluation "
    "data: how much better it is recognised among what the model has seen.",
    unit="share",
    direction=Direction.ZERO,
    source=_SOURCE,
)
MEMORISED_SHARE = Metric(
    id="overfitting.memorised_share",
    title="Share of random labels learnt by heart",
    definition="What the same training reaches on its own training units when their labels were "
    "permuted: of classes (accuracy − c) / (1 − c), where c is the share of the most common class; "
    "of numbers R². 0: nothing was learnt by heart; 1: everything.",
    unit="share",
    direction=Direction.NONE,
    high=1,
    source="Zhang et al. 2017, Understanding deep learning requires rethinking generalization",
    gateable=False,
)
GAP_OF_CAPACITY = Metric(
    id="overfitting.gap_of_capacity",
    title="Gap as share of what can be learnt by heart",
    definition="Gap of the model's accuracy (of numbers, of R²) between training and evaluation "
    "data, over what the same training gains on permuted labels above chance.",
    unit="ratio",
    direction=Direction.ZERO,
    source="after Zhang et al. 2017; interval by the delete-one-block jackknife",
    gateable=False,
)
BEST_EPOCH = Metric(
    id="overfitting.best_epoch",
    title="Epoch of the best validation loss",
    definition="When the validation loss in the training log was lowest, in epochs, or in steps "
    "where the log knows none.",
    unit="epochs",
    direction=Direction.NONE,
    gateable=False,
)
LOSS_AFTER_BEST = Metric(
    id="overfitting.loss_after_best",
    title="Validation loss after its best",
    definition="How far the last validation loss in the training log lies above the lowest one.",
    unit="as the loss",
    direction=Direction.LOWER,
    low=0,
    gateable=False,
)

GAPS = (*(_gap_metric(score.metric) for score in SCORES), _gap_metric(UNIT_METRIC))
METRICS = (*GAPS, RECALL_GAP, MEMORISED_SHARE, GAP_OF_CAPACITY, BEST_EPOCH, LOSS_AFTER_BEST)
