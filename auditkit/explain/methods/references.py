"""Inputs of the same kind that a unit is compared with, in the place of one baseline."""

from __future__ import annotations

import torch
from torch import Tensor

from auditkit.explain.methods.completeness import told
from auditkit.explain.target import Target, Tensors

ALL_ALIKE = (
    "The references are other units of the same data: what all of them share counts nothing."
)


def some(references: Tensors, most: int) -> Tensors:
    """At most so many of them, from all over: neighbours in the data may be alike."""
    if not references:
        return ()
    known = len(references[0])
    count = min(known, most)
    rows = torch.arange(count, device=references[0].device) * known // count
    return tuple(tensor[rows] for tensor in references)


def mean_changed(target: Target, references: Tensors, size: int) -> Tensor:
    """float64 [n] f(x) less the mean of f over references, on the CPU.

    Args:
        target: each of whose units lends its masks and its index to the references.
        references: [k, …] for each input.
        size: rows to ask about at once.
    """
    count = len(references[0])
    means = []
    for row in target.every:
        many = row.expand(count)
        with torch.no_grad():
            parts = [
                target.value(tuple(one[places] for one in references), many[places]).double()
                for places in torch.split(torch.arange(count, device=many.device), size)
            ]
        means.append(torch.cat(parts).mean().cpu())
    return told(target, target.inputs, size) - torch.stack(means)
