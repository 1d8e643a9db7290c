"""The same pass in several processes started by `torchrun`, each reading its own fragments.

Rank r of w reads the fragments r, r + w, r + 2w …, so that no unit is padded or read twice. States
travel as bytes over gloo, whatever the models run on, and every rank adds them up; integers are the
same in any order.
"""

from __future__ import annotations

import atexit
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import reduce

import torch
import torch.distributed as dist

from auditkit import errors
from auditkit.data.batch import Source
from auditkit.data.datasets import Dataset
from auditkit.data.integrity import Integrity
from auditkit.errors import AuditkitError, ConfigurationError
from auditkit.evidence.asked import with_asked
from auditkit.evidence.collected import Evidence
from auditkit.evidence.costing import with_costs
from auditkit.evidence.engine import (
    Audited,
    Job,
    Options,
    collect_split,
    with_answers,
    with_trials,
)
from auditkit.evidence.merging import from_bytes, merge, to_bytes
from auditkit.evidence.plan import Plan
from auditkit.evidence.subject import Subject
from auditkit.models.generators.wrapped import WrappedGenerator
from auditkit.models.wrapped import WrappedModel

_EVIDENCE, _ERROR = b"E", b"X"
# One rank may have to read for hours longer than another, which waits for it.
_PATIENCE = timedelta(days=7)


def started_by_torchrun() -> bool:
    """Whether this process is one of several that torchrun has started."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and "RANK" in os.environ


class TorchrunEngine:
    """One process of a group; every process runs the same audit, rank 0 judges and writes."""

    name = "torchrun"

    def __init__(self) -> None:
        self._group = _gloo()
        self.rank = dist.get_rank()
        self.workers = dist.get_world_size()
        self.primary = self.rank == 0

    def shared(self, text: str) -> str:
        """The primary process's text, in every process."""
        return self._all_gather(text.encode())[0].decode()

    def run(
        self, plan: Plan, subject: Subject, model: Audited, dataset: Dataset, options: Options
    ) -> Evidence:
        """Collect this rank's part, and return what all ranks have collected.

        Raises:
            AuditkitError: what went wrong in any rank is raised in every one.
            ConfigurationError: `limit` was given, which says nothing about several readers.
        """
        if options.limit is not None:
            raise ConfigurationError(
                f"limit={options.limit} was given together with {self.workers} processes.",
                mend="Leave out the limit, or run in one process.",
            )
        splits = {}
        for name, split_plan in plan.splits.items():
            job = Job(name, split_plan, subject.within(name), model, dataset[name])
            parts = self._exchanged(self._part(job, options))
            self._judge_together(job.source)
            merged = reduce(merge, (from_bytes(part, split_plan) for part in parts))
            splits[name] = with_answers(merged, job, options)
        if isinstance(model, WrappedGenerator):
            return with_asked(Evidence(splits), plan, model, quiet=options.quiet)
        tried = with_trials(Evidence(splits), plan, subject, model, options)
        return self._with_costs(tried, plan, model, options)

    def _with_costs(
        self, evidence: Evidence, plan: Plan, model: WrappedModel, options: Options
    ) -> Evidence:
        """Taken by the one that judges, while the others wait: together they would be slower."""
        self._all_gather(b"")
        if self.primary:
            evidence = with_costs(evidence, plan, model, options.batch_size, quiet=options.quiet)
        self._all_gather(b"")
        return evidence

    def _part(self, job: Job, options: Options) -> bytes:
        """This rank's evidence, or what went wrong: the others must hear of it to stop too."""
        fragments = list(job.source.fragments())[self.rank :: self.workers]
        # What a first look at the data has read here is counted by the rank that it belongs to.
        job.source.integrity = Integrity()
        try:
            return _EVIDENCE + to_bytes(collect_split(job, fragments, options), job.plan)
        except AuditkitError as error:
            return _ERROR + _error_to_bytes(error)
        except Exception as error:
            problem = f"Process {self.rank} broke off ({type(error).__name__}: {error})."
            self._all_gather(_ERROR + _error_to_bytes(AuditkitError(problem)))
            raise

    def _judge_together(self, source: Source) -> None:
        """What only the whole split shows, from what every rank has seen of it.

        Raises:
            DataError: see `Source.finish`; the same in every rank.
        """
        seen = self._all_gather(source.integrity.to_bytes())
        source.integrity = Integrity()
        for part in seen:
            source.integrity.merge(Integrity.from_bytes(part))
        source.finish()

    def _exchanged(self, payload: bytes) -> list[bytes]:
        """What every rank has collected.

        Raises:
            AuditkitError: what went wrong in some rank.
        """
        parts = self._all_gather(payload)
        for part in parts:
            if part[:1] == _ERROR:
                raise _error_from_bytes(part[1:])
        return [part[1:] for part in parts]

    def _all_gather(self, payload: bytes) -> list[bytes]:
        """The bytes of every rank, which may differ in length and be none."""
        size = torch.tensor([len(payload)])
        sizes = [torch.zeros_like(size) for _ in range(self.workers)]
        with _in_company():
            dist.all_gather(sizes, size, group=self._group)
            padded = torch.zeros(max(*map(int, sizes), 1), dtype=torch.uint8)
            if payload:
                padded[: len(payload)] = torch.frombuffer(bytearray(payload), dtype=torch.uint8)
            gathered = [torch.zeros_like(padded) for _ in sizes]
            dist.all_gather(gathered, padded, group=self._group)
        return [
            part[: int(length)].numpy().tobytes()
            for part, length in zip(gathered, sizes, strict=True)
        ]


def _gloo() -> dist.ProcessGroup | None:
    """A group that sends host memory; None for the default one, if this audit has opened it."""
    if dist.is_initialized():
        group: dist.ProcessGroup = dist.new_group(backend="gloo", timeout=_PATIENCE)
        return group
    dist.init_process_group("gloo", timeout=_PATIENCE)
    atexit.register(_leave)
    return None


@contextmanager
def _in_company() -> Iterator[None]:
    """Around what every process takes part in.

    Raises:
        AuditkitError: another process has ended instead.
    """
    try:
        yield
    except RuntimeError as error:
        said = (str(error).strip().splitlines() or ["no message"])[-1]
        raise AuditkitError(
            f"Another process of this audit has ended before its time ({said}).",
            mend="See what that process has said.",
        ) from error


def _error_to_bytes(error: AuditkitError) -> bytes:
    return json.dumps([type(error).__name__, error.problem, error.mend]).encode()


def _error_from_bytes(data: bytes) -> AuditkitError:
    name, problem, mend = json.loads(data)
    kind = getattr(errors, name, AuditkitError)
    found: AuditkitError = kind(problem, mend=mend)
    return found


def _leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()
