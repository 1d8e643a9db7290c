"""The rates that are compared between groups, as tables: what each counts, and what it is called.

Each table belongs to one layout of counts: its rows take arrays whose first axis is the blocks and
whose last axes are those of the layout, and return successes and trials by block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from auditkit.measurement import Direction, Metric
from auditkit.statistics.group_rates import GROUP_RATES, successes_and_trials
from auditkit.statistics.tally import Part


@dataclass(frozen=True)
class RateKind:
    """One rate that is compared between groups.

    Attributes:
        title: what a reviewer reads.
        definition: one sentence.
        direction: where it is better.
        counted: from units by (block, axes of the layout …) to successes and trials.
        among: of which units it is a share, in words that follow "units"; "" for all.
        ratio: name of the metric that is its ratio; "" where only differences are taken.
        parity: what the field calls equality of this rate; "" if it has no name.
        of_labels: whether it rests on the true outcomes.
    """

    title: str
    definition: str
    direction: Direction
    counted: Callable[[np.ndarray], Part]
    among: str = ""
    ratio: str = ""
    parity: str = ""
    of_labels: bool = True


def _of_outcomes(rate: str) -> Callable[[np.ndarray], Part]:
    """What a rate counts of units by (block, selected, qualified, correct)."""
    return partial(successes_and_trials, GROUP_RATES[rate])


def _all(units: np.ndarray) -> np.ndarray:
    return np.asarray(units.reshape(len(units), -1).sum(axis=1))


_FAVOURED = " with the favourable prediction"
_QUALIFIED = " whose true outcome is favourable"
_UNQUALIFIED = " whose true outcome is not favourable"
_DECIDED = f"Share of units{_FAVOURED} among those"
_REFUSED = "Share of units without the favourable prediction among those"


def _decision(
    name: str, definition: str, direction: Direction, ratio: str = "", parity: str = ""
) -> RateKind:
    """A row of `DECISION_RATES`, what it counts being that of `GROUP_RATES`."""
    rate = GROUP_RATES[name]
    of_labels = name != "selection_rate"
    counted = _of_outcomes(name)
    return RateKind(
        rate.title, definition, direction, counted, rate.words, ratio, parity, of_labels
    )


DECISION_RATES: Mapping[str, RateKind] = {
    "selection_rate": _decision(
        "selection_rate",
        f"Share of units{_FAVOURED}.",
        Direction.NONE,
        "impact_ratio",
        "statistical parity",
    ),
    "true_positive_rate": _decision(
        "true_positive_rate",
        f"{_DECIDED}{_QUALIFIED}.",
        Direction.HIGHER,
        "true_positive_rate_ratio",
        "equal opportunity",
    ),
    "false_positive_rate": _decision(
        "false_positive_rate",
        f"{_DECIDED}{_UNQUALIFIED}.",
        Direction.LOWER,
        "false_positive_rate_ratio",
        "predictive equality",
    ),
    "true_negative_rate": _decision(
        "true_negative_rate",
        f"{_REFUSED}{_UNQUALIFIED}.",
        Direction.HIGHER,
        "true_negative_rate_ratio",
    ),
    "false_negative_rate": _decision(
        "false_negative_rate",
        f"{_REFUSED}{_QUALIFIED}.",
        Direction.LOWER,
        "false_negative_rate_ratio",
    ),
    "positive_predictive_value": _decision(
        "positive_predictive_value",
        f"Share of units{_QUALIFIED} among those{_FAVOURED}.",
        Direction.HIGHER,
        "positive_predictive_value_ratio",
        "predictive parity",
    ),
    "base_rate": _decision(
        "base_rate", f"Share of units{_QUALIFIED}, whatever the model says.", Direction.NONE
    ),
    "accuracy": _decision(
        "accuracy", "Share of units whose predicted class is the true one.", Direction.HIGHER
    ),
}
"""Of units by (selected, qualified, correct)."""

ACCURACY: Mapping[str, RateKind] = {
    "accuracy": replace(
        DECISION_RATES["accuracy"], counted=lambda units: (units[:, 1], _all(units))
    )
}
"""Of units by (correct,): where no outcome is favourable."""


def _changed(units: np.ndarray) -> np.ndarray:
    """Units off the diagonal; not by subtraction, which would leave a dust of weights."""
    return _all(units * (1 - np.eye(units.shape[-1], dtype=units.dtype)))


FLIP_RATES: Mapping[str, RateKind] = {
    "flip_rate": RateKind(
        "Flip rate",
        "Share of units whose predicted class differs from the previous version's.",
        Direction.NONE,
        lambda units: (_changed(units), _all(units)),
        ratio="flip_rate_ratio",
        of_labels=False,
    ),
}
"""Of units by (class predicted by the previous version, class predicted)."""

_OF_CLASS = " of the class"
_PREDICTED = " that are predicted to be of the class"

CLASS_RATES: Mapping[str, RateKind] = {
    "class_predicted_share": RateKind(
        "Predicted share of a class",
        f"Share of units{_PREDICTED}.",
        Direction.NONE,
        _of_outcomes("selection_rate"),
        ratio="class_predicted_share_ratio",
        of_labels=False,
    ),
    "class_recall": RateKind(
        "Recall of a class",
        f"Share of units{_PREDICTED} among those{_OF_CLASS}.",
        Direction.HIGHER,
        _of_outcomes("true_positive_rate"),
        _OF_CLASS,
        "class_recall_ratio",
    ),
    "class_false_positive_rate": RateKind(
        "False positive rate of a class",
        f"Share of units{_PREDICTED} among those of other classes.",
        Direction.LOWER,
        _of_outcomes("false_positive_rate"),
        " of other classes",
        "class_false_positive_rate_ratio",
    ),
    "class_precision": RateKind(
        "Precision of a class",
        f"Share of units{_OF_CLASS} among those{_PREDICTED}.",
        Direction.HIGHER,
        _of_outcomes("positive_predictive_value"),
        _PREDICTED,
        "class_precision_ratio",
    ),
}
"""Of units by (predicted to be of the class, of the class, correct)."""

SCORING_RATE: Mapping[str, RateKind] = {
    "scoring_rate": RateKind(
        "Scoring rate",
        "Share of units whose score for the favourable outcome (or predicted number) lies above "
        "the median of all units.",
        Direction.NONE,
        lambda units: (_all(units[:, 1]), _all(units)),
        ratio="scoring_rate_ratio",
        of_labels=False,
    ),
}
"""Of units by (at most the median, above it)."""

_SOURCES = {
    "impact_ratio": "29 CFR 1607.4(D); interval of Koopman 1984",
    "scoring_rate_ratio": "6 RCNY 5-300, impact ratio of scores; interval of Koopman 1984",
}


def metrics_of(kinds: Mapping[str, RateKind]) -> Iterator[Metric]:
    """The definitions of every rate of a table, of its difference and of its ratio."""
    for name, kind in kinds.items():
        yield Metric(
            id=f"bias.{name}",
            title=f"{kind.title} of a group",
            definition=kind.definition,
            unit="share",
            direction=kind.direction,
            low=0,
            high=1,
            source="interval of Wilson 1927",
        )
        yield _difference(name, kind)
        if kind.ratio:
            yield _ratio(kind)


def _difference(name: str, kind: RateKind) -> Metric:
    return Metric(
        id=f"bias.{name}_difference",
        title=f"Difference of {_plural(kind)}",
        definition=f"{kind.title} of the group minus that of its reference{_parity(kind, 'zero')}.",
        unit="share",
        direction=Direction.ZERO,
        low=-1,
        high=1,
        source="interval of Newcombe 1998",
        comparison=True,
    )


def _ratio(kind: RateKind) -> Metric:
    impact = kind.ratio == "impact_ratio"
    return Metric(
        id=f"bias.{kind.ratio}",
        title="Impact ratio" if impact else f"Ratio of {_plural(kind)}",
        definition=f"{kind.title} of the group over that of its reference{_parity(kind, 'one')}.",
        unit="ratio",
        direction=Direction.ONE,
        low=0,
        source=_SOURCES.get(kind.ratio, "Hardt, Price and Srebro 2016; interval of Koopman 1984"),
        comparison=True,
    )


def _parity(kind: RateKind, best: str) -> str:
    return f"; {kind.parity} if it is {best}" if kind.parity else ""


def _plural(kind: RateKind) -> str:
    """The title in the plural: what stands before "of a class", if that is in it."""
    noun, of, rest = kind.title.lower().partition(" of ")
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{many}{of}{rest}"
