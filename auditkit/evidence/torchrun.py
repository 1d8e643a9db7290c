"""The same pass in several processes started by `torchrun`, each reading its own fragments.

Rank r of w reads the fragments r, r + w, r + 2w …, so that no unit is padded or read twice. States
travel as bytes over gloo, whatever the models run on, and every rank adds them up; integers are the
same in any order.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

from auditkit.data.datasets import Dataset
from auditkit.errors import AuditkitError, ConfigurationError
from auditkit.evidence.collected import Evidence, SplitEvidence
from auditkit.evidence.engine import Options, collect_split, with_attributions
from auditkit.evidence.needs import Plan, SplitPlan
from auditkit.evidence.sample import Sampled
from auditkit.evidence.subject import Subject
from auditkit.models.wrapped import WrappedModel
from auditkit.statistics.counts import Counts
from auditkit.statistics.moments import Moments

_EVIDENCE, _ERROR = b"E", b"X"


def started_by_torchrun() -> bool:
    """Whether this process is one of several that torchrun has started."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and "RANK" in os.environ


class TorchrunEngine:
    """One process of a group; every process runs the same audit, rank 0 judges and writes."""

    name = "torchrun"

    def __init__(self) -> None:
        if not dist.is_initialized():
            dist.init_process_group("gloo")
        self.rank = dist.get_rank()
        self.workers = dist.get_world_size()
        self.primary = self.rank == 0

    def run(
        self, plan: Plan, subject: Subject, model: WrappedModel, dataset: Dataset, options: Options
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
            part = self._part(name, split_plan, (subject, model, dataset, options))
            merged = _merged(part, split_plan)
            splits[name] = with_attributions(merged, split_plan, subject, model)
        return Evidence(splits)

    def _part(
        self,
        name: str,
        plan: SplitPlan,
        context: tuple[Subject, WrappedModel, Dataset, Options],
    ) -> list[bytes]:
        subject, model, dataset, options = context
        source = dataset.splits[name]
        fragments = list(source.fragments())[self.rank :: self.workers]
        try:
            job = (plan, subject, model, source)
            payload = _EVIDENCE + to_bytes(collect_split(name, fragments, job, options), plan)
        except AuditkitError as error:
            # The other ranks wait for this one: they must hear of the error to stop too.
            payload = _ERROR + json.dumps([error.problem, error.mend]).encode()
        return _all_gather(payload)


def _merged(parts: Sequence[bytes], plan: SplitPlan) -> SplitEvidence:
    for part in parts:
        if part[:1] == _ERROR:
            problem, mend = json.loads(part[1:])
            raise AuditkitError(problem, mend=mend)
    return reduce(merge, (from_bytes(part[1:], plan) for part in parts))


def _all_gather(payload: bytes) -> list[bytes]:
    size = torch.tensor([len(payload)])
    sizes = [torch.zeros_like(size) for _ in range(dist.get_world_size())]
    dist.all_gather(sizes, size)
    longest = int(max(sizes))
    padded = torch.zeros(longest, dtype=torch.uint8)
    padded[: len(payload)] = torch.frombuffer(bytearray(payload), dtype=torch.uint8)
    gathered = [torch.zeros_like(padded) for _ in sizes]
    dist.all_gather(gathered, padded)
    return [
        part[: int(length)].numpy().tobytes() for part, length in zip(gathered, sizes, strict=True)
    ]


def merge(one: SplitEvidence, other: SplitEvidence) -> SplitEvidence:
    """The evidence of both parts of a split together; attributions come afterwards."""
    clusters, levels = _merged_clusters(one, other)
    return SplitEvidence(
        rows=one.rows + other.rows,
        counts=_added(one.counts, other.counts),
        sums=_added(one.sums, other.sums),
        clusters=clusters,
        cluster_levels=levels,
        sample=_merged_sample(one.sample, other.sample),
        sampled=one.sampled or other.sampled,
    )


def _added(one: Any, other: Any) -> dict[Any, Any]:
    """Every state in either; a worker without fragments has none."""
    both = dict(one)
    for need, state in other.items():
        both[need] = both[need] + state if need in both else state
    return both


def _merged_clusters(
    one: SplitEvidence, other: SplitEvidence
) -> tuple[np.ndarray | None, dict[str, tuple[str, ...]]]:
    levels = {
        name: tuple(dict.fromkeys((*one.cluster_levels[name], *other.cluster_levels[name])))
        for name in one.cluster_levels
    }
    if one.clusters is None or other.clusters is None:
        return None, levels
    recoded = other.clusters.copy()
    for column, (name, joint) in enumerate(levels.items()):
        lookup = np.array([joint.index(level) for level in other.cluster_levels[name]], np.uint64)
        recoded[:, column] = lookup[other.clusters[:, column].astype(np.int64)]
    return np.unique(np.concatenate([one.clusters, recoded]), axis=0), levels


def _merged_sample(one: Sampled | None, other: Sampled | None) -> Sampled | None:
    if one is None or other is None:
        return other if one is None else one
    return one.merged(other)


def to_bytes(split: SplitEvidence, plan: SplitPlan) -> bytes:
    """A part's evidence as bytes that hold tensors, numbers and text only.

    Needs are named by their position in the plan, which every process has.
    """
    sample = split.sample
    content = {
        "rows": split.rows,
        "sampled": split.sampled,
        "counts": {
            plan.counts.index(need): _tensor(counts.to_bytes())
            for need, counts in split.counts.items()
        },
        "sums": {
            plan.sums.index(need): _tensor(moments.to_bytes())
            for need, moments in split.sums.items()
        },
        "clusters": None
        if split.clusters is None
        else torch.from_numpy(split.clusters.view(np.int64)),
        "cluster_levels": {name: list(levels) for name, levels in split.cluster_levels.items()},
        "sample": None
        if sample is None
        else {
            "inputs": sample.inputs,
            "targets": sample.targets,
            "row_ids": [str(row) for row in sample.row_ids],
            "keys": torch.from_numpy(sample.keys.view(np.int64).copy()),
            "size": sample.size,
        },
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def from_bytes(data: bytes, plan: SplitPlan) -> SplitEvidence:
    """The evidence that `to_bytes` wrote; nothing in the bytes is run."""
    content = torch.load(io.BytesIO(data), weights_only=True)
    sample = content["sample"]
    clusters = content["clusters"]
    return SplitEvidence(
        rows=content["rows"],
        sampled=content["sampled"],
        counts={
            plan.counts[position]: Counts.from_bytes(state.numpy().tobytes())
            for position, state in content["counts"].items()
        },
        sums={
            plan.sums[position]: Moments.from_bytes(state.numpy().tobytes())
            for position, state in content["sums"].items()
        },
        clusters=None if clusters is None else clusters.numpy().view(np.uint64),
        cluster_levels={name: tuple(v) for name, v in content["cluster_levels"].items()},
        sample=None
        if sample is None
        else Sampled(
            sample["inputs"],
            sample["targets"],
            np.array(sample["row_ids"], dtype=object),
            sample["keys"].numpy().view(np.uint64),
            sample["size"],
        ),
    )


def _tensor(data: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray(data), dtype=torch.uint8)
