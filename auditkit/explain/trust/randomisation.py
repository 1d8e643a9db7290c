"""What is left of a map when the model's weights are random: it should not be much.

Layers are drawn anew from the output to the input, one stage after another, until nothing that was
learned is left (cascading randomisation; Adebayo et al., "Sanity checks for saliency maps", NeurIPS
2018). A map that hardly changes does not show what the model has learned. Maps that are multiplied
with the input keep much of their order, since they show the input too: beside them stands what the
plain gradient of the same networks keeps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from auditkit.explain.gradients import plain_gradients
from auditkit.explain.method import Family, Maps, Method, Settings
from auditkit.explain.target import NotExplainable, Target
from auditkit.explain.trust.asking import chunked, rows_at_once
from auditkit.explain.trust.cost import Cost
from auditkit.explain.trust.explained import (
    Explained,
    Floats,
    by_chance,
    distance,
    for_part,
    parts,
    ranked,
)
from auditkit.explain.trust.not_run import NotRun
from auditkit.explain.trust.ranks import beyond, spearman
from auditkit.explain.trust.resetting import Layer, layers, reset, why_no_reset

STAGES = 5


@dataclass(frozen=True, eq=False)
class Randomisation:
    """How alike the maps of a model and of its randomised twins order the regions.

    Attributes:
        layers: of the model, from the output to the input.
        stages: how many of these are random at each stage; all of them at the last.
        correlation: [n, stages] Spearman's, of the strength of the regions; NaN where a map says
            the same of all regions, or is not to be shown.
        beyond_input: [n, stages] what is left of it when the distance of the input from the
            baseline is held fixed (partial correlation): about 0 where nothing but the input stays.
        gradient: [n, stages] the correlation of the plain gradient; None where the method is no
            product with the input, or no gradient can be taken.
        input_only: [n] of the map and the distance of the input from the baseline: what a map that
            shows nothing but the input has in common with this one.
        random: [n] of the map and one without meaning.
        draw: int64 [n], which random weights a unit was explained with: units of one draw belong
            together, and their number limits what the mean can say.
        cost: of a unit, the map of the model itself not included.
    """

    layers: tuple[str, ...]
    stages: tuple[int, ...]
    correlation: Floats
    beyond_input: Floats
    gradient: Floats | None
    input_only: Floats
    random: Floats
    draw: NDArray[np.int64]
    cost: Cost


def randomisation(
    target: Target, given: Explained, settings: Settings, *, stages: int = STAGES
) -> Randomisation | NotRun:
    """Draw the layers of a model anew, from the output to the input, and compare the maps.

    Args:
        target: what is explained.
        given: the method's maps of the same units.
        settings: those that the maps were made with.
        stages: at most so many, chosen evenly over the layers; 1 for all layers at once.

    Returns:
        The correlations, or why there are none.

    Raises:
        ModelError: the model with random weights could not take the inputs.
        ValueError: no stages.
    """
    if stages < 1:
        raise ValueError(f"expected at least one stage, got {stages}")
    if reason := why_no_reset(target.module):
        return NotRun(reason)
    found = layers(target)
    counts = _evenly(len(found), stages)
    cascade = _Cascade(target, given, settings, found)
    table, draw = np.full((target.units, len(counts)), np.nan), np.zeros(target.units, np.int64)
    left = table.copy()
    plain = None if cascade.gradients is None else table.copy()
    cost = cascade.cost
    for number, rows in enumerate(parts(target)):
        places = rows.cpu().numpy()
        draw[places] = number
        for stage, count in enumerate(counts):
            answer = cascade.at(rows, count, number)
            if isinstance(answer, NotRun):
                return answer
            table[places, stage] = answer.correlation
            left[places, stage] = answer.beyond_input
            if plain is not None and answer.gradient is not None:
                plain[places, stage] = answer.gradient
            cost = cost + answer.cost * (len(rows) / target.units)
    if not cascade.moved:
        return NotRun("The output stays the same whatever the weights are.")
    return Randomisation(
        layers=tuple(layer.name for layer in found),
        stages=counts,
        correlation=table,
        beyond_input=left,
        gradient=plain,
        input_only=cascade.by_input,
        random=spearman(given.strength, by_chance(given.strength, settings.seed)),
        draw=draw,
        cost=cost,
    )


@dataclass(frozen=True)
class _Answer:
    correlation: Floats
    beyond_input: Floats
    gradient: Floats | None
    cost: Cost


class _Cascade:
    """The maps of some units at some depth of the cascade, beside those of the model itself."""

    def __init__(
        self, target: Target, given: Explained, settings: Settings, found: tuple[Layer, ...]
    ) -> None:
        self.target = target
        self.given = given
        self.settings = settings
        self.layers = found
        self.apart = distance(target, given.regions)
        self.by_input = spearman(given.strength, self.apart)
        self.moved = False
        self.gradients: Floats | None = None
        self.cost = Cost()
        if given.method.times_input and not target.obstacle:
            self.gradients = self._gradients(target)
            self.cost = Cost(gradients=1)

    def at(self, rows: Tensor, count: int, draw: int) -> _Answer | NotRun:
        """How alike the maps are with so many layers drawn anew."""
        places, part, last = rows.cpu().numpy(), self.target.part(rows), count == len(self.layers)
        plain = None
        before = self._output(part) if last else None
        with reset(self.layers[:count], self.settings.seed, draw):
            if before is not None:
                self.moved |= not torch.equal(before, self._output(part))
            maps = self.given.method(part, for_part(self.settings, draw))
            if isinstance(maps, NotExplainable):
                return NotRun(f"With random weights there is no map: {maps.reason}")
            if self.gradients is not None:
                plain = spearman(self.gradients[places], self._gradients(part))
        strong = ranked(part, self.given.method, maps.values, self.given.regions)
        cost = Cost(maps.gradients + (plain is not None), maps.forwards + 2 * last)
        alike = spearman(self.given.strength[places], strong)
        by_input = spearman(strong, self.apart[places])
        return _Answer(alike, beyond(alike, self.by_input[places], by_input), plain, cost)

    def _output(self, part: Target) -> Tensor:
        with torch.no_grad():
            return chunked(part, self.settings, part.value)

    def _gradients(self, part: Target) -> Floats:
        values = _gradients(part, self.settings).values
        return ranked(part, PLAIN, values, self.given.regions)


def _gradients(target: Target, settings: Settings) -> Maps:
    """The plain gradient at the input."""
    slopes = plain_gradients(target, rows_at_once(target, settings))
    shown = torch.ones(target.units, dtype=torch.bool)
    return Maps(slopes, shown, gradients=1.0)


PLAIN = Method(
    name="gradient",
    title="Gradient",
    family=Family.GRADIENT,
    source="Simonyan, Vedaldi and Zisserman, ICLR 2014 (workshop)",
    attribute=_gradients,
)


def _evenly(count: int, stages: int) -> tuple[int, ...]:
    """How many layers are drawn anew at each stage: all of them at the last.

    >>> _evenly(12, 5), _evenly(3, 5)
    ((2, 4, 7, 9, 12), (1, 2, 3))
    """
    few = min(count, stages)
    return tuple(count * (stage + 1) // few for stage in range(few))
