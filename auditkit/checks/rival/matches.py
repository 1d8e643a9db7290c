"""The model beside one simple rival on the same evaluation units, or why there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditkit.checks.check import EVALUATION, TRAINING
from auditkit.checks.paired.numbers import Names
from auditkit.evidence.collected import Evidence
from auditkit.evidence.paired_rows import PairedRows
from auditkit.evidence.sample_needs import TrialNeed
from auditkit.evidence.subject import Subject, View
from auditkit.evidence.trial import Trial
from auditkit.evidence.tried import TriedRows, tried_rows
from auditkit.learners import LEARNERS
from auditkit.models.head import Task
from auditkit.models.medium import Medium

RIVALS = ("logistic", "boosting")

UNITS = 10_000
"""Of each split, at most; of a table."""
DEAR_UNITS = 2000
"""The same where a rival may stand on the model's embedding, for which the model is asked again."""

_STANDS_ON = {
    "embedding": " on the model's own embedding",
    "inputs": " on the inputs as numbers",
}

NO_PROBABILITIES = (
    "The outputs are not declared as probabilities or logits, so that no other model's can be put "
    "in their place; declare outputs for it."
)


def unmatched(view: View) -> str:
    """Why no rival can be taught what a view is of; "" if one can."""
    return "" if view.task is Task.REGRESSION or view.probabilistic else NO_PROBABILITIES


def views(subject: Subject) -> Sequence[View]:
    """The views that are compared, or of which it is told why they are not."""
    return [view for view in subject.main_views if view.task is not Task.CUSTOM]


def trial_of(subject: Subject, view: View, rival: str) -> TrialNeed:
    """What is asked of a rival."""
    table = subject.medium == Medium.TABLE.value
    return TrialNeed(view.key.head, rival, sample=UNITS if table else DEAR_UNITS)


def title_of(rival: str, view: View) -> str:
    """What a rival is called where it learns what this view is of."""
    if rival == "logistic" and view.task is Task.REGRESSION:
        return "ridge regression"
    return LEARNERS[rival].title


@dataclass(frozen=True, eq=False)
class Match:
    """The model and one rival.

    Attributes:
        view: the output that both are asked for.
        rival: what it is called, and what it stands on where that is no features.
        pair: the answers to the same labelled evaluation units; else the reason why there are none.
        trial: everything about the rival; None where there is none.
        lesson: a sentence on how much less it was taught than there is; "" if nothing less.
    """

    view: View
    rival: str
    pair: PairedRows | str
    trial: Trial | None = None
    lesson: str = ""

    @property
    def names(self) -> Names:
        """What the two are called."""
        return Names("the model", self.rival)

    @property
    def label(self) -> str:
        """What the numbers are labelled with."""
        return " · ".join(part for part in (self.view.key.label, self.rival) if part)


def matches(subject: Subject, evidence: Evidence, view: View) -> Iterator[Match]:
    """The model beside each rival."""
    for name in RIVALS:
        title = title_of(name, view)
        if reason := unmatched(view):
            yield Match(view, title, reason)
            continue
        need = trial_of(subject, view, name)
        found = tried_rows(evidence, subject, view, need, EVALUATION)
        if isinstance(found, str):
            yield Match(view, title, found)
        else:
            yield _match(found, title, evidence)


def _match(found: TriedRows, title: str, evidence: Evidence) -> Match:
    trial = found.trial
    rival = f"{title}{_STANDS_ON.get(trial.basis, '')}"
    taught, known = int(trial.taught.sum()), evidence[TRAINING].labelled
    lesson = "" if taught >= known else f"It was taught on {taught:,} of {known:,} training units."
    pair = PairedRows(found.model, found.learner)
    return Match(found.model.view, rival, pair, trial, lesson)
