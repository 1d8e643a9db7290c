"""Small worlds whose truth is known: people, a model that scores them, and what it must come to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

import auditkit
from auditkit.data import Dataset
from auditkit.models.wrapped import WrappedModel

# The policy's region, written out: a test does not ask the code what it expects.
FOUR_FIFTHS = (0.8, 1.25)


def people(rows: int, *, seed: int = 0, ratio: float = 1.0, rate: float = 0.5) -> pd.DataFrame:
    """Rows with a calibrated score and a group.

    Group `b` scores over .5 at `ratio` times the rate of group `a`. The label is drawn from the
    score, so that a model that returns the score is calibrated.
    """
    rng = np.random.default_rng(seed)
    group = rng.choice(["a", "b"], size=rows)
    selected = rng.random(rows) < np.where(group == "a", rate, rate * ratio)
    score = np.where(selected, rng.uniform(0.5, 1, rows), rng.uniform(0, 0.5, rows))
    label = (rng.random(rows) < score).astype(int)
    return pd.DataFrame(
        {"score": score, "noise": rng.normal(size=rows), "group": group, "y": label}
    )


class Identity(nn.Module):
    """Returns its first input as the probability."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs[:, 0] * self.scale


def scorer(module: nn.Module | None = None) -> WrappedModel:
    """The model that believes the score."""
    return auditkit.wrap(
        module or Identity(),
        task="binary",
        outputs="probabilities",
        decision={"favourable": "1"},
        name="scorer",
    )


def data(evaluation: pd.DataFrame, training: pd.DataFrame | None = None) -> Dataset:
    """The people as a data set whose reference group is `a`."""
    return auditkit.dataset(
        evaluation=evaluation,
        training=training,
        label="y",
        features=["score", "noise"],
        groups={"group": {"column": "group", "reference": "a"}},
    )


FACTORY = """
import torch
from torch import nn

class Identity(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
    def forward(self, inputs):
        return inputs[:, 0] * self.scale

def build():
    return Identity()
"""


def project(folder: Path, frame: pd.DataFrame, **changes: str) -> Path:
    """A folder with a model file, a table and an audit.yaml; returns the path of the latter.

    Args:
        changes: lines of audit.yaml to replace, by key: `label`, `policy`, `outputs` …
    """
    torch.save(Identity().state_dict(), folder / "model.pt")
    frame.to_csv(folder / "people.csv", index=False)
    (folder / "code.py").write_text(FACTORY)
    lines = {
        "favourable": '"1"',
        "label": "y",
        "policy": "baseline",
        "outputs": "probabilities",
        "file": "model.pt",
        "allow_code": "true",
        "table": "people.csv",
        "group": "group",
        "extra": "",
        **changes,
    }
    path = folder / "audit.yaml"
    path.write_text(
        """\
name: scorer
allow_code: {allow_code}
model:
  file: {file}
  factory: code.py:build
  task: binary
  outputs: {outputs}
  decision: {{favourable: {favourable}}}
data:
  evaluation: {{table: {table}}}
  label: {label}
  features: [score, noise]
  groups:
    {group}: {{reference: a}}
policy: {policy}
{extra}
""".format(**lines)
    )
    return path
