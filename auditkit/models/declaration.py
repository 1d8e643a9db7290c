"""From the arguments of `wrap`, or the sections of `audit.yaml`, to declared heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auditkit.errors import ConfigurationError
from auditkit.models.head import Decision, Head, Task

_FIELDS = ("task", "outputs", "classes", "decision", "unit_metrics", "quantiles")


def make_heads(
    task: Task | str | None,
    heads: Mapping[str, Head | Mapping[str, Any]] | Sequence[Head] | None,
    options: Mapping[str, Any],
) -> tuple[Head, ...]:
    """The heads of one `wrap` call.

    Args:
        task: of the only head, if `heads` is None.
        heads: several named heads: a sequence of `Head`, or a mapping of names to `Head` or to its
            arguments.
        options: the other arguments of the only head: decision, outputs, classes, unit_metrics,
            quantiles.

    Raises:
        ConfigurationError: neither or both of `task` and `heads`, options beside `heads`, a name
            that is missing or comes twice, an unknown argument.
    """
    given = {key: value for key, value in options.items() if value is not None}
    if (task is None) == (heads is None):
        raise ConfigurationError(
            f"wrap was given {'neither' if task is None else 'both'} task and heads; expected one.",
            mend="Give task for a model with one output, heads for one with several.",
        )
    if heads is None:
        return (_make_head("", {"task": task, **given}),)
    if given:
        raise ConfigurationError(
            f"wrap was given heads and beside them {', '.join(sorted(given))}.",
            mend="Give these for each head.",
        )
    named = heads.items() if isinstance(heads, Mapping) else [(head.name, head) for head in heads]
    made = tuple(_make_head(name, declared) for name, declared in named)
    names = [head.name for head in made]
    if not made or len(set(names)) < len(names) or (len(names) > 1 and "" in names):
        raise ConfigurationError(
            f"The heads are named {names}; expected at least one, each with a name of its own.",
            mend="Name each head after the key or field that the model returns it under.",
        )
    return made


def _make_head(name: str, declared: Head | Mapping[str, Any]) -> Head:
    if isinstance(declared, Head):
        if declared.name == name:
            return declared
        return Head(name, *(getattr(declared, field) for field in _FIELDS))
    unknown = sorted(set(declared) - set(_FIELDS))
    if unknown or "task" not in declared:
        raise ConfigurationError(
            f"The head {name!r} has "
            + (f"the unknown argument {unknown[0]!r}" if unknown else "no task")
            + f"; expected some of {', '.join(_FIELDS)}.",
            mend="Correct the declaration.",
        )
    values = dict(declared)
    decision = _of_task(values.pop("decision", None), declared["task"])
    return Head(name, decision=make_decision(decision), **values)


def _of_task(decision: Any, task: Any) -> Any:
    """A decision of several classes is by argmax, unless it says otherwise (and is refused)."""
    if task != "multiclass" or not isinstance(decision, Mapping) or "threshold" in decision:
        return decision
    return {"rule": "argmax", **decision}


def make_decision(given: Decision | Mapping[str, Any] | None) -> Decision | None:
    """A decision from itself or from its arguments, for example those in `audit.yaml`.

    Raises:
        ConfigurationError: an unknown argument, or another type.

    >>> make_decision({"threshold": 0.3, "favourable": "yes"})
    Decision(rule='threshold', threshold=0.3, favourable='yes')
    """
    if given is None or isinstance(given, Decision):
        return given
    fields = ("rule", "threshold", "favourable")
    if not isinstance(given, Mapping) or set(given) - set(fields):
        raise ConfigurationError(
            f"decision is {given!r}; expected a Decision or some of {', '.join(fields)}.",
            mend="Write decision={'rule': 'threshold', 'threshold': 0.5, 'favourable': …}.",
        )
    return Decision(**given)
