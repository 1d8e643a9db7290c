"""What is measured of leakage, and how each number is defined."""

from __future__ import annotations

from auditkit.checks.check import BETWEEN, EVALUATION
from auditkit.evidence.subject import View
from auditkit.measurement import Direction, MeasurementKey, Metric

_KAPOOR = "Kapoor and Narayanan 2023"
_NEAR = (
    "near: so much nearer than the neighbours of that row are to each other as hardly any two "
    "different training rows are"
)


def _share(name: str, title: str, definition: str, source: str) -> Metric:
    return Metric(
        id=f"leakage.{name}",
        title=title,
        definition=definition,
        unit="share",
        direction=Direction.LOWER,
        low=0,
        high=1,
        source=source,
    )


EXACT = _share(
    "exact_duplicates",
    "Copies of training rows",
    "Share of the evaluation rows that hold exactly what a training row holds (the model's inputs, "
    "labels and answers aside).",
    f"{_KAPOOR}, L1.4: duplicates in training and test data",
)
NEAR = _share(
    "near_duplicates",
    "Near copies of training rows",
    "Share of the evaluation rows that are no exact copy of a training row, and a near one: "
    f"{_NEAR}.",
    f"{_KAPOOR}, L1.4; threshold from the training rows themselves",
)
EXCESS = Metric(
    id="leakage.excess_duplicates",
    title="Copies beyond chance",
    definition="Share of the evaluation rows that have an exact copy among the training rows, "
    "minus the share of the training rows that have another: 0 where both splits were drawn alike, "
    "even if many rows are alike by chance.",
    unit="share",
    direction=Direction.LOWER,
    low=-1,
    high=1,
    source="difference of two shares, Newcombe 1998, on counts scaled to rows of one content",
)
REPEATED = _share(
    "repeated_rows",
    "Rows that a split holds several times",
    "Share of the rows of one split that hold exactly what an earlier row of it holds: of k rows "
    "that are alike, k − 1.",
    "Barz and Denzler 2020",
)
NEARLY_REPEATED = _share(
    "nearly_repeated_rows",
    "Rows that a split nearly holds several times",
    "Share of the rows of one split that are no exact copy of an earlier row of it, and a near "
    "one.",
    "Barz and Denzler 2020",
)
CONTRADICTING = _share(
    "contradicting_copies",
    "Copies with different labels",
    "Share of the labelled rows with a labelled exact copy whose copies do not all have their own "
    "label: no model that sees the inputs alone can be right about all of them.",
    "Northcutt, Athalye and Mueller 2021",
)
CLUSTERS = _share(
    "shared_clusters",
    "Rows whose cluster is also in the training data",
    "Share of the evaluation rows whose cluster (one patient, one speaker) has training rows too.",
    f"{_KAPOOR}, L3.2: dependence between training and test data",
)
FUTURE = _share(
    "future_training_rows",
    "Training rows from the future",
    "Mean, over the evaluation rows, of the share of training rows that are later than the row: 0 "
    "where training ends before evaluation begins, about one half where rows were split at random.",
    f"{_KAPOOR}, L3.1: temporal leakage",
)
BEGAN = _share(
    "rows_after_evaluation_began",
    "Training rows after the evaluation began",
    "Share of the training rows that are later than the earliest evaluation row.",
    f"{_KAPOOR}, L3.1",
)
ENDED = _share(
    "rows_before_training_ended",
    "Evaluation rows before the training ended",
    "Share of the evaluation rows that are earlier than the latest training row.",
    f"{_KAPOOR}, L3.1",
)
LONE = Metric(
    id="leakage.lone_feature",
    title="A feature alone",
    definition="AUC of one feature by itself: the share of each class at each of its levels "
    "(numbers in 16 bins) is learnt on one half of the evaluation rows, and ranks the other; of "
    "more than two classes the mean over the classes, each against the rest; of a number, whether "
    "it lies above its median.",
    unit="share",
    direction=Direction.LOWER,
    low=0,
    high=1,
    source=f"{_KAPOOR}, L2: features that are proxies of the outcome; intervals of DeLong 1988 and "
    "Newcombe 2006",
)

COPIES, SHARED = "copies", "shared clusters"
"""What rows are left out: those that have a copy in the training data, or their cluster there."""

SCORES = {"accuracy": ("Accuracy", "share"), "log_loss": ("Log loss", "nats"),
          "mae": ("Mean absolute error", "units of the target")}  # fmt: skip
_HIGHER = ("accuracy",)
_LEFT_OUT = (
    "left out are those that have a copy, exact or near, in the training data (copies), or whose "
    "cluster has training rows (shared clusters)"
)


def _of_score(name: str) -> tuple[Metric, Metric, Metric]:
    """A score of the clean rows, how much better all rows look, and how much better leaked ones."""
    title, unit = SCORES[name]
    higher = name in _HIGHER
    own = Direction.HIGHER if higher else Direction.LOWER
    order = "{} minus clean" if higher else "clean minus {}"
    low, high = (-1, 1) if name == "accuracy" else (None, None)
    clean = Metric(
        f"leakage.clean_{name}",
        f"{title} of clean rows",
        f"{title} of the evaluation rows that did not leak: {_LEFT_OUT}.",
        unit,
        own,
        low=0,
        high=1 if name == "accuracy" else None,
        source=_KAPOOR,
    )
    inflation = Metric(
        f"leakage.{name}_inflation",
        f"{title}: what leaked rows add",
        f"{title}, {order.format('all')} evaluation rows: how much better the model looks because "
        f"of leaked rows; {_LEFT_OUT}.",
        unit,
        Direction.ZERO,
        low=low,
        high=high,
        source=f"{_KAPOOR}; interval by the delete-one-block jackknife, Efron and Stein 1981",
    )
    gap = Metric(
        f"leakage.{name}_gap",
        f"{title}: leaked against clean rows",
        f"{title}, {order.format('leaked')} evaluation rows: how much better the model is on what "
        f"leaked; {_LEFT_OUT}.",
        unit,
        Direction.ZERO,
        low=low,
        high=high,
        source=f"{_KAPOOR}; difference of independent estimates, Zou and Donner 2008",
    )
    return clean, inflation, gap


METRICS = (
    EXACT,
    NEAR,
    EXCESS,
    REPEATED,
    NEARLY_REPEATED,
    CONTRADICTING,
    CLUSTERS,
    FUTURE,
    BEGAN,
    ENDED,
    LONE,
    *(metric for name in SCORES for metric in _of_score(name)),
)


def key_of(
    metric: Metric | str, split: str = BETWEEN, view: View | None = None, about: str = ""
) -> MeasurementKey:
    """The key of one number.

    Args:
        metric: its definition, or the name in its id.
        split: which rows; between both by default.
        view: the output that it is about; None of the data alone.
        about: what is beside the view's own label: a feature, or what was left out.
    """
    named = f"leakage.{metric}" if isinstance(metric, str) else metric.id
    label = " · ".join(part for part in ("" if view is None else view.key.label, about) if part)
    return MeasurementKey(
        named, split=split, head="" if view is None else view.key.head, label=label
    )


def of_evaluation(metric: Metric | str, view: View, about: str = "") -> MeasurementKey:
    """The key of a number of one output on the evaluation rows."""
    return key_of(metric, EVALUATION, view, about)


def named(view: View, key: MeasurementKey) -> str:
    """What is beside the view's own label in the label of a number; see `key_of`."""
    return key.label.removeprefix(f"{view.key.label} · ") if view.key.label else key.label
