"""Engines run a plan: one pass over each split, in this process or in several.

An engine is anything with `run(plan, subject, model, dataset, options) -> Evidence`. What they
share is `collect_split`, which reads the fragments it is given; how fragments are divided and how
the parts come together is the engine's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from auditkit.data.batch import Fragment, Source
from auditkit.data.datasets import Dataset
from auditkit.evidence.answers import Answers, NotAnswered
from auditkit.evidence.asked import with_asked
from auditkit.evidence.collected import Evidence, SplitEvidence
from auditkit.evidence.collector import SplitCollector
from auditkit.evidence.costing import with_costs
from auditkit.evidence.generation_collector import GenerationCollector
from auditkit.evidence.grounding import with_planted
from auditkit.evidence.highlighting import with_highlights
from auditkit.evidence.plan import TRIED, Plan, SplitPlan
from auditkit.evidence.progress import progress_bar, step_bar
from auditkit.evidence.sample_needs import AnswerNeed, AttributionNeed
from auditkit.evidence.subject import Subject
from auditkit.models.generators.wrapped import WrappedGenerator
from auditkit.models.wrapped import WrappedModel

if TYPE_CHECKING:
    from auditkit.explain.explanation import Explanation
    from auditkit.explain.target import NotExplainable


Audited = WrappedModel | WrappedGenerator


@dataclass(frozen=True)
class Options:
    """How a plan is run.

    Attributes:
        batch_size: units given to the model at once.
        limit: only about the first so many units of each split (whole batches); the evidence is
            then marked as sampled.
        seed: of all that is drawn: the sample that is asked again, its noise and its dropout.
        edges: stream → edges of its bins; None for one that is not numeric.
        quiet: no progress bar.
    """

    batch_size: int = 1024
    limit: int | None = None
    seed: int = 0
    edges: Mapping[str, tuple[float, ...] | None] = field(default_factory=dict)
    quiet: bool = False


class Engine(Protocol):
    """What runs a plan. `primary` is True in the one process that judges and writes."""

    name: str
    primary: bool

    def shared(self, text: str) -> str:
        """The primary process's text, in every process."""
        ...

    def run(
        self, plan: Plan, subject: Subject, model: Audited, dataset: Dataset, options: Options
    ) -> Evidence:
        """Collect everything that the plan asks for.

        Args:
            plan: what to collect, by split.
            subject: what is audited.
            model: opened.
            dataset: with all splits of the plan.
            options: how to run it.

        Raises:
            DataError: rows that contradict the declaration; nothing is collected then.
            ModelError: outputs that do.
        """
        ...


@dataclass(frozen=True)
class Job:
    """One split to be read: what of it, for whom, and from where."""

    split: str
    plan: SplitPlan
    subject: Subject
    model: Audited
    source: Source


def collect_split(job: Job, fragments: Sequence[Fragment], options: Options) -> SplitEvidence:
    """One pass over some fragments of a split, with a progress bar.

    Args:
        job: what to collect from which split.
        fragments: the ones to read, in order.
        options: how to run it.

    Raises:
        DataError, ModelError: see `Engine.run`.
    """
    collector = _collector(job, options)
    limit = options.limit
    size = options.batch_size if limit is None else min(options.batch_size, limit)
    with progress_bar(
        f"{job.split} split", _expected(job, fragments, options), quiet=options.quiet
    ) as advance:
        for fragment in fragments:
            for batch in job.source.batches(fragment, size):
                collector.update(batch, fragment.id)
                advance(len(batch))
                if limit is not None and collector.rows >= limit:
                    return replace(collector.finish(), sampled=True)
            collector.check()
    return collector.finish()


def _collector(job: Job, options: Options) -> SplitCollector | GenerationCollector:
    if isinstance(job.model, WrappedGenerator):
        return GenerationCollector(
            job.subject, job.plan, job.model, options.seed, job.split, job.source
        )
    return SplitCollector(job.subject, job.plan, job.model, options.edges, options.seed, job.split)


def _expected(job: Job, fragments: Sequence[Fragment], options: Options) -> int | None:
    """How many rows will be read; None where only reading tells."""
    sizes = [fragment.rows for fragment in fragments]
    known = [size for size in sizes if size is not None]
    rows = sum(known) if len(known) == len(sizes) else None
    if rows is None and len(fragments) == len(job.source.fragments()):
        rows = job.source.rows
    limits = [bound for bound in (options.limit, rows) if bound is not None]
    return min(limits) if limits else None


class LocalEngine:
    """Everything in this process."""

    name = "local"
    primary = True

    def shared(self, text: str) -> str:
        """The text itself: there is nobody to share it with."""
        return text

    def run(
        self, plan: Plan, subject: Subject, model: Audited, dataset: Dataset, options: Options
    ) -> Evidence:
        """See `Engine.run`. All splits are read before the model is asked again, which is dear."""
        jobs = {
            name: Job(name, split_plan, subject.within(name), model, dataset[name])
            for name, split_plan in plan.splits.items()
        }
        splits = {
            name: collect_split(job, job.source.fragments(), options) for name, job in jobs.items()
        }
        answered = {name: with_answers(splits[name], job, options) for name, job in jobs.items()}
        return with_the_rest(Evidence(answered), plan, subject, model, options)


def with_the_rest(
    evidence: Evidence, plan: Plan, subject: Subject, model: Audited, options: Options
) -> Evidence:
    """The evidence with what is of no single split: learners, texts asked about, costs."""
    if isinstance(model, WrappedGenerator):
        return with_asked(evidence, plan, model, quiet=options.quiet)
    tried = with_trials(evidence, plan, subject, model, options)
    return with_costs(tried, plan, model, options.batch_size, quiet=options.quiet)


def with_answers(split: SplitEvidence, job: Job, options: Options) -> SplitEvidence:
    """The split's evidence with what the model says of its sample, asked again.

    Attributions first, then the answers under each variant, with a progress bar.
    """
    if isinstance(job.model, WrappedGenerator):
        settings = job.subject.generation
        assert settings is not None  # of a generator they are always there
        split = with_highlights(split, job.plan, job.model, settings, quiet=options.quiet)
        return with_planted(split, job.plan, job.model, settings, quiet=options.quiet)
    attributions = {
        need: _attributions(need, split, job.split, job.model, options)
        for need in job.plan.attributions
    }
    answers = _answers(split, job, job.model, options) if job.plan.answers else {}
    return replace(split, attributions=attributions, answers=answers)


def _answers(
    split: SplitEvidence, job: Job, model: WrappedModel, options: Options
) -> dict[AnswerNeed, Answers | NotAnswered]:
    # Heavy, as above: attacks stand on Captum.
    from auditkit.evidence.asking import asked_again

    if split.sample is None or not len(split.sample):
        return dict.fromkeys(job.plan.answers, NotAnswered(_undrawn(split)))
    found: dict[AnswerNeed, Answers | NotAnswered] = {}
    units = len(split.sample)
    sizes = {need: min(need.sample, units) * need.variant.repeats for need in job.plan.answers}
    title = f"{job.split} sample, asked again"
    with progress_bar(title, sum(sizes.values()), quiet=options.quiet) as advance:
        for need, size in sizes.items():
            found[need] = asked_again(need, split.sample, model, options.seed, options.batch_size)
            advance(size)
    return found


def with_trials(
    evidence: Evidence, plan: Plan, subject: Subject, model: WrappedModel, options: Options
) -> Evidence:
    """The evidence with what learners answer that are taught on the training sample.

    Args:
        evidence: of all splits.
        plan: whose trials are run, with a progress bar.
        subject: what is audited.
        model: opened.
        options: how to run it.
    """
    if not plan.trials:
        return evidence
    # Heavy, as above: simple learners stand on scikit-learn.
    from auditkit.evidence.trial import NotTried
    from auditkit.evidence.trials import trials

    samples = {split: evidence[split].sample for split in TRIED}
    drawn = {split: sample for split, sample in samples.items() if sample is not None}
    if len(drawn) < len(samples) or not all(map(len, drawn.values())):
        lacking = next(split for split in TRIED if not drawn.get(split))
        reason = NotTried(_undrawn(evidence[lacking]))
        return replace(evidence, trials=dict.fromkeys(plan.trials, reason))
    found = {}
    with step_bar("learners", quiet=options.quiet) as step:
        running = trials(plan.trials, drawn, model, subject.retraining, options.seed)
        for done, (need, trial) in enumerate(running, start=1):
            found[need] = trial
            step(done, len(plan.trials), need.learner)
    return replace(evidence, trials=found)


def _undrawn(split: SplitEvidence) -> str:
    return split.undrawn or "The split holds no units to draw a sample from."


def _attributions(
    need: AttributionNeed, split: SplitEvidence, name: str, model: WrappedModel, options: Options
) -> Explanation | NotExplainable:
    # Heavy: Captum brings matplotlib, and most audits of stored predictions never ask for it.
    from auditkit.evidence.explaining import explained_sample
    from auditkit.explain.target import NotExplainable

    if split.sample is None:
        return NotExplainable(_undrawn(split))
    title = f"{name} sample, explained"
    with step_bar(title, quiet=options.quiet) as step:
        return explained_sample(need, split.sample, model, options.seed, step)
