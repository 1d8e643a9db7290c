"""Integrated gradients (Sundararajan, Taly and Yan, ICML 2017) that say how wrong they are.

The path from the baseline is integrated by nested Clenshaw–Curtis rules: 9 nodes, then 17, 33, 65
and 129, each with all that were evaluated before. A unit is done when its embedded error estimate
and its completeness gap are small enough; the others go on. Of each rule a running sum is kept and
no gradient, and the model is asked in chunks, so that memory depends neither on the number of units
nor on that of nodes.

The node at the end of the path is the input: the plain gradient there, and its product with the
input, fall out of the same pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from auditkit.explain.chunks import fitting
from auditkit.explain.convergence import (
    TOLERANCE,
    Convergence,
    completeness_gap,
    convergence,
    flat,
)
from auditkit.explain.memory import halving
from auditkit.explain.nodes import LEVELS, Rule, clenshaw_curtis
from auditkit.explain.target import Target, Tensors

_SHAPES = 8
_SUMS_BUDGET = 64 << 20
"""Bytes that the running sums may take: of large inputs fewer units are on their way at once."""


@dataclass(frozen=True, eq=False)
class PathIntegral:
    """The gradient of n units, integrated from the baseline to the input; on the CPU.

    Attributes:
        values: the integrated gradients, [n, …] for each input.
        saliency: the plain gradient at the input, likewise.
        output: [n] f(x).
        at_baseline: [n] f(b).
        error: [n] see `auditkit.explain.convergence.Convergence`; NaN of a rule that has no other
            within it.
        gap: [n] likewise.
        converged: [n] bool, likewise; False where nothing tells.
        gradients: int64 [n], how many were taken.
    """

    values: Tensors
    saliency: Tensors
    output: Tensor
    at_baseline: Tensor
    error: Tensor
    gap: Tensor
    converged: Tensor
    gradients: Tensor


def integrated(
    target: Target, *, tolerance: float = TOLERANCE, chunk: int | None = None
) -> PathIntegral:
    """Integrated gradients, each unit's with as many nodes as it needs.

    Args:
        target: what is explained.
        tolerance: of the gap; the error estimate may be twice as large. The estimate is an upper
            bound in practice: see `benchmarks/RESULTS.md`.
        chunk: rows that the model is asked about at once; None for as many as fit.

    Raises:
        ModelError: no gradient reaches the inputs, or a single row does not fit into memory.
        ValueError: the tolerance is not positive, or the chunk is not.
    """
    if not tolerance > 0 or (chunk is not None and chunk < 1):
        raise ValueError(f"expected a positive tolerance and chunk, got {tolerance} and {chunk}")
    size = fitting(target) if chunk is None else chunk
    parts = []
    for rows in _blocks(target, sums=len(LEVELS)):
        walk = _Nested(target.part(rows), size, tolerance)
        parts.append(walk.result())
        size = walk.chunk
    return _joined(parts)


def along(target: Target, rule: Rule, *, chunk: int | None = None) -> PathIntegral:
    """Integrated gradients by one fixed rule, which says nothing of its own error but the gap.

    Args:
        target, chunk: see `integrated`.
        rule: its nodes are shares of the way from the baseline to the input.

    Raises:
        ModelError: see `integrated`.
    """
    size = fitting(target) if chunk is None else chunk
    parts = []
    for rows in _blocks(target, sums=1):
        walk = _Fixed(target.part(rows), size, rule)
        parts.append(walk.result())
        size = walk.chunk
    return _joined(parts)


def _blocks(target: Target, sums: int) -> Iterator[Tensor]:
    """The units in groups whose running sums fit into their budget."""
    unit = sum(4 * max(1, tensor[:1].numel()) for tensor in target.inputs)
    return iter(torch.split(target.every, max(8, _SUMS_BUDGET // (unit * sums))))


class _Walk:
    """Gradients at some shares of the way, each added at once to the sums that it belongs to."""

    def __init__(self, target: Target, chunk: int, sums: int) -> None:
        self.target = target
        self.chunk = chunk
        self.sums = [
            torch.zeros((sums, *one.shape), dtype=_wide(one), device=one.device)
            for one in target.inputs
        ]

    def sweep(
        self, rows: Tensor, nodes: np.ndarray, weights: np.ndarray, first: int
    ) -> Iterator[tuple[Tensor, Tensor, Tensors]]:
        """Add the gradients at some nodes of some units to the sums.

        Args:
            rows: int64 [m], ascending.
            nodes: shares of the way, shape (k,).
            weights: of each node in the sums `first`, `first + 1` …, shape (sums, k).
            first: which sum is the first to be added to.

        Yields:
            Of each chunk: places in the m·k evaluations (unit by unit), outputs, gradients.
        """
        shares = torch.from_numpy(nodes).to(self.target.device)
        added = torch.from_numpy(weights).to(self.target.device)
        at, every = 0, len(rows) * len(nodes)
        while at < every:
            step = partial(self._at, rows, shares, at, every)
            (items, value, gradients), self.chunk = halving(step, self.chunk)
            at += len(items)
            self._add(rows, items, gradients, added, first)
            yield items, value, gradients

    def _at(
        self, rows: Tensor, shares: Tensor, start: int, every: int, size: int
    ) -> tuple[Tensor, Tensor, Tensors]:
        count = min(every - start, size)
        # Few shapes, whatever is left over: a whole chunk, or eighths of it.
        eighth = max(1, size // _SHAPES)
        padded = min(size, -(-count // eighth) * eighth)
        items = torch.arange(start, start + padded, device=rows.device)
        items = items.clamp_(max=start + count - 1)
        places = rows[items // len(shares)]
        share = shares[items % len(shares)]
        points = tuple(
            torch.lerp(base[places], end[places], _shaped(share, end))
            for base, end in zip(self.target.baseline, self.target.inputs, strict=True)
        )
        value, gradients = self.target.gradient(points, places)
        return items[:count], value[:count], tuple(one[:count] for one in gradients)

    def _add(
        self, rows: Tensor, items: Tensor, gradients: Tensors, weights: Tensor, first: int
    ) -> None:
        units = items // weights.shape[1]
        touched, local = torch.unique_consecutive(units, return_inverse=True)
        columns = torch.arange(len(items), device=items.device)
        matrix = weights.new_zeros((len(weights), len(touched), len(items)))
        matrix[:, local, columns] = weights[:, items % weights.shape[1]]
        for total, gradient in zip(self.sums, gradients, strict=True):
            flattened = gradient.to(total.dtype).flatten(1)
            # A product would spread what is not finite over all units of the chunk: 0 · NaN.
            broken = ~flattened.isfinite().all(dim=1)
            flattened = flattened.masked_fill(broken[:, None], 0.0)
            spoiled = matrix.new_zeros(len(touched)).index_add_(0, local, broken.to(matrix.dtype))
            part = matrix.to(total.dtype).flatten(0, 1) @ flattened
            part = part.reshape(len(weights), len(touched), -1)
            part = part.masked_fill(spoiled[None, :, None] > 0, torch.nan)
            total[first:, rows[touched]] += part.reshape(-1, len(touched), *gradient.shape[1:])

    def times_distance(self, which: int, rows: Tensor) -> Tensors:
        """A sum times the distance from the baseline: attributions of some units."""
        return tuple(
            total[which, rows] * (end[rows] - base[rows]).to(total.dtype)
            for total, end, base in zip(
                self.sums, self.target.inputs, self.target.baseline, strict=True
            )
        )


class _Nested(_Walk):
    """The nested rules, until each unit is done or the finest was tried."""

    def __init__(self, target: Target, chunk: int, tolerance: float) -> None:
        super().__init__(target, chunk, len(LEVELS))
        self._tolerance = tolerance

    def result(self) -> PathIntegral:
        target, active = self.target, self.target.every
        output, at_baseline, saliency = self._first(active)
        found = _Found(target, output, at_baseline, saliency)
        near = self._compared(1, active, output, at_baseline, None)
        for level in range(2, len(LEVELS)):
            rule, odd = clenshaw_curtis(LEVELS[level]), np.arange(1, LEVELS[level], 2)
            for _ in self.sweep(active, rule.nodes[odd], _weights(level, odd), level):
                pass
            near = self._compared(level, active, output, at_baseline, near.moved)
            found.put(active, self.times_distance(level, active), near, len(rule))
            near, active = near.part(~near.converged), active[~near.converged]
            if not len(active):
                break
        return found.integral()

    def _compared(
        self, level: int, rows: Tensor, output: Tensor, base: Tensor, earlier: Tensor | None
    ) -> Convergence:
        fine, coarse = (self.times_distance(one, rows) for one in (level, level - 1))
        return convergence(
            fine,
            coarse,
            output[rows],
            base[rows],
            scale=self.target.scale,
            tolerance=self._tolerance,
            earlier=earlier,
        )

    def _first(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensors]:
        """All nodes of the second rule: outputs at the input and baseline, gradients at the input.

        The first node is the input, the last the baseline.
        """
        rule = clenshaw_curtis(LEVELS[1])
        count = len(rule)
        weights = np.zeros((len(LEVELS), count))
        weights[0, ::2] = clenshaw_curtis(LEVELS[0]).weights
        weights[1:] = _weights(1, np.arange(count))
        saliency = tuple(torch.zeros_like(one) for one in self.target.inputs)
        values = []
        for items, value, gradients in self.sweep(rows, rule.nodes, weights, 0):
            values.append(value)
            ends = items % count == 0
            for place, gradient in zip(saliency, gradients, strict=True):
                place[items[ends] // count] = gradient[ends].to(place.dtype)
        table = torch.cat(values).reshape(len(rows), count)
        return table[:, 0], table[:, -1], saliency


class _Fixed(_Walk):
    """One rule, and the two ends of the path, which it may not contain."""

    def __init__(self, target: Target, chunk: int, rule: Rule) -> None:
        super().__init__(target, chunk, 1)
        self._rule = rule

    def result(self) -> PathIntegral:
        target, rows = self.target, self.target.every
        for _ in self.sweep(rows, self._rule.nodes, self._rule.weights[None], 0):
            pass
        output, saliency = self._end(1.0)
        at_baseline, _ = self._end(0.0)
        values = self.times_distance(0, rows)
        difference = (output - at_baseline).double()
        gap = completeness_gap(flat(values), difference, target.scale)
        found = _Found(target, output, at_baseline, saliency)
        unknown = torch.full_like(gap, torch.nan)
        found.put(rows, values, Convergence(gap, unknown, gap < 0, unknown), len(self._rule) + 2)
        return found.integral()

    def _end(self, share: float) -> tuple[Tensor, Tensors]:
        """Outputs and gradients at one place of the way; they count nothing in the sum."""
        found = list(self.sweep(self.target.every, np.array([share]), np.zeros((1, 1)), 0))
        gradients = zip(*(one for _, _, one in found), strict=True)
        return torch.cat([value for _, value, _ in found]), tuple(map(torch.cat, gradients))


class _Found:
    """What is known of each unit so far, on the device."""

    def __init__(
        self, target: Target, output: Tensor, at_baseline: Tensor, saliency: Tensors
    ) -> None:
        self._ends = (saliency, output, at_baseline)
        self._values = tuple(torch.zeros_like(one, dtype=_wide(one)) for one in target.inputs)
        self._error = torch.full_like(target.index, torch.nan, dtype=torch.float64)
        self._gap = self._error.clone()
        self._converged = torch.zeros_like(target.index, dtype=torch.bool)
        self._gradients = torch.zeros_like(target.index)

    def put(self, rows: Tensor, values: Tensors, near: Convergence, gradients: int) -> None:
        """The newest attributions of some units, and how many gradients they took."""
        for place, value in zip(self._values, values, strict=True):
            place[rows] = value
        self._error[rows], self._gap[rows] = near.error, near.gap
        self._converged[rows], self._gradients[rows] = near.converged, gradients

    def integral(self) -> PathIntegral:
        """All of it."""
        state = (self._error, self._gap, self._converged, self._gradients)
        return PathIntegral(self._values, *self._ends, *state)


def _weights(level: int, places: np.ndarray) -> np.ndarray:
    """Of nodes of one rule in that rule and in all finer ones, shape (rules, nodes)."""
    return np.stack(
        [
            clenshaw_curtis(finer).weights[places * (finer // LEVELS[level])]
            for finer in LEVELS[level:]
        ]
    )


def _wide(tensor: Tensor) -> torch.dtype:
    """Sums are not kept in half precision."""
    return tensor.dtype if tensor.dtype.itemsize >= 4 else torch.float32


def _shaped(share: Tensor, like: Tensor) -> Tensor:
    return share.to(like.dtype).reshape(-1, *[1] * (like.ndim - 1))


def _joined(parts: list[PathIntegral]) -> PathIntegral:
    def column(name: str) -> Tensor:
        return torch.cat([getattr(part, name) for part in parts]).cpu()

    def columns(name: str) -> Tensors:
        every = zip(*(getattr(part, name) for part in parts), strict=True)
        return tuple(torch.cat(one).cpu() for one in every)

    names = ("output", "at_baseline", "error", "gap", "converged", "gradients")
    return PathIntegral(columns("values"), columns("saliency"), *map(column, names))
