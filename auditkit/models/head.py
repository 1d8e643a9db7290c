"""What a model's output is, as its user declares it: task, classes, meaning and decision.

Nothing here is guessed from the outputs. What is not declared is absent, and a check that needs it
says so; what is declared is checked against every batch (`auditkit.models.outputs`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from auditkit.errors import ConfigurationError
from auditkit.models.quantile_levels import checked_levels, nearest_to_median


class Task(StrEnum):
    """What the model predicts for one unit."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    MULTILABEL = "multilabel"
    REGRESSION = "regression"
    CUSTOM = "custom"


class Outputs(StrEnum):
    """What the numbers that the model returns are."""

    LOGITS = "logits"
    PROBABILITIES = "probabilities"
    VALUES = "values"


_CLASSIFIES = (Task.BINARY, Task.MULTICLASS, Task.MULTILABEL)
_RULES = {
    Task.BINARY: ("threshold", "argmax"),
    Task.MULTICLASS: ("argmax",),
    Task.MULTILABEL: ("threshold",),
}


@dataclass(frozen=True)
class Decision:
    """How an output becomes a decision.

    Attributes:
        rule: `threshold`: positive where the score is at least `threshold`; `argmax`: the class
            with the highest score.
        threshold: on the probability scale where the outputs are logits or probabilities, on the
            scale of the outputs where they are values; of no meaning with `argmax`.
        favourable: the class that is good for the person concerned; None if no class is.

    >>> Decision(threshold=1.5, favourable="yes").threshold
    1.5
    """

    rule: str = "threshold"
    threshold: float = 0.5
    favourable: str | None = None

    def __post_init__(self) -> None:
        if self.rule not in ("threshold", "argmax"):
            raise ConfigurationError(
                f"The decision's rule is {self.rule!r}; expected 'threshold' or 'argmax'.",
                mend="Give one of the two.",
            )
        number = isinstance(self.threshold, int | float) and not isinstance(self.threshold, bool)
        if not number or not math.isfinite(self.threshold):
            raise ConfigurationError(
                f"The decision's threshold is {self.threshold!r}; expected a finite number.",
                mend="Give the score from which on a unit counts as positive.",
            )
        if self.rule == "argmax" and self.threshold != 0.5:
            raise ConfigurationError(
                f"The decision has the rule 'argmax' and a threshold ({self.threshold}); argmax "
                "knows none.",
                mend="Remove the threshold, or give rule 'threshold'.",
            )


@dataclass(frozen=True)
class Head:
    """One output of a model, as declared.

    Attributes:
        name: "" for the only output, else the key or field that the model returns it under.
        task: what it predicts.
        outputs: what its numbers are; None if undeclared, then nothing that needs a probability
            can be measured.
        classes: labels in the order of the output's columns. For `binary` they are (negative,
            positive), `("0", "1")` if not given; for `regression` the names of several numbers.
        decision: how an output becomes a decision; None if undeclared.
        unit_metrics: for `custom`: `unit_metrics(output, target)` returns one number per unit, a
            tensor of shape [n] or a mapping of names to such tensors.
        quantiles: for `regression`: the levels of the predicted quantiles of one number, ascending,
            one for each column of the output; () where the output is the number itself. Predicted
            quantiles that cross are no error of the declaration: they are measured.

    Raises:
        ConfigurationError: the declaration contradicts itself.

    >>> Head("", Task.BINARY, Outputs.LOGITS).positive
    '1'
    >>> Head("", Task.REGRESSION, quantiles=(0.05, 0.5, 0.95)).central
    1
    """

    name: str
    task: Task
    outputs: Outputs | None = None
    classes: tuple[str, ...] = ()
    decision: Decision | None = None
    unit_metrics: Callable[[Any, Any], Any] | None = None
    quantiles: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        set_ = object.__setattr__  # the way in which a frozen dataclass normalises its fields
        set_(self, "task", _member(Task, self.task, "task"))
        if self.outputs is not None:
            set_(self, "outputs", _member(Outputs, self.outputs, "outputs"))
        set_(self, "classes", _class_names(self.classes, self.task, self._called))
        set_(self, "quantiles", checked_levels(self.quantiles, self._called))
        if self.task is Task.REGRESSION and self.outputs is None:
            set_(self, "outputs", Outputs.VALUES)
        for rule in (
            _check_classes,
            _check_outputs,
            _check_unit_metrics,
            _check_decision,
            _check_quantiles,
        ):
            rule(self)

    @property
    def _called(self) -> str:
        return f"The head {self.name!r}" if self.name else "The model"

    @property
    def positive(self) -> str:
        """The positive class of a binary head: the second one.

        It is what scores are of; the *favourable* class may be either.
        """
        if self.task is not Task.BINARY:
            raise ValueError(f"a {self.task} head has no positive class")
        return self.classes[1]

    @property
    def probabilistic(self) -> bool:
        """Whether probabilities can be had from the outputs."""
        return self.outputs in (Outputs.LOGITS, Outputs.PROBABILITIES)

    @property
    def central(self) -> int:
        """The column of the quantile whose level is nearest .5; it stands for the number."""
        if not self.quantiles:
            raise ValueError(f"{self._called} has no quantiles")
        return nearest_to_median(self.quantiles)

    @property
    def numbers(self) -> int:
        """How many numbers the output has for one unit: one for each class or quantile."""
        return max(len(self.classes), len(self.quantiles), 1)

    def describe(self) -> dict[str, Any]:
        """The declaration as JSON-able data."""
        decision = self.decision
        return {
            "name": self.name,
            "task": self.task.value,
            "outputs": None if self.outputs is None else self.outputs.value,
            "classes": list(self.classes),
            "decision": None
            if decision is None
            else {
                "rule": decision.rule,
                "threshold": decision.threshold if decision.rule == "threshold" else None,
                "favourable": decision.favourable,
            },
            "unit_metrics": None
            if self.unit_metrics is None
            else getattr(self.unit_metrics, "__qualname__", type(self.unit_metrics).__name__),
            "quantiles": list(self.quantiles),
        }


def _member(kind: type[Task] | type[Outputs], given: object, what: str) -> Task | Outputs:
    try:
        return kind(str(given))
    except ValueError as error:
        known = ", ".join(member.value for member in kind)
        raise ConfigurationError(
            f"{what} is {given!r}; expected one of {known}.", mend="Give one of these."
        ) from error


def _class_names(given: object, task: Task, called: str) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise ConfigurationError(
            f"{called} has classes={given!r}; expected a list of labels.",
            mend="Give the labels in the order of the output's columns.",
        )
    names = tuple(str(label) for label in given)
    return names or (("0", "1") if task is Task.BINARY else ())


def _check_classes(head: Head) -> None:
    found, called = head.classes, head._called
    repeated = sorted({label for label in found if found.count(label) > 1})
    if repeated:
        raise ConfigurationError(
            f"{called} has the class {repeated[0]!r} more than once.", mend="Name each class once."
        )
    if head.task is Task.BINARY and len(found) != 2:
        raise ConfigurationError(
            f"{called} is binary and has {len(found)} classes ({_listed(found)}); expected two.",
            mend="Give (negative, positive), or the task 'multiclass'.",
        )
    least = {Task.MULTICLASS: 2, Task.MULTILABEL: 1}.get(head.task, 0)
    if len(found) < least:
        raise ConfigurationError(
            f"{called} is {head.task} and has {len(found)} classes; expected at least {least}.",
            mend="Give classes=[…] in the order of the output's columns.",
        )
    if head.task is Task.CUSTOM and found:
        raise ConfigurationError(
            f"{called} is custom and has classes ({_listed(found)}), which nothing would read.",
            mend="Remove them; unit_metrics says how an output is judged.",
        )


def _check_outputs(head: Head) -> None:
    if head.task is Task.REGRESSION and head.outputs is not Outputs.VALUES:
        raise ConfigurationError(
            f"{head._called} is a regression with outputs {head.outputs!s}; expected 'values'.",
            mend="Remove outputs, or give the task that the outputs belong to.",
        )


def _check_unit_metrics(head: Head) -> None:
    if head.task is Task.CUSTOM and not callable(head.unit_metrics):
        raise ConfigurationError(
            f"{head._called} is custom and has no unit_metrics.",
            mend="Give unit_metrics(output, target), which returns one number per unit.",
        )
    if head.task is not Task.CUSTOM and head.unit_metrics is not None:
        raise ConfigurationError(
            f"{head._called} is {head.task} and has unit_metrics, which only 'custom' uses.",
            mend="Remove unit_metrics, or give the task 'custom'.",
        )


def _check_quantiles(head: Head) -> None:
    if not head.quantiles:
        return
    if head.task is not Task.REGRESSION:
        raise ConfigurationError(
            f"{head._called} is {head.task} and has quantiles, which only 'regression' predicts.",
            mend="Remove quantiles, or give the task 'regression'.",
        )
    if head.classes:
        raise ConfigurationError(
            f"{head._called} has quantiles and the numbers {_listed(head.classes)}; quantiles are "
            "of one number.",
            mend="Give each number a head of its own, or remove classes.",
        )


def _check_decision(head: Head) -> None:
    decision, called = head.decision, head._called
    if decision is None:
        return
    if head.task not in _CLASSIFIES:
        raise ConfigurationError(
            f"{called} is {head.task} and has a decision; only a classification decides.",
            mend="Remove the decision, or give the task of the decision.",
        )
    if decision.rule not in _RULES[head.task]:
        raise ConfigurationError(
            f"{called} is {head.task} and decides by {decision.rule!r}; expected "
            f"{' or '.join(map(repr, _RULES[head.task]))}.",
            mend="Change the rule.",
        )
    if decision.favourable is not None and decision.favourable not in head.classes:
        raise ConfigurationError(
            f"{called} has the favourable outcome {decision.favourable!r}, which is none of its "
            f"classes ({_listed(head.classes)}).",
            mend="Name one of the classes.",
        )
    _check_scale(head, decision)


def _check_scale(head: Head, decision: Decision) -> None:
    """A threshold means nothing on an unknown scale, nor does the argmax of a single column."""
    if head.task is Task.MULTICLASS:
        return
    if head.outputs is None or (decision.rule == "argmax" and not head.probabilistic):
        scales = "logits, probabilities" + (", values" if decision.rule == "threshold" else "")
        raise ConfigurationError(
            f"{head._called} decides by {decision.rule!r}, and its outputs are "
            f"{'undeclared' if head.outputs is None else head.outputs.value}; expected one of "
            f"{scales}.",
            mend="Declare what the outputs are.",
        )
    if head.probabilistic and not 0 <= decision.threshold <= 1:
        raise ConfigurationError(
            f"{head._called} has outputs '{head.outputs}' and the threshold {decision.threshold}; "
            "expected a probability between 0 and 1.",
            mend="Give the threshold as a probability, or declare the outputs as 'values'.",
        )


def _listed(names: Sequence[str], shown: int = 6) -> str:
    more = f", … {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(map(repr, names[:shown])) + more
