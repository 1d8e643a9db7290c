"""One split of prompts, batch by batch: answered, and counted by group."""

from __future__ import annotations

from dataclasses import replace

import torch

from auditkit.data.batch import Batch, Source
from auditkit.evidence.clusters import ClusterTally
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.hashing import hashes
from auditkit.evidence.host_axes import HostAxes
from auditkit.evidence.needs import group
from auditkit.evidence.plan import SplitPlan
from auditkit.evidence.prompts import questions_of
from auditkit.evidence.sounds import heard_facts, sounds_of
from auditkit.evidence.subject import Subject
from auditkit.evidence.tables import Tables
from auditkit.generation.answering import heard
from auditkit.generation.evidence import GenerationEvidence
from auditkit.generation.generations import Generations
from auditkit.generation.hearing import Hearing
from auditkit.models.generators.wrapped import WrappedGenerator


class GenerationCollector:
    """Collects what a plan asks of one split of prompts; `update` for each batch, then `finish`.

    Args:
        subject: what is audited; its `generation` is set.
        plan: what to collect: counts of the data alone, and the answers.
        model: opened.
        seed: of the samples.
        split: its name, for messages.
        source: of the batches, which knows the rate of sounds; None where nothing is spoken.

    Attributes:
        rows: how many prompts were answered.
    """

    def __init__(
        self,
        subject: Subject,
        plan: SplitPlan,
        model: WrappedGenerator,
        seed: int,
        split: str,
        source: Source | None = None,
    ) -> None:
        assert subject.generation is not None  # what else would be collected here
        self.rows = 0
        self._settings = subject.generation
        self._plan = plan
        self._model = model
        self._seed = seed
        self._host = HostAxes(subject, {}, split)
        self._tables = Tables(plan, subject, self._host, torch.device("cpu"))
        self._groups = tuple(group(declared.name) for declared in subject.columns.groups)
        self._columns = tuple(dict.fromkeys((*self._tables.columns, *self._groups)))
        self._tally = ClusterTally(len(self._groups)) if subject.clustered else None
        self._source = source
        self._found: list[GenerationEvidence] = []
        self._reasons: dict[str, str] = {}

    def update(self, batch: Batch, fragment: str = "") -> None:  # noqa: ARG002 - as SplitCollector
        """Answer the prompts of one batch.

        Raises:
            DataError: a cell holds something else than is declared.
            ModelError: the model failed.
        """
        if not len(batch):
            return
        codes = self._host.encode(batch, self._columns)
        self._tables.add({}, codes, len(batch))
        if self._tally is not None and batch.clusters is not None:
            self._tally.add(hashes(batch.clusters), [codes[column] for column in self._groups])
        self.rows += len(batch)
        if self._plan.generation is None:
            return
        how = Hearing(self._settings, self._plan.generation.parts, self._seed)
        questions = questions_of(batch, self._settings, self._seed)
        if not self._settings.columns.spoken:
            found = heard(self._model, questions, [], how)
            self._found += found.rows
        else:
            sounds = sounds_of(batch, self._rate)
            found = heard(self._model, questions, sounds, how)
            self._found += [
                replace(row, facts={**row.facts, **heard_facts(sound)})
                for row, sound in zip(found.rows, sounds, strict=True)
            ]
        self._reasons |= found.reasons

    @property
    def _rate(self) -> int:
        """Samples a second of the sounds, which is known once one was read; 0 where it is not."""
        return getattr(self._source, "rate", None) or 0

    def check(self) -> None:
        """Nothing is left to be checked at the end of a fragment."""

    def finish(self) -> SplitEvidence:
        """What was collected."""
        levels = {column.name: self._host.axis(column).labels for column in self._groups}
        generations = None
        if self._plan.generation is not None:
            generations = Generations.of(
                self._found, self._reasons, seed=self._seed, model=self._model.digest()
            )
        return SplitEvidence(
            rows=self.rows,
            counts=self._tables.counts(),
            sums={},
            levels={name: tuple(sorted(found)) for name, found in levels.items()},
            clusters=None if self._tally is None else self._tally.clusters(levels),
            generations=generations,
        )


__all__ = ["GenerationCollector"]
