"""Learners taught on training units, and asked about the samples of both splits.

What cannot be taught is no error: the trial is then the reason.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from auditkit.errors import AuditkitError
from auditkit.evidence.asking import predicted
from auditkit.evidence.hashing import hashes
from auditkit.evidence.plan import TRIED
from auditkit.evidence.retraining import Retraining
from auditkit.evidence.sample import Sampled
from auditkit.evidence.sample_needs import TRAIN, TrialNeed
from auditkit.evidence.train_function import train_learner
from auditkit.evidence.trial import FAILED, NotTried, Trial
from auditkit.evidence.trial_lessons import basis_of, given_of, some_of
from auditkit.learners import LEARNERS, Learner, Learnt, Lesson, Unteachable
from auditkit.models.head import Head, Task
from auditkit.models.wrapped import WrappedModel

TAUGHT, ASKED = TRIED


@dataclass
class _Course:
    """The samples of both splits, and what was made of them for the learners so far.

    Attributes:
        sizes: what learners want → of how many units of each split any of them wants it, at most.
    """

    samples: Mapping[str, Sampled]
    model: WrappedModel
    seed: int
    sizes: Mapping[str, int]
    given: dict[tuple[str, str], tuple[Any, int]] = field(default_factory=dict)

    def some(self, wants: str, split: str, rows: np.ndarray) -> Any:
        """What a learner is given of some units of a split, made once for all learners."""
        key = (wants, split)
        if key not in self.given:
            # Of no more units than are asked about: an embedding takes a pass of the model.
            sample = self.samples[split].first(self.sizes[wants])
            self.given[key] = given_of(wants, sample, self.model), len(sample)
        given, units = self.given[key]
        return some_of(given, rows, units)


def trials(
    needs: Sequence[TrialNeed],
    samples: Mapping[str, Sampled],
    model: WrappedModel,
    retraining: Retraining,
    seed: int,
) -> Iterator[tuple[TrialNeed, Trial | NotTried]]:
    """Each trial that is asked for, one after the other.

    Args:
        needs: what is asked.
        samples: of the training and of the evaluation split.
        model: opened; its heads say what is learnt.
        retraining: how the model itself is trained.
        seed: of whatever is drawn at random.
    """
    course = _Course(samples, model, seed, _sizes(needs))
    for need in needs:
        try:
            yield need, _trial(need, course, retraining)
        except Unteachable as reason:
            yield need, NotTried(str(reason))
        except AuditkitError as error:
            yield need, NotTried(f"{FAILED}{error}")


def _sizes(needs: Sequence[TrialNeed]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for need in needs:
        sizes[_wants(need)] = max(need.sample, sizes.get(_wants(need), 0))
    return sizes


def _wants(need: TrialNeed) -> str:
    return "inputs" if need.learner == TRAIN else LEARNERS[need.learner].wants


def _trial(need: TrialNeed, course: _Course, retraining: Retraining) -> Trial:
    learner = _learner(need, course.model, retraining)
    (head,) = (head for head in course.model.heads if head.name == need.head)
    if head.task is Task.CUSTOM:
        raise Unteachable("What a custom output means is known to its unit_metrics alone.")
    sizes = {split: min(need.sample, len(sample)) for split, sample in course.samples.items()}
    taught = taught_units(need, course.samples[TAUGHT].first(sizes[TAUGHT]), course.seed)
    label_of = _labels_of(need, taught, course.seed)
    lesson = _lesson(need, learner, course, (taught, label_of), head)
    for module in learner.loads:
        importlib.import_module(module)
    started = time.perf_counter()
    learnt = learner.learn(lesson)
    seconds = time.perf_counter() - started
    outputs, answering = {}, 0.0
    for split, size in sizes.items():
        given = course.some(learner.wants, split, np.arange(size))
        started = time.perf_counter()
        outputs[split] = _asked(learnt, given, size)
        answering = (time.perf_counter() - started) / max(size, 1)  # of the evaluation split, last
    return Trial(
        outputs,
        {split: _predicted(one, head) for split, one in outputs.items()},
        np.isin(np.arange(sizes[TAUGHT]), taught),
        seconds,
        answering,
        learner.title,
        _placed(taught, label_of, sizes[TAUGHT]),
        lesson.given.shape[1] if learner.wants != "inputs" else 0,
        basis_of(lesson.given),
        _parameters(course.model),
    )


def _parameters(model: WrappedModel) -> int | None:
    module = model.module
    return None if module is None else sum(one.numel() for one in module.parameters())


def _learner(need: TrialNeed, model: WrappedModel, retraining: Retraining) -> Learner:
    if need.learner != TRAIN:
        return LEARNERS[need.learner]
    if retraining.train is None:
        raise Unteachable("It is not declared how the model is trained; declare retraining.train.")
    return train_learner(retraining.train, model)


def taught_units(need: TrialNeed, sample: Sampled, seed: int) -> np.ndarray:
    """Positions of the units of a sample that a learner is taught on, in a random order, int64.

    Labelled ones, whole clusters, in the order of a hash keyed by the draw: units of a smaller
    size are among those of a larger one.

    Raises:
        Unteachable: no unit is labelled, or nothing is left of them after so many halvings.
    """
    units = sample.keys if sample.clusters is None else sample.clusters
    order: np.ndarray = np.argsort(hashes(units, _key(seed, need.draw)), kind="stable")
    order = order[sample.facts.labelled[order]]
    if not len(order):
        raise Unteachable("No training unit has a label, so there is nothing to learn from.")
    end = min(need.size or len(order), len(order)) >> need.halvings
    if not end:
        raise Unteachable(
            f"Of {len(order):,} labelled training units nothing is left after {need.halvings} "
            "halvings."
        )
    if end == len(order):
        return order
    # The first clusters that fit as a whole; of one that alone is too large, all of it.
    while 0 < end < len(order) and units[order[end]] == units[order[end - 1]]:
        end -= 1
    if end == 0:
        end = int(np.argmax(units[order] != units[order[0]])) or len(order)
    return order[:end]


def _key(seed: int, draw: int) -> int:
    """Far from the key that samples are drawn by, which is the seed itself."""
    return (seed + 1) * 1_000_003 + draw + 1


def _labels_of(need: TrialNeed, taught: np.ndarray, seed: int) -> np.ndarray:
    """Whose label each of the units is taught with: its own, unless labels are permuted."""
    if not need.permuted:
        return taught
    mixed: np.ndarray = np.random.default_rng((seed, need.draw)).permutation(taught)
    return mixed


def _placed(taught: np.ndarray, label_of: np.ndarray, size: int) -> np.ndarray:
    """The same in the order of the sample; -1 for units that were not taught."""
    found = np.full(size, -1, dtype=np.int64)
    found[taught] = label_of
    return found


def _lesson(
    need: TrialNeed,
    learner: Learner,
    course: _Course,
    units: tuple[np.ndarray, np.ndarray],
    head: Head,
) -> Lesson:
    """A lesson on some units, with their own labels or those of others."""
    sample, (taught, label_of) = course.samples[TAUGHT], units
    targets = {name: _encoded(one, label_of) for name, one in sample.facts.targets.items()}
    if head.name not in targets:
        raise Unteachable("The targets of the training units are no tensor, so none were kept.")
    given = course.some(learner.wants, TAUGHT, taught)
    return Lesson(given, targets[head.name], targets, head, _key(course.seed, need.draw) % 2**31)


def _encoded(target: Tensor, order: np.ndarray) -> Tensor:
    return target[torch.from_numpy(order.copy())].clone()


def _asked(learnt: Learnt, given: Any, size: int) -> np.ndarray:
    outputs = np.asarray(learnt(given), dtype=np.float64)
    if outputs.shape[:1] != (size,) or not np.isfinite(outputs).all():
        raise Unteachable(
            f"A learner's answers were not all finite, or not one for each of {size:,} units."
        )
    return outputs[:, None] if outputs.ndim == 1 else outputs


def _predicted(outputs: np.ndarray, head: Head) -> np.ndarray | None:
    raw = torch.from_numpy(outputs)
    narrow = raw.shape[1] == 1 and head.task in (Task.BINARY, Task.REGRESSION)
    return predicted(raw[:, 0] if narrow else raw, head)


__all__ = ["taught_units", "trials"]
