"""The ways to ask a model again: what it is given under each variant, and in which state it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from auditkit.evidence.interventions import intervened
from auditkit.evidence.questions import Question, Unaskable
from auditkit.models.dropout import dropping, seeded, why_not
from auditkit.models.gradients import differentiating
from auditkit.models.wrapped import WrappedModel
from auditkit.variants.attacks import attacked
from auditkit.variants.autoattack import autoattacked
from auditkit.variants.images import corrupted_images, shifted_images
from auditkit.variants.nuisances import DIRECTIONS
from auditkit.variants.tables import corrupted_columns, corrupted_frame
from auditkit.variants.variant import ATTACKS, IMAGE_CORRUPTIONS, TABLE_CORRUPTIONS
from auditkit.variants.victim import Victim, no_attack

Given = Callable[[np.ndarray], Iterator[Any]]
"""Positions in the sample → what the model is given of them, once for each repeat.

Each is a copy of its own: a model may write to its inputs.
"""


@dataclass(frozen=True)
class Way:
    """How a question is asked.

    Attributes:
        given: what the model is given.
        model: who answers.
        state: of the model, while it does.
    """

    given: Given
    model: WrappedModel
    state: AbstractContextManager[Any]


def way_of(question: Question) -> Way:
    """The way to ask a question.

    Raises:
        Unaskable: it makes no sense of this model.
    """
    return _WAYS[question.variant.name](question)


def _plain(question: Question) -> Way:
    def given(rows: np.ndarray) -> Iterator[Any]:
        yield question.rows(rows)

    return Way(given, question.model, nullcontext())


def _image_corruption(question: Question) -> Way:
    def given(rows: np.ndarray) -> Iterator[Any]:
        images, keys = question.images_in_range(rows), question.sample.keys[rows]
        yield question.given(
            corrupted_images(images, question.variant, question.range, question.seed, keys)
        )

    return Way(given, question.model, nullcontext())


def _table_corruption(question: Question) -> Way:
    """The raw features are corrupted where there are any: the model's preprocess comes after."""
    model, frame = question.model, question.sample.facts.frame
    if frame is None:
        every = np.arange(len(question.sample))
        columns = corrupted_columns(question.tensor(every), question.variant, question.seed)

        def of_columns(rows: np.ndarray) -> Iterator[Any]:
            yield model.place(question.given(columns[torch.from_numpy(rows).to(columns.device)]))

        return Way(of_columns, model, nullcontext())
    corrupted = corrupted_frame(frame, question.variant, question.seed)

    def of_frame(rows: np.ndarray) -> Iterator[Any]:
        yield model.prepare(corrupted.iloc[rows])

    return Way(of_frame, model, nullcontext())


def _attack(question: Question) -> Way:
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
        question.stuck.append(found.stuck.cpu().numpy())
        yield question.given(found.inputs)

    return Way(given, model, differentiating(model.module))


def _dropout(question: Question) -> Way:
    if reason := why_not(question.model.module):
        raise Unaskable(reason)

    def given(rows: np.ndarray) -> Iterator[Any]:
        for repeat in range(question.variant.repeats):
            prepared = question.rows(rows)
            with seeded(question.seed, repeat, int(rows[0])):
                yield prepared

    assert question.model.module is not None  # or there would be a reason
    return Way(given, question.model, dropping(question.model.module))


def _shifts(question: Question) -> Way:
    def given(rows: np.ndarray) -> Iterator[Any]:
        for images in shifted_images(question.images(rows), question.variant.repeats):
            yield question.given(images)

    return Way(given, question.model, nullcontext())


def _intervention(question: Question) -> Way:
    return Way(intervened(question), question.model, nullcontext())


def _member(question: Question) -> Way:
    place = int(question.variant.level)
    if place >= len(question.model.members):
        raise Unaskable("There is no such member of an ensemble.")
    plain = _plain(question)
    return Way(plain.given, question.model.members[place], plain.state)


_WAYS: Mapping[str, Callable[[Question], Way]] = {
    "plain": _plain,
    **dict.fromkeys((one.name for one in IMAGE_CORRUPTIONS), _image_corruption),
    **dict.fromkeys((one.name for one in TABLE_CORRUPTIONS), _table_corruption),
    **dict.fromkeys(ATTACKS, _attack),
    **dict.fromkeys(DIRECTIONS, _intervention),
    "dropout": _dropout,
    "shifts": _shifts,
    "member": _member,
}
