"""Lessons for simple models, and what they answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch

from auditkit.learners import LEARNERS, Learnt, Lesson
from auditkit.models.head import Head, Outputs, Task

BINARY = Head("", Task.BINARY, Outputs.PROBABILITIES)
THREE = Head("", Task.MULTICLASS, Outputs.PROBABILITIES, classes=("a", "b", "c"))
LABELS = Head("", Task.MULTILABEL, Outputs.PROBABILITIES, classes=("cat", "dog"))
NUMBER = Head("", Task.REGRESSION)


def lesson(frame: pd.DataFrame, target: Any, head: Head, seed: int = 0) -> Lesson:
    encoded = torch.as_tensor(np.array(target))
    return Lesson(frame.copy(), encoded, {"": encoded}, head, seed)


def taught(name: str, frame: pd.DataFrame, target: Any, head: Head, seed: int = 0) -> Learnt:
    return LEARNERS[name].learn(lesson(frame, target, head, seed))


def mixed(n: int, seed: int = 0) -> pd.DataFrame:
    """Numbers with gaps and infinities, categories with gaps, and a constant."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "gappy": np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n)),
            "income": np.exp(rng.normal(size=n) * 3),
            "constant": np.ones(n),
            "job": rng.choice(["clerk", "nurse", "smith", None], n),
        }
    )
    frame.loc[0, "income"] = np.inf
    frame.loc[1, "income"] = -np.inf
    return frame
