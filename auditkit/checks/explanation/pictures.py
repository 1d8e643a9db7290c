"""Pictures of where a model looks: mean maps by predicted class, and single units if asked for.

Without `explain.samples` a record holds means over at least five units, and nothing of any input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from auditkit.checks.check import Findings
from auditkit.checks.explanation.explained_classes import head_of
from auditkit.checks.explanation.explained_units import ExplainedUnits
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.sample import Sampled
from auditkit.evidence.subject import Subject
from auditkit.explain import Explanation, Maps
from auditkit.explain.decided import decision_of, sign_of
from auditkit.explain.methods.registry import METHODS
from auditkit.explain.nest import named_parts
from auditkit.measurement import Figure
from auditkit.models.head import Head


@dataclass(frozen=True, eq=False)
class Pictured:
    """What pictures of one input tensor are made of.

    Attributes:
        units: that were explained.
        found: their explanation; a method is chosen.
        head: whose decisions.
        name: of the input tensor; "" for the only one.
        maps: its attributions by the chosen method, [n, …].
        medium: what an input is, as declared; "" where that is not known.
        sample: the units themselves, the first n of them the explained ones.
        samples: of how many units a picture is wanted.
    """

    units: ExplainedUnits
    found: Explanation
    head: Head
    name: str
    maps: Tensor
    medium: str
    sample: Sampled | None
    samples: int

    @property
    def shown(self) -> np.ndarray:
        """Which units have a map that may be shown and is finite, bool of shape (n,)."""
        maps = self.found.maps[self.found.chosen]
        assert isinstance(maps, Maps)  # or it would not have been chosen
        finite = self.maps.flatten(1).isfinite().all(dim=1)
        return np.asarray((maps.shown & finite).numpy())

    @property
    def method(self) -> str:
        """The chosen method and its source, to stand within a sentence."""
        method = METHODS[self.found.chosen]
        return f"{method.title.lower()}, {method.source}"

    @property
    def of(self) -> str:
        """Which output and input it is about, to follow a noun; "" for the only ones."""
        output = f" of {self.units.head}" if self.units.head else ""
        return f"{output}, input {self.name}" if self.name else output

    def clusters(self, rows: np.ndarray) -> np.ndarray | None:
        """The clusters of some units; None where these are independent."""
        return None if self.units.clusters is None else self.units.clusters[rows]

    @property
    def singles(self) -> range:
        """The places of the units that are shown one by one."""
        return range(min(self.samples, len(self.found)) if self.sample is not None else 0)

    def title(self, unit: int) -> str:
        """How the picture of a single unit is called."""
        assert self.sample is not None
        return f"row {self.sample.row_ids[unit]}: {decision_of(self.found, self.head, unit)}"

    @property
    def drawn_at_random(self) -> str:
        """Where the single units come from, a sentence for the caption."""
        return (
            f"These {len(self.singles)} were drawn at random; they and their row ids are in this "
            "record because samples were asked for."
        )

    @property
    def signed(self) -> Tensor:
        """The maps of the single units, towards what was decided, float64 [k, …]."""
        signs = [sign_of(self.found, self.head, unit) for unit in self.singles]
        turned = torch.tensor(signs, dtype=torch.float64)
        return self.maps[: len(signs)].double() * turned.reshape(-1, *[1] * (self.maps.ndim - 1))

    def inputs(self) -> Tensor | None:
        """The input tensor itself, of all units, [n, …]; None where it was not kept."""
        if self.sample is None or self.sample.inputs is None:
            return None
        part = named_parts(self.sample.inputs).get(self.name)
        tensor = None if part is None else torch.as_tensor(part).cpu()[: len(self.found)]
        # Of token ids an embedding was explained, which has another shape.
        return tensor if tensor is not None and tensor.shape == self.maps.shape else None


Drawing = Callable[[Pictured], Iterator[Figure]]


def pictures(
    units: ExplainedUnits, found: Explanation, subject: Subject, evidence: SplitEvidence
) -> Findings:
    """The pictures of each input that has a medium to be drawn in; none of tables.

    Args:
        units: that were explained.
        found: their explanation.
        subject: with the medium, and how many single units are wanted.
        evidence: of the split, with the sample.
    """
    maps = found.maps.get(found.chosen)
    if not isinstance(maps, Maps):
        return Findings()
    figures: list[Figure] = []
    for name, tensor in zip(found.names, maps.values, strict=True):
        drawing = _drawing(found, tensor, found.medium or subject.medium)
        if drawing is not None:
            pictured = Pictured(
                units,
                found,
                head_of(subject, units.head),
                name,
                tensor,
                found.medium or subject.medium,
                evidence.sample,
                subject.wishes.samples,
            )
            figures += drawing(pictured)
    return Findings(figures=tuple(figures))


def _drawing(found: Explanation, tensor: Tensor, medium: str) -> Drawing | None:
    """How an input is drawn; None if it is not."""
    # Imported here: each of them draws what is described above.
    from auditkit.checks.explanation import images, signals, tokens

    if found.tokens is not None:
        return tokens.drawn
    if medium == "table" or tensor.ndim < 2:
        return None
    if medium == "image":
        return images.drawn if tensor.ndim >= 3 else None
    if tensor.ndim >= 4:  # a spectrogram, where the medium is sound
        return images.drawn
    lasting: Mapping[str, int] = {"audio": 2, "series": 2}
    return signals.drawn if tensor.ndim >= lasting.get(medium, 3) else None


TOWARDS = "towards what was decided (of a predicted number, towards a larger one)"
"""What the sign of a single map means."""


def kept_note(figures: Sequence[Figure]) -> tuple[str, ...]:
    """What of single units is in the record; () where nothing is.

    Args:
        figures: all that the check drew.
    """
    shown = max((_singles_in(figure) for figure in figures), default=0)
    told = max((len(one.data["items"]) for one in figures if one.kind == "reason_codes"), default=0)
    if not shown and not told:
        return ()
    what = (
        f"Row ids and inputs of {shown} units"
        if shown
        else f"Row ids of {told} units, and what moved their decisions,"
    )
    return (
        f"{what} are kept in this record, since explain.samples asks for them; who may read it may "
        "read these.",
    )


def _singles_in(figure: Figure) -> int:
    """Of how many single units a figure shows pictures."""
    return sum(item.get("n") == 1 for item in figure.data.get("items", ()))
