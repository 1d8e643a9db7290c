"""One question to a model about a sample: its units as the model is given them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor

from auditkit.evidence.by_unit import rows_of
from auditkit.evidence.sample import Sampled
from auditkit.evidence.sample_needs import AnswerNeed
from auditkit.models.head import Head
from auditkit.models.input_range import InputRange
from auditkit.models.wrapped import WrappedModel
from auditkit.variants.variant import Variant


class Unaskable(Exception):  # noqa: N818 - a reason, no error
    """Why a question makes no sense of this model; a full sentence."""


@dataclass(frozen=True)
class Question:
    """One need, asked of one model about one sample.

    Attributes:
        need: what is asked.
        sample: the units.
        model: opened.
        seed: of whatever is drawn at random.
        stuck: of the units attacked so far, part by part, whether there was no gradient to follow,
            bool; filled while an attack runs.
        untouched: of the units asked about so far, part by part, whether an intervention left their
            inputs as they are, bool; filled while one is made.
    """

    need: AnswerNeed
    sample: Sampled
    model: WrappedModel
    seed: int
    stuck: list[np.ndarray] = field(default_factory=list)
    untouched: list[np.ndarray] = field(default_factory=list)

    @property
    def variant(self) -> Variant:
        """Under what the model is asked."""
        return self.need.variant

    @property
    def head(self) -> Head:
        """The declaration of the head."""
        return next(head for head in self.model.heads if head.name == self.need.head)

    @property
    def range(self) -> InputRange:
        """The declared ends of the inputs."""
        if self.model.inputs.range is None:
            raise Unaskable(
                "It is not declared between which ends the inputs lie; declare model.inputs.range "
                "for it."
            )
        return self.model.inputs.range

    def rows(self, rows: np.ndarray) -> Any:
        """Prepared inputs of some rows, on the model's device; a copy, which may be written to."""
        frame = self.sample.facts.frame
        if self.sample.inputs is None and frame is not None:
            return self.model.prepare(frame.iloc[rows])
        return self.model.place(rows_of(self.sample.inputs, rows, len(self.sample)))

    def tensor(self, rows: np.ndarray) -> Tensor:
        """As `rows`, where the model is given one tensor of floating-point numbers."""
        only = self._only(rows)
        if only is None or not only.is_floating_point():
            raise Unaskable("What the model is given is not one tensor of floating-point numbers.")
        return only

    def images(self, rows: np.ndarray) -> Tensor:
        """As `rows`, where these are images, of any type and range."""
        images = self._only(rows)
        if images is None:
            raise Unaskable("What the model is given is not one tensor of images.")
        if images.ndim != 4:
            raise Unaskable(
                f"Inputs of the shape {tuple(images.shape[1:])} are no images of (channels, "
                "height, width)."
            )
        return images

    def images_in_range(self, rows: np.ndarray) -> Tensor:
        """As `images`, of floating-point numbers within the declared range."""
        images = self.images(rows)
        if not images.is_floating_point():
            raise Unaskable("The images that the model is given are no floating-point numbers.")
        self.range.refuse_outside(images)
        return images

    def _only(self, rows: np.ndarray) -> Tensor | None:
        inputs = self.rows(rows)
        only = inputs[0] if isinstance(inputs, tuple | list) and len(inputs) == 1 else inputs
        return only if isinstance(only, Tensor) else None

    def given(self, changed: Tensor) -> Any:
        """A changed tensor in the place of the one that the model is given."""
        inputs = self.sample.inputs
        return type(inputs)([changed]) if isinstance(inputs, tuple | list) else changed
