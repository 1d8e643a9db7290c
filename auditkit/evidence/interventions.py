"""What a model is given when a nuisance is put into its inputs, or taken out of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from auditkit.evidence.questions import Question, Unaskable
from auditkit.models.input_range import InputRange
from auditkit.variants.nuisances import REMOVED, Nuisance
from auditkit.variants.nuisances.columns import (
    column_place,
    intervened_columns,
    intervened_frame,
)
from auditkit.variants.nuisances.images import intervened_images, usual_of_images
from auditkit.variants.nuisances.kinds import KINDS
from auditkit.variants.nuisances.tokens import IDS, intervened_tokens
from auditkit.variants.nuisances.waves import intervened_waves, usual_of_waves
from auditkit.variants.tables import equal_codes

Given = Callable[[np.ndarray], Iterator[Any]]
Change = Callable[[Tensor, Nuisance, str, InputRange | None, Tensor | None], Tensor]
Measure = Callable[[Tensor, Nuisance], Tensor | None]

_PART = 256
"""Units whose usual light, loudness … is measured at once."""


def intervened(question: Question) -> Given:
    """What the model is given under an intervention; see `auditkit.evidence.ways.Way`.

    The question's `untouched` is filled as units are asked about.

    Raises:
        Unaskable: it makes no sense of these inputs.
        ConfigurationError, DataError: the nuisance does not fit them.
    """
    medium = KINDS[_nuisance(question).kind].media[0]
    return _BY_MEDIUM[medium](question)


def _nuisance(question: Question) -> Nuisance:
    nuisance = question.variant.nuisance
    assert nuisance is not None  # a variant with a direction has one
    if question.variant.name == REMOVED and nuisance.irremovable:
        raise Unaskable(nuisance.irremovable)
    return nuisance


def _images(question: Question) -> Given:
    def of(rows: np.ndarray) -> Tensor:
        images = question.images(rows)
        if not images.is_floating_point():
            raise Unaskable("The images that the model is given are no floating-point numbers.")
        return images

    return _tensors(question, of, usual_of_images, intervened_images)


def _waves(question: Question) -> Given:
    return _tensors(question, question.tensor, usual_of_waves, intervened_waves)


def _tensors(
    question: Question, of: Callable[[np.ndarray], Tensor], measure: Measure, change: Change
) -> Given:
    """Inputs of one tensor: the whole sample is looked at first where it says what is usual."""
    nuisance, direction = _nuisance(question), question.variant.name
    limits = question.model.inputs.range
    usual = _usual(question, of, measure) if direction == REMOVED else None

    def given(rows: np.ndarray) -> Iterator[Any]:
        inputs = of(rows)
        if limits is not None:
            limits.refuse_outside(inputs)
        changed = change(inputs, nuisance, direction, limits, usual)
        _note(question, changed, inputs)
        yield question.given(changed)

    return given


def _usual(
    question: Question, of: Callable[[np.ndarray], Tensor], measure: Measure
) -> Tensor | None:
    """The mean over the sample of what is measured of each unit."""
    levels = []
    for start in range(0, len(question.sample), _PART):
        rows = np.arange(start, min(start + _PART, len(question.sample)))
        level = measure(of(rows), _nuisance(question))
        if level is None:
            return None
        levels.append(level.double())
    return torch.cat(levels).mean(dim=0)


def _columns(question: Question) -> Given:
    """Raw features where there are any: the model's preprocess comes after."""
    model, frame, direction = question.model, question.sample.facts.frame, question.variant.name
    if frame is None:
        every = question.tensor(np.arange(len(question.sample)))
        columns = intervened_columns(every, _nuisance(question), direction)

        def of_columns(rows: np.ndarray) -> Iterator[Any]:
            index = torch.from_numpy(rows).to(columns.device)
            _note(question, columns[index], every[index])
            yield question.given(columns[index])

        return of_columns
    changed = intervened_frame(frame, _nuisance(question), direction)
    place = column_place(frame, _nuisance(question))
    untouched = _same_cells(frame.iloc[:, place], changed.iloc[:, place])

    def of_frame(rows: np.ndarray) -> Iterator[Any]:
        question.untouched.append(untouched[rows])
        yield model.prepare(changed.iloc[rows])

    return of_frame


def _same_cells(before: pd.Series, after: pd.Series) -> np.ndarray:
    """In which rows a column is the same, bool of shape (n,); cells without a value are alike."""
    codes = equal_codes(pd.concat([before, after], ignore_index=True))
    same: np.ndarray = codes[: len(before)] == codes[len(before) :]
    return same


def _tokens(question: Question) -> Given:
    nuisance, direction = _nuisance(question), question.variant.name

    def given(rows: np.ndarray) -> Iterator[Any]:
        inputs = question.rows(rows)
        if isinstance(inputs, tuple | list) and len(inputs) == 1:
            inputs = inputs[0]
        changed = intervened_tokens(inputs, nuisance, direction)
        _note(question, *(one[IDS] if isinstance(one, dict) else one for one in (changed, inputs)))
        yield question.given(changed)

    return given


def _note(question: Question, changed: Tensor, inputs: Tensor) -> None:
    """Note which units an intervention left as they are."""
    same = (changed == inputs) | ((changed != changed) & (inputs != inputs))  # NaN are alike
    question.untouched.append(same.flatten(1).all(dim=1).cpu().numpy())


_BY_MEDIUM: dict[str, Callable[[Question], Given]] = {
    "image": _images,
    "table": _columns,
    "text": _tokens,
    "audio": _waves,
}
