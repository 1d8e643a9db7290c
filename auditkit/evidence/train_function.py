"""The user's own way to train the model, as a learner."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from torch import Tensor

from auditkit.errors import AuditkitError, ModelError
from auditkit.evidence.by_unit import rows_of
from auditkit.evidence.retraining import Train
from auditkit.learners.learner import Learner, Learnt, Lesson
from auditkit.models.borrowing import random_states_kept
from auditkit.models.inputs import units_in
from auditkit.models.process_settings import process_settings_kept
from auditkit.models.subject import callable_name
from auditkit.models.wrapped import WrappedModel, rewrapped

CHUNK = 256


def train_learner(train: Train, model: WrappedModel) -> Learner:
    """A learner that calls the user's function for each lesson.

    Every random generator is seeded by the lesson; afterwards they, and the settings of the
    process, are what they were.

    Args:
        train: the function; what it raises is a `ModelError`.
        model: the audited model, whose heads and device the trained one takes over.
    """

    def learn(lesson: Lesson) -> Learnt:
        targets = lesson.targets if len(model.heads) > 1 else lesson.target
        with process_settings_kept(), random_states_kept():
            _seed(lesson.seed)
            made = _made(train, lesson.given, targets, lesson.seed)
        return _asked(rewrapped(model, made), lesson.head.name)

    return Learner("the model, trained again", "inputs", learn)


def _seed(seed: int) -> None:
    """All of the generators: else what the process drew before would go into the training."""
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the global generator is what such functions draw from
    random.seed(seed)


def _made(train: Train, inputs: Any, targets: Any, seed: int) -> Any:
    try:
        made = train(inputs, targets, seed)
    except AuditkitError:
        raise
    # The user's code: it may raise anything, and no exit code of its own may end an audit.
    except (Exception, SystemExit) as error:
        raise ModelError(
            f"retraining.train {callable_name(train)} failed ({type(error).__name__}: {error}).",
            mend="Mend it: it gets (inputs, targets, seed) and returns a trained model.",
        ) from error
    if not callable(made):
        raise ModelError(
            f"retraining.train {callable_name(train)} returned a {type(made).__name__}; expected a "
            "torch module or a callable.",
            mend="Return the trained model.",
        )
    return made


def _asked(model: WrappedModel, head: str) -> Learnt:
    def learnt(given: Any) -> np.ndarray:
        units = units_in(given)
        assert units is not None  # a sample has units
        found: list[Tensor] = []
        with model.opened(), torch.no_grad():
            for start in range(0, units, CHUNK):
                rows = np.arange(start, min(start + CHUNK, units))
                raw = model.forward(model.place(rows_of(given, rows, units)))[head]
                found.append(raw.detach().double().cpu())
        whole = torch.cat(found)
        return np.asarray((whole[:, None] if whole.ndim == 1 else whole).numpy())

    return learnt
