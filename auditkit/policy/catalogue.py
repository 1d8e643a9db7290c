"""Does a policy speak of metrics that exist, and of values that they can take?"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping

from auditkit.errors import PolicyError
from auditkit.measurement import Metric
from auditkit.policy.schema import Policy, Requirement

CLOSE = 0.7
RIVAL = 0.05


def check_metrics(
    policy: Policy,
    metrics: Mapping[str, Metric],
    locate: Callable[[int], str] | None = None,
) -> None:
    """Refuse a policy that the metrics cannot answer.

    Args:
        policy: the policy.
        metrics: id of each metric that exists → its definition. For a stored record, these are the
            installed ones together with the definitions that the record holds.
        locate: position of a requirement → where it stands, for errors.

    Raises:
        PolicyError: a metric is unknown (close matches are named), has no honest gate but is given
            a bound, lacks or has a `reference` against its nature, or cannot take the value asked.
    """
    for position, requirement in enumerate(policy.requirements):
        where = locate(position) if locate else f"Policy {policy.id}"
        subject = f"{where}: requirement {requirement.id}"
        for name in (requirement.metric, requirement.proxy_metric):
            if name is None:
                continue
            metric = metrics.get(name)
            if metric is None:
                raise PolicyError(
                    f"{subject} names the metric {name}, which does not exist.",
                    mend=did_you_mean(name, metrics)
                    or "`auditkit metrics` lists the metrics that exist.",
                )
            for refuse in _REFUSALS:
                refuse(subject, requirement, metric)


def with_least_units(policy: Policy, metrics: Mapping[str, Metric]) -> Policy:
    """The policy with the least units that its metrics need, where its bounds ask for fewer.

    Args:
        policy: the policy.
        metrics: as of `check_metrics`; of one that is not there nothing is known.
    """
    raised = tuple(_with_least(one, metrics) for one in policy.requirements)
    return policy.model_copy(update={"requirements": raised})


def _with_least(requirement: Requirement, metrics: Mapping[str, Metric]) -> Requirement:
    metric = metrics.get(str(requirement.metric))
    least = 0 if metric is None or requirement.kind != "bound" else metric.least_to_pass
    if least <= (requirement.min_units or 0):
        return requirement
    return requirement.model_copy(update={"min_units": least})


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question that names what was probably meant; "" if nothing is close.

    The last parts of dotted names are compared too, so that a metric of another family is found.

    >>> did_you_mean("bias.impct_ratio", ["bias.impact_ratio", "performance.auc"])
    'Did you mean bias.impact_ratio?'
    >>> did_you_mean("fairness.impact_ratio", ["bias.impact_ratio", "performance.auc"])
    'Did you mean bias.impact_ratio?'
    """
    tail = _tail(word)
    scores = {name: max(_alike(word, name), _alike(tail, _tail(name))) for name in known}
    best = max(scores.values(), default=0.0)
    if best < CLOSE:
        return ""
    # Names that share a long prefix are all alike: only those that rival the best are named.
    close = [name for name, score in scores.items() if score > best - RIVAL]
    return f"Did you mean {' or '.join(close[:3])}?"


def _tail(name: str) -> str:
    return name.rpartition(".")[2]


def _alike(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def _refuse_ungateable(subject: str, requirement: Requirement, metric: Metric) -> None:
    if requirement.kind == "bound" and not metric.gateable:
        raise PolicyError(
            f"{subject} puts a bound on {metric.id}, whose estimator has no honest gate: it is "
            "shown, never judged.",
            mend="Ask for it with kind: reported, or bound a metric that has one (for calibration, "
            "calibration.squared_error and calibration.confidence_gap).",
        )


def _refuse_wrong_reference(subject: str, requirement: Requirement, metric: Metric) -> None:
    if metric.comparison and requirement.reference is None:
        # Comparisons of splits (overfitting, drift) have no reference slice: nothing to name.
        if requirement.slices == "all":
            return
        raise PolicyError(
            f"{subject}: {metric.id} compares groups, and no reference is named.",
            mend="Add reference: declared, rest, highest or {attribute: value}.",
        )
    if not metric.comparison and requirement.reference is not None:
        raise PolicyError(
            f"{subject} names a reference, and {metric.id} compares nothing.",
            mend="Remove reference, or name a metric that compares groups.",
        )


def _refuse_impossible_bound(subject: str, requirement: Requirement, metric: Metric) -> None:
    low = -math.inf if metric.low is None else metric.low
    high = math.inf if metric.high is None else metric.high
    for end in requirement.region or ():
        if math.isfinite(end) and not low <= end <= high:
            raise PolicyError(
                f"{subject} asks for {end:g}, and {metric.id} lies between {low:g} and {high:g} "
                f"({metric.unit}).",
                mend="Write the bound in the metric's own unit: a share of 80 % is 0.8.",
            )


_REFUSALS = (_refuse_ungateable, _refuse_wrong_reference, _refuse_impossible_bound)
