"""Parts of a split that several workers read, put together, and sent as bytes.

Counts are the same in any order of the parts, sums to 1e-12, samples, rows kept, generations and
cluster counts exactly.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from auditkit.evidence.by_unit import UnlikeError
from auditkit.evidence.clusters import Clusters
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.facts import Facts
from auditkit.evidence.fingerprints import Fingerprints
from auditkit.evidence.levels import settled
from auditkit.evidence.plan import SplitPlan
from auditkit.evidence.review import Review
from auditkit.evidence.row_log import RowLog
from auditkit.evidence.sample import Sampled
from auditkit.evidence.slice_tables import SliceTables
from auditkit.generation.generations import Generations
from auditkit.statistics.class_bins import ClassBins
from auditkit.statistics.counts import Axis
from auditkit.statistics.sparse_counts import counts_from_bytes, merged
from auditkit.statistics.sparse_moments import merged_moments, moments_from_bytes


def merge(one: SplitEvidence, other: SplitEvidence) -> SplitEvidence:
    """The evidence of both parts of a split together, without attributions.

    Raises:
        ValueError: the parts were collected for different plans, or with different models.
    """
    parts = ((one.counts, other.counts), (one.sums, other.sums), (one.slices, other.slices))
    if any(mine.keys() != theirs.keys() for mine, theirs in parts):
        raise ValueError("the two parts were collected for different plans")
    sample, undrawn = _merged_sample(one, other)
    return SplitEvidence(
        rows=one.rows + other.rows,
        counts={
            need: settled(merged(counts, other.counts[need])) for need, counts in one.counts.items()
        },
        sums={
            need: merged_moments(moments, other.sums[need]) for need, moments in one.sums.items()
        },
        levels={
            name: tuple(sorted({*levels, *other.levels[name]}))
            for name, levels in one.levels.items()
        },
        clusters=None
        if one.clusters is None or other.clusters is None
        else one.clusters.merged(other.clusters),
        sample=sample,
        sampled=one.sampled or other.sampled,
        row_logs={need: log.merged(other.row_logs[need]) for need, log in one.row_logs.items()},
        slices={need: tables + other.slices[need] for need, tables in one.slices.items()},
        unlabelled=one.unlabelled + other.unlabelled,
        class_bins={need: bins + other.class_bins[need] for need, bins in one.class_bins.items()},
        review={need: found.merged(other.review[need]) for need, found in one.review.items()},
        undrawn=undrawn,
        fingerprints={
            need: found.merged(other.fingerprints[need]) for need, found in one.fingerprints.items()
        },
        generations=None
        if one.generations is None or other.generations is None
        else one.generations.merged(other.generations),
    )


def _merged_sample(one: SplitEvidence, other: SplitEvidence) -> tuple[Sampled | None, str]:
    """The sample of both parts, and why there is none."""
    if undrawn := one.undrawn or other.undrawn:
        return None, undrawn
    if one.sample is None or other.sample is None:
        return other.sample if one.sample is None else one.sample, ""
    try:
        return one.sample.merged(other.sample), ""
    except UnlikeError as reason:
        return None, f"No sample could be drawn. {reason}"


def to_bytes(split: SplitEvidence, plan: SplitPlan) -> bytes:
    """A part's evidence as bytes that hold tensors, numbers and text only.

    Needs are named by their position in the plan, which every worker has.
    """
    content = {
        "rows": split.rows,
        "unlabelled": split.unlabelled,
        "undrawn": split.undrawn,
        "sampled": split.sampled,
        "counts": [_tensor(split.counts[need].to_bytes()) for need in plan.counts],
        "sums": [_tensor(split.sums[need].to_bytes()) for need in plan.sums],
        "levels": {name: list(levels) for name, levels in split.levels.items()},
        "clusters": None if split.clusters is None else _clusters_to_plain(split.clusters),
        "sample": None if split.sample is None else _sample_to_plain(split.sample),
        "rows_kept": [_tensor(split.row_logs[need].to_bytes()) for need in plan.rows],
        "slices": [_slices_to_plain(split.slices[need]) for need in plan.slices],
        "class_bins": [_tensor(split.class_bins[need].to_bytes()) for need in plan.class_bins],
        "reviews": [_tensor(split.review[need].to_bytes()) for need in plan.reviews],
        "fingerprints": [
            _tensor(split.fingerprints[need].to_bytes()) for need in plan.fingerprints
        ],
        "generations": None if split.generations is None else _tensor(split.generations.to_bytes()),
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def from_bytes(data: bytes, plan: SplitPlan) -> SplitEvidence:
    """The evidence that `to_bytes` wrote; nothing in the bytes is run.

    Raises:
        ValueError: the bytes were written for another plan.
    """
    content = torch.load(io.BytesIO(data), weights_only=True)
    return SplitEvidence(
        rows=content["rows"],
        unlabelled=content["unlabelled"],
        undrawn=content["undrawn"],
        sampled=content["sampled"],
        counts={
            need: counts_from_bytes(_bytes(state))
            for need, state in zip(plan.counts, content["counts"], strict=True)
        },
        sums={
            need: moments_from_bytes(_bytes(state))
            for need, state in zip(plan.sums, content["sums"], strict=True)
        },
        levels={name: tuple(levels) for name, levels in content["levels"].items()},
        clusters=None if content["clusters"] is None else _clusters(content["clusters"]),
        sample=None if content["sample"] is None else _sample(content["sample"]),
        row_logs={
            need: RowLog.from_bytes(_bytes(state))
            for need, state in zip(plan.rows, content["rows_kept"], strict=True)
        },
        slices={
            need: _slices(plain) for need, plain in zip(plan.slices, content["slices"], strict=True)
        },
        class_bins={
            need: ClassBins.from_bytes(_bytes(state))
            for need, state in zip(plan.class_bins, content["class_bins"], strict=True)
        },
        review={
            need: Review.from_bytes(_bytes(state))
            for need, state in zip(plan.reviews, content["reviews"], strict=True)
        },
        fingerprints={
            need: Fingerprints.from_bytes(_bytes(state))
            for need, state in zip(plan.fingerprints, content["fingerprints"], strict=True)
        },
        generations=None
        if content["generations"] is None
        else Generations.from_bytes(_bytes(content["generations"])),
    )


def _slices_to_plain(slices: SliceTables) -> dict[str, Any]:
    return {
        "axes": [(axis.name, list(axis.labels)) for axis in slices.axes],
        "clustered": slices.clustered,
        "places": [list(places) for places in slices.tables],
        "tables": [torch.from_numpy(table) for table in slices.tables.values()],
    }


def _slices(plain: Mapping[str, Any]) -> SliceTables:
    axes = tuple(Axis(name, tuple(labels)) for name, labels in plain["axes"])
    tables = zip(plain["places"], plain["tables"], strict=True)
    return SliceTables(
        axes, plain["clustered"], {tuple(places): table.numpy() for places, table in tables}
    )


def _clusters_to_plain(clusters: Clusters) -> dict[str, Any]:
    return {
        "levels": {name: list(levels) for name, levels in clusters.levels.items()},
        "codes": torch.from_numpy(clusters.codes.copy()),
        "keys": _signed(clusters.keys),
    }


def _clusters(plain: Mapping[str, Any]) -> Clusters:
    levels = {name: tuple(levels) for name, levels in plain["levels"].items()}
    return Clusters(levels, plain["codes"].numpy(), _unsigned(plain["keys"]))


def _sample_to_plain(sample: Sampled) -> dict[str, Any]:
    return {
        "inputs": sample.inputs,
        "row_ids": sample.row_ids.tolist(),
        "keys": _signed(sample.keys),
        "clusters": None if sample.clusters is None else _signed(sample.clusters),
        "size": sample.size,
        "facts": sample.facts.to_plain(),
    }


def _sample(plain: Mapping[str, Any]) -> Sampled:
    row_ids = plain["row_ids"]
    whole = all(isinstance(row, int) for row in row_ids)
    return Sampled(
        plain["inputs"],
        np.array(row_ids, dtype=np.int64 if whole else object),
        _unsigned(plain["keys"]),
        None if plain["clusters"] is None else _unsigned(plain["clusters"]),
        plain["size"],
        Facts.from_plain(plain["facts"]),
    )


def _signed(keys: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(keys.view(np.int64).copy())


def _unsigned(keys: torch.Tensor) -> np.ndarray:
    return keys.numpy().view(np.uint64)


def _tensor(data: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray(data), dtype=torch.uint8)


def _bytes(state: torch.Tensor) -> bytes:
    return state.numpy().tobytes()
