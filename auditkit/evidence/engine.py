"""Engines run a plan: one pass over each split, in this process or in several.

An engine is anything with `run(plan, subject, model, dataset, options) -> Evidence`. What they
share is `collect_split`, which reads the fragments it is given; how fragments are divided and how
the parts come together is the engine's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from auditkit.data.batch import Fragment, Source
from auditkit.data.datasets import Dataset
from auditkit.evidence.collected import Evidence, SplitEvidence
from auditkit.evidence.collector import SplitCollector
from auditkit.evidence.needs import AttributionNeed, Plan, SplitPlan
from auditkit.evidence.progress import progress_bar
from auditkit.evidence.sample import Sampled
from auditkit.evidence.subject import Subject
from auditkit.explain.integrated import Attributions, NotExplainable, integrated_gradients
from auditkit.models.wrapped import WrappedModel


@dataclass(frozen=True)
class Options:
    """How a plan is run.

    Attributes:
        batch_size: units given to the model at once.
        limit: only about the first so many units of each split (whole batches); the evidence is
            then marked as sampled.
        seed: of the attribution sample.
        edges: stream → edges of its bins; None for a categorical stream.
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

    def run(
        self, plan: Plan, subject: Subject, model: WrappedModel, dataset: Dataset, options: Options
    ) -> Evidence:
        """Collect everything that the plan asks for."""
        ...


def collect_split(
    name: str,
    fragments: Sequence[Fragment],
    job: tuple[SplitPlan, Subject, WrappedModel, Source],
    options: Options,
) -> SplitEvidence:
    """One pass over some fragments of a split, with a progress bar.

    Args:
        name: of the split, for the bar.
        fragments: the ones to read, in order.
        job: the plan, the subject, the opened model and the split's source.
        options: how to run it.
    """
    plan, subject, model, source = job
    collector = SplitCollector(subject, plan, model, options.edges, options.seed)
    limits = [rows for rows in (options.limit, source.rows) if rows is not None]
    total = min(limits) if limits else None
    with progress_bar(f"{name} split", total, quiet=options.quiet) as advance:
        for fragment in fragments:
            for batch in source.batches(fragment, options.batch_size):
                collector.update(batch)
                advance(len(batch))
                if options.limit is not None and collector.rows >= options.limit:
                    return replace(collector.finish(), sampled=True)
            collector.check()
    return collector.finish()


class LocalEngine:
    """Everything in this process."""

    name = "local"
    primary = True

    def run(
        self, plan: Plan, subject: Subject, model: WrappedModel, dataset: Dataset, options: Options
    ) -> Evidence:
        """Collect everything that the plan asks for."""
        splits = {}
        for name, split_plan in plan.splits.items():
            source = dataset.splits[name]
            job = (split_plan, subject, model, source)
            splits[name] = collect_split(name, source.fragments(), job, options)
        return Evidence(
            {
                name: with_attributions(split, plan.splits[name], subject, model)
                for name, split in splits.items()
            }
        )


def with_attributions(
    split: SplitEvidence, plan: SplitPlan, subject: Subject, model: WrappedModel
) -> SplitEvidence:
    """The split's evidence with the attributions of its sample."""
    results = {
        need: _attributions(need, split.sample, subject, model) for need in plan.attributions
    }
    return replace(split, attributions=results)


def _attributions(
    need: AttributionNeed, sample: Sampled | None, subject: Subject, model: WrappedModel
) -> Attributions | NotExplainable:
    if sample is None or not len(sample):
        return NotExplainable("The split holds no units to draw a sample from.")
    head = next(view.head for view in subject.views if view.head.name == need.head)
    return integrated_gradients(model, sample.inputs, head, steps=need.steps)
