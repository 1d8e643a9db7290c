"""The model asked again about a sample: with other inputs, other weights, other members.

What a variant is given is a row of `_WAYS`. What cannot be asked is no error: the answer is then
the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from auditkit.errors import AuditkitError
from auditkit.evidence.answers import Answers, NotAnswered
from auditkit.evidence.needs import AnswerNeed
from auditkit.evidence.row_recorder import projected
from auditkit.evidence.sample import Sampled, rows_of
from auditkit.models.borrowing import random_states_kept
from auditkit.models.dropout import dropping, seeded, why_not
from auditkit.models.gradients import differentiating
from auditkit.models.head import Head
from auditkit.models.input_range import InputRange
from auditkit.models.wrapped import WrappedModel
from auditkit.variants.attacks import attacked
from auditkit.variants.autoattack import autoattacked
from auditkit.variants.images import corrupted_images, shifted_images
from auditkit.variants.tables import corrupted_columns, corrupted_frame
from auditkit.variants.variant import ATTACKS, IMAGE_CORRUPTIONS, PLAIN, TABLE_CORRUPTIONS, Variant
from auditkit.variants.victim import Victim, no_attack

CHUNK = 256
"""Units that the model is asked about at once."""

Given = Callable[[np.ndarray], Iterator[Any]]
"""Positions in the sample → what the model is given of them, once for each repeat."""


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
        stuck: units at which an attack had no gradient to follow, filled while it runs.
    """

    need: AnswerNeed
    sample: Sampled
    model: WrappedModel
    seed: int
    stuck: list[int] = field(default_factory=list)

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

    @property
    def notes(self) -> tuple[str, ...]:
        """What qualifies the answers."""
        units = sum(self.stuck)
        if not units:
            return ()
        return (
            f"At {units:,} of {len(self.sample):,} units there was no gradient to follow: that the "
            "attack did not move them says nothing on robustness.",
        )

    def rows(self, rows: np.ndarray) -> Any:
        """Prepared inputs of some rows, on the model's device."""
        return self.model.place(rows_of(self.sample.inputs, rows, len(self.sample)))

    def tensor(self, rows: np.ndarray) -> Tensor:
        """As `rows`, where the model is given one tensor of floating-point numbers."""
        inputs = self.rows(rows)
        only = inputs[0] if isinstance(inputs, tuple | list) and len(inputs) == 1 else inputs
        if not isinstance(only, Tensor) or not only.is_floating_point():
            raise Unaskable("What the model is given is not one tensor of floating-point numbers.")
        return only

    def images(self, rows: np.ndarray) -> Tensor:
        """As `tensor`, where these are images, within the declared range."""
        images = self.tensor(rows)
        if images.ndim != 4:
            raise Unaskable(
                f"Inputs of the shape {tuple(images.shape[1:])} are no images of (channels, "
                "height, width)."
            )
        self.range.refuse_outside(images)
        return images

    def given(self, changed: Tensor) -> Any:
        """A changed tensor in the place of the one that the model is given."""
        inputs = self.sample.inputs
        return type(inputs)([changed]) if isinstance(inputs, tuple | list) else changed


def asked_again(
    need: AnswerNeed, sample: Sampled | None, model: WrappedModel, seed: int
) -> Answers | NotAnswered:
    """What the model answers for the first units of a sample under the variant of a need.

    Args:
        need: what is asked.
        sample: of one split; None where none could be drawn.
        model: opened.
        seed: of whatever is drawn at random.
    """
    if sample is None or not len(sample):
        return NotAnswered(
            "No sample could be drawn: there are no units, or no input is a tensor whose first "
            "axis is the units."
        )
    question = Question(need, sample.first(need.sample), model, seed)
    try:
        return _answers(question)
    except Unaskable as reason:
        return NotAnswered(str(reason))
    except AuditkitError as error:
        return NotAnswered(f"The model could not be asked under {need.variant}: {error.problem}")


def _answers(question: Question) -> Answers:
    if question.variant != PLAIN and not question.model.capabilities.present:
        raise Unaskable("Only stored predictions are audited; the model is not here to be asked.")
    given, answering, state = _WAYS[question.variant.name](question)
    with random_states_kept(), answering.opened(), state:
        parts = [_part(question, answering, given, rows) for rows in _chunks(question)]
    lacking = next((part.lacking for part in parts if part.lacking), "")
    embeddings = [part.embedding for part in parts if part.embedding is not None]
    return Answers(
        np.concatenate([part.outputs for part in parts], axis=1),
        np.concatenate(embeddings) if embeddings and not lacking else None,
        lacking,
        question.notes,
    )


def _chunks(question: Question) -> Iterator[np.ndarray]:
    units = len(question.sample)
    for start in range(0, units, CHUNK):
        yield np.arange(start, min(start + CHUNK, units))


def _part(question: Question, model: WrappedModel, given: Given, rows: np.ndarray) -> Answers:
    """The answers for some rows."""
    need, outputs = question.need, []
    with ExitStack() as stack:
        heard = stack.enter_context(model.listening(need.layer)) if need.layer else None
        for prepared in given(rows):
            with torch.no_grad():
                raw = model.forward(prepared)[need.head]
            if not isinstance(raw, Tensor) or raw.shape[:1] != (len(rows),):
                raise Unaskable("The outputs are no tensor with one row for each unit.")
            numbers = raw.detach().float().cpu()
            outputs.append((numbers[:, None] if numbers.ndim == 1 else numbers).numpy())
        lacking = "" if heard is None else heard.lack(need.layer, len(rows))
        embedding = None
        if heard is not None and not lacking:
            embedding = projected(heard.embedding(torch.arange(len(rows)))).cpu().numpy()
    return Answers(np.stack(outputs), embedding, lacking)


_Way = tuple[Given, WrappedModel, AbstractContextManager[Any]]
"""What is given, who answers, and the state of the model while it does."""


def _plain(question: Question) -> _Way:
    def given(rows: np.ndarray) -> Iterator[Any]:
        yield question.rows(rows)

    return given, question.model, nullcontext()


def _image_corruption(question: Question) -> _Way:
    def given(rows: np.ndarray) -> Iterator[Any]:
        images, keys = question.images(rows), question.sample.keys[rows]
        yield question.given(
            corrupted_images(images, question.variant, question.range, question.seed, keys)
        )

    return given, question.model, nullcontext()


def _table_corruption(question: Question) -> _Way:
    """The raw features are corrupted where there are any: the model's preprocess comes after."""
    model, frame = question.model, question.sample.facts.frame
    if frame is None:
        every = np.arange(len(question.sample))
        columns = corrupted_columns(question.tensor(every), question.variant, question.seed)

        def of_columns(rows: np.ndarray) -> Iterator[Any]:
            yield model.place(question.given(columns[torch.from_numpy(rows).to(columns.device)]))

        return of_columns, model, nullcontext()
    corrupted = corrupted_frame(frame, question.variant, question.seed)

    def of_frame(rows: np.ndarray) -> Iterator[Any]:
        yield model.prepare(corrupted.iloc[rows])

    return of_frame, model, nullcontext()


def _attack(question: Question) -> _Way:
    model, head = question.model, question.head
    if not model.capabilities.differentiable:
        raise Unaskable(model.capabilities.reasons["differentiable"])
    if reason := no_attack(head):
        raise Unaskable(reason)
    target = question.sample.facts.targets.get(head.name)
    if target is None:
        raise Unaskable("An attack needs the true class of each unit.")
    victim = Victim(lambda changed: model.forward(question.given(changed))[head.name], head)

    def given(rows: np.ndarray) -> Iterator[Any]:
        inputs, keys = question.tensor(rows), question.sample.keys[rows]
        truth = target[torch.from_numpy(rows)]
        arguments = (victim, inputs, truth, question.variant, question.range, question.seed)
        found = (
            autoattacked(*arguments)
            if question.variant.name == "autoattack"
            else attacked(*arguments, keys)
        )
        question.stuck.append(int(found.stuck.sum()))
        yield question.given(found.inputs)

    return given, model, differentiating(model.module)


def _dropout(question: Question) -> _Way:
    if reason := why_not(question.model.module):
        raise Unaskable(reason)

    def given(rows: np.ndarray) -> Iterator[Any]:
        prepared = question.rows(rows)
        for repeat in range(question.variant.repeats):
            with seeded(question.seed, repeat, int(rows[0])):
                yield prepared

    assert question.model.module is not None  # or there would be a reason
    return given, question.model, dropping(question.model.module)


def _shifts(question: Question) -> _Way:
    def given(rows: np.ndarray) -> Iterator[Any]:
        for images in shifted_images(question.images(rows), question.variant.repeats):
            yield question.given(images)

    return given, question.model, nullcontext()


def _member(question: Question) -> _Way:
    place = int(question.variant.level)
    if place >= len(question.model.members):
        raise Unaskable("There is no such member of an ensemble.")
    given, _, state = _plain(question)
    return given, question.model.members[place], state


_WAYS: Mapping[str, Callable[[Question], _Way]] = {
    "plain": _plain,
    **dict.fromkeys((one.name for one in IMAGE_CORRUPTIONS), _image_corruption),
    **dict.fromkeys((one.name for one in TABLE_CORRUPTIONS), _table_corruption),
    **dict.fromkeys(ATTACKS, _attack),
    "dropout": _dropout,
    "shifts": _shifts,
    "member": _member,
}
