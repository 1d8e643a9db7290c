"""A ladder of training sizes, each half the one above, and what each step errs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auditkit.checks.check import TRAINING
from auditkit.checks.data_sufficiency.losses import Loss, losses_of
from auditkit.checks.estimation import MIN_KEPT, telling, too_few, undefined
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.evidence.sample_needs import TRAIN, TrialNeed
from auditkit.evidence.subject import Subject, View
from auditkit.evidence.trial import FAILED
from auditkit.evidence.tried import TriedRows, trial_needs, tried_rows
from auditkit.statistics.crossed import CrossedMean, crossed_mean

FEWEST_TAUGHT = 10
TOO_SMALL = (
    f"So few labelled training units leave fewer than {FEWEST_TAUGHT} for a step of the ladder, "
    "which would say more of luck than of data."
)


@dataclass(frozen=True)
class Ladder:
    """Which learner is taught on which sizes.

    Attributes:
        name: the beginning of its metrics' ids.
        learner: as of a `TrialNeed`.
        units: of so many training units at most the largest step is.
        sample: of so many units of each split at most learners are told.
        steps: how many sizes there are, each half the one above.
        draws: how often each is drawn.
    """

    name: str
    learner: str
    units: int
    sample: int
    steps: int
    draws: int

    @property
    def frozen(self) -> bool:
        """Whether only the last layer is taught."""
        return self.learner != TRAIN

    def need(self, head: str, halvings: int, draw: int) -> TrialNeed:
        """One model of the ladder."""
        if self.frozen and not halvings:
            draw = 0  # the whole sample, and a linear head on it leaves nothing to chance
        return TrialNeed(
            head, self.learner, self.units, draw, sample=self.sample, halvings=halvings
        )

    def needs(self, head: str) -> Iterator[TrialNeed]:
        """All models of the ladder."""
        for halvings in range(self.steps):
            yield from (self.need(head, halvings, draw) for draw in range(self.draws))


WHOLE, HEAD = "last_doubling", "head_doubling"
_HEAD = Ladder(HEAD, "head", units=2_000, sample=2_000, steps=4, draws=3)
_LEAST_SAMPLE = 10_000


def ladder_of(subject: Subject) -> Ladder:
    """The ladder of the model itself where it can be trained again, else of its last layer."""
    again = subject.retraining
    if not again.possible:
        return _HEAD
    sample = max(again.units, _LEAST_SAMPLE)
    return Ladder(WHOLE, TRAIN, again.units, sample, again.sizes, again.repeats)


def no_ladder(subject: Subject, name: str) -> str:
    """Why the model, or its last layer, is not taught on fewer units; "" if it is."""
    if TRAINING not in subject.splits:
        return (
            "No training data are given, so how much fewer of them would cost cannot be measured; "
            "declare data.training to measure it."
        )
    if name == WHOLE and not subject.retraining.possible:
        return (
            "It is not declared how the model is trained, so it was not trained on fewer units; "
            "declare retraining.train to measure what the last doubling brought."
        )
    if name == HEAD and subject.retraining.possible:
        return "The model itself was trained on fewer units, which says more than its last layer."
    if name == HEAD and not subject.layer:
        return subject.reasons.get("embeds", "No layer of the model can be looked into.")
    return ""


def ladder_needs(subject: Subject) -> Iterator[SplitNeed]:
    """What the ladder needs, of every view with a loss that can be measured."""
    ladder = ladder_of(subject)
    if no_ladder(subject, ladder.name):
        return
    for view in subject.main_views:
        if any(not loss.unmet(view) for loss in losses_of(view)):
            yield from trial_needs(subject, view, *ladder.needs(view.key.head))


@dataclass(frozen=True, eq=False)
class Step:
    """One size of the ladder.

    Attributes:
        size: number of training units, the mean over the draws: clusters are never cut.
        rows: what the learner answered of the evaluation units, the same in each draw.
    """

    size: float
    rows: tuple[OutcomeRows, ...]

    def losses(self, loss: Loss) -> np.ndarray:
        """Float64 of shape (draws, n)."""
        return np.stack([loss.of(rows) for rows in self.rows])

    def mean(self, loss: Loss) -> CrossedMean:
        """The mean loss, over units and draws.

        Raises:
            ValueError: too few units or clusters, or a loss that is not finite.
        """
        return crossed_mean(self.losses(loss), self.rows[0].blocks)


@dataclass(frozen=True, eq=False)
class Climbed:
    """What became of a ladder.

    Attributes:
        ladder: which.
        view: the output.
        there: how many labelled training units there are.
        steps: halvings → the step, or the reason why it could not be taught.
    """

    ladder: Ladder
    view: View
    there: int
    steps: tuple[Step | str, ...]

    @property
    def taught(self) -> tuple[Step, ...]:
        """The steps that were taught, the smallest first."""
        return tuple(step for step in reversed(self.steps) if isinstance(step, Step))

    @property
    def last(self) -> tuple[Step, Step]:
        """The two largest sizes, half and whole.

        Raises:
            NoEstimateError: one of them could not be taught, or there are too few units.
        """
        for step in self.steps[:2]:
            if isinstance(step, str):
                raise undefined(step) if step.startswith(FAILED) else too_few(step)
            if len(step.rows[0]) < MIN_KEPT:
                raise telling("There are too few evaluation units")
        whole, half = self.steps[:2]
        assert isinstance(whole, Step)
        assert isinstance(half, Step)
        return half, whole

    def gain(self, loss: Loss) -> CrossedMean:
        """By how much less the whole errs than the half, over units and draws.

        Raises:
            NoEstimateError: see `last`.
            ValueError: see `Step.mean`.
        """
        half, whole = self.last
        saved = half.losses(loss) - whole.losses(loss)
        return crossed_mean(saved, whole.rows[0].blocks, of_hits=loss.hits)


def climbed(evidence: Evidence, subject: Subject, view: View, ladder: Ladder) -> Climbed:
    """What was collected for a ladder.

    Args:
        evidence: of all splits.
        subject: what is audited.
        view: an output for which the needs of the ladder were asked.
        ladder: as `ladder_of` gave it.
    """
    steps = tuple(
        _step(evidence, subject, view, ladder, halvings) for halvings in range(ladder.steps)
    )
    return Climbed(ladder, view, evidence[TRAINING].labelled, steps)


def _step(
    evidence: Evidence, subject: Subject, view: View, ladder: Ladder, halvings: int
) -> Step | str:
    tried: list[TriedRows] = []
    for draw in range(ladder.draws):
        need = ladder.need(view.key.head, halvings, draw)
        rows = tried_rows(evidence, subject, view, need, "evaluation")
        if isinstance(rows, str):
            return rows
        tried.append(rows)
    sizes = [int(rows.trial.taught.sum()) for rows in tried]
    if min(sizes) < FEWEST_TAUGHT:
        return TOO_SMALL
    return Step(float(np.mean(sizes)), tuple(rows.learner for rows in tried))
