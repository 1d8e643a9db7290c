"""The model asked again about a sample: with other inputs, other weights, other members.

What a variant is given is told in `auditkit.evidence.ways`. What cannot be asked is no error: the
answer is then the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import torch
from torch import Tensor

from auditkit.errors import AuditkitError
from auditkit.evidence.answers import MAX_BYTES, Answers, NotAnswered
from auditkit.evidence.questions import Question, Unaskable
from auditkit.evidence.row_recorder import projected
from auditkit.evidence.runner import evidence_device
from auditkit.evidence.sample import Sampled
from auditkit.evidence.sample_needs import AnswerNeed
from auditkit.evidence.subject import views_of
from auditkit.evidence.units import HeadBatch, Units
from auditkit.evidence.ways import Way, way_of
from auditkit.models.borrowing import random_states_kept
from auditkit.models.head import Head, Task
from auditkit.models.wrapped import WrappedModel
from auditkit.variants.variant import PLAIN

CHUNK = 256
"""Units that the model is asked about at once, at most."""


def asked_again(
    need: AnswerNeed, sample: Sampled, model: WrappedModel, seed: int, chunk: int = CHUNK
) -> Answers | NotAnswered:
    """What the model answers for the first units of a sample under the variant of a need.

    As many units are asked about as the need wants, as there are, and as fit into `MAX_BYTES`.

    Args:
        need: what is asked.
        sample: of one split; at least one unit.
        model: opened.
        seed: of whatever is drawn at random.
        chunk: units that the model is asked about at once.
    """
    question = Question(need, sample, model, seed)
    fitting = MAX_BYTES // (4 * need.variant.repeats * question.head.numbers)
    question = Question(need, sample.first(min(need.sample, max(1, fitting))), model, seed)
    try:
        return _answers(question, min(chunk, CHUNK))
    except Unaskable as reason:
        return NotAnswered(str(reason))
    except AuditkitError as error:
        return NotAnswered(f"The model could not be asked under {need.variant}: {error}")


def _answers(question: Question, chunk: int) -> Answers:
    if question.variant != PLAIN and not question.model.capabilities.present:
        raise Unaskable("Only stored predictions are audited; the model is not here to be asked.")
    way = way_of(question)
    with random_states_kept(), way.model.opened(), way.state:
        parts = [_part(question, way, rows) for rows in _chunks(question, chunk)]
    lacking = next((part.lacking for part in parts if part.lacking), "")
    embeddings = [part.embedding for part in parts if part.embedding is not None]
    predictions = [part.predictions for part in parts if part.predictions is not None]
    return Answers(
        np.concatenate([part.outputs for part in parts], axis=1),
        np.concatenate(predictions, axis=1) if predictions else None,
        np.concatenate(embeddings) if embeddings and not lacking else None,
        lacking,
        np.concatenate(question.stuck) if question.stuck else None,
        np.concatenate(question.untouched) if question.untouched else None,
    )


def _chunks(question: Question, chunk: int) -> Iterator[np.ndarray]:
    units = len(question.sample)
    for start in range(0, units, chunk):
        yield np.arange(start, min(start + chunk, units))


def _part(question: Question, way: Way, rows: np.ndarray) -> Answers:
    """The answers for some rows."""
    need, outputs, predictions = question.need, [], []
    with ExitStack() as stack:
        heard = stack.enter_context(way.model.listening(need.layer)) if need.layer else None
        for prepared in way.given(rows):
            with torch.no_grad():
                raw = way.model.forward(prepared)[need.head]
            if not isinstance(raw, Tensor) or raw.shape[:1] != (len(rows),):
                raise Unaskable("The outputs are no tensor with one row for each unit.")
            raw = raw.detach().to(evidence_device(way.model))
            numbers = raw.float().cpu()
            outputs.append((numbers[:, None] if numbers.ndim == 1 else numbers).numpy())
            predictions.append(predicted(raw, question.head))
        lacking = "" if heard is None else heard.lack(need.layer, len(rows))
        embedding = None
        if heard is not None and not lacking:
            embedding = projected(heard.embedding(torch.arange(len(rows)))).cpu().numpy()
    decided = [one for one in predictions if one is not None]
    return Answers(np.stack(outputs), np.stack(decided) if decided else None, embedding, lacking)


def predicted(raw: Tensor, head: Head) -> np.ndarray | None:
    """The classes that a head predicts, by the rule that counts them in a pass.

    Args:
        raw: as the model returns it, in its own type: a threshold that a float32 number reaches,
            the same number as float64 may not.
        head: the declaration.

    Returns:
        int64 of shape (n,), or (n, labels) of a multilabel head; None where it decides nothing.

    >>> predicted(torch.tensor([0.1, 0.9]), Head("", Task.REGRESSION)) is None
    True
    """
    views = [view for view in views_of(head) if view.classifies and not view.one_vs_rest]
    if not views or not all(view.decides for view in views):
        return None
    batch = HeadBatch(head, raw, None)
    codes = [Units(view, batch).code("prediction").cpu().numpy() for view in views]
    return np.stack(codes, axis=1) if head.task is Task.MULTILABEL else codes[0]
