"""What does the model cost? Operations, memory, time, and, where it is known, energy and money."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.cost.counts import counted, undeclared
from auditkit.checks.cost.energy import metered
from auditkit.checks.cost.figures import figures
from auditkit.checks.cost.metrics import METRICS
from auditkit.checks.cost.times import timed
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.sample_needs import CostNeed
from auditkit.evidence.subject import Subject

_ELSEWHERE = "Costs are taken in the process that judges, and this is another."


def _unmet(subject: Subject) -> str:
    return "" if subject.present else subject.reasons["present"]


def _need(subject: Subject) -> CostNeed:
    wishes = subject.cost
    return CostNeed(wishes.batch_sizes, wishes.seconds, wishes.energy_seconds)


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    yield SplitNeed(EVALUATION, _need(subject))


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    split = evidence[EVALUATION]
    costs = split.costs.get(_need(subject))
    if costs is None:
        return Findings(tuple(undeclared(one.id.partition(".")[2], _ELSEWHERE) for one in METRICS))
    every = (
        *counted(subject, costs),
        *timed(costs, subject.cost),
        *metered(costs.energy, subject.cost),
    )
    # An audit of the first rows cannot pass, and this part of it is no exception.
    found = tuple(replace(one, sampled=split.sampled) for one in every)
    return Findings(found, figures(found, costs, subject.cost.currency))


CHECK = Check(
    name="cost",
    question="What does a prediction cost?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Timed is the model on inputs that were prepared beforehand: reading, preprocessing, and "
        "sending inputs and answers over a network come on top.",
        "Calls were made one after another in one process; under concurrent load latency is "
        "higher, and on another machine everything timed differs.",
        "What training cost, and what the machine costs when nobody asks, is not in it.",
    ),
)
