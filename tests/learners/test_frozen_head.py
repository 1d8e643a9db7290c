"""A linear head on the audited model's own features."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from auditkit.data import dataset
from auditkit.evidence import Evidence, LocalEngine, Options, Subject, make_plan
from auditkit.evidence.sample_needs import TrialNeed
from auditkit.evidence.trial import NotTried, Trial
from auditkit.evidence.tried import TriedRows, trial_needs, tried_rows
from auditkit.models import wrap
from auditkit.models.wrapped import WrappedModel
from auditkit.subjects import probe


def _rows(n: int, seed: int) -> torch.utils.data.TensorDataset:
    """What is to be learnt lies in the product of two inputs: no line of them reads it."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 2, generator=generator)
    return torch.utils.data.TensorDataset(x, (x.prod(dim=1) > 0).long())


class _Product(nn.Module):
    """Features that hold the answer, and a head that was never taught to use it."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Identity()
        self.head = nn.Linear(3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(torch.cat([x, x.prod(dim=1, keepdim=True)], dim=1)))


def _model(network: nn.Module) -> WrappedModel:
    torch.manual_seed(0)
    decision, layer = {"threshold": 0.5}, "features"
    return wrap(network, task="binary", outputs="logits", decision=decision, layer=layer)


def _collected(model: WrappedModel, *needs: TrialNeed) -> tuple[Subject, Evidence]:
    data = dataset(evaluation=_rows(400, 1), training=_rows(600, 2))
    with model.opened():
        probed = probe(model, data, seed=0, batch_size=64)
        view = probed.subject.main_views[0]
        plan = make_plan(trial_needs(probed.subject, view, *needs), probed.subject)
        options = Options(batch_size=64, edges=probed.edges, quiet=True)
        return probed.subject, LocalEngine().run(plan, probed.subject, model, data, options)


def _tried(need: TrialNeed, network: nn.Module) -> TriedRows:
    subject, evidence = _collected(_model(network), need)
    found = tried_rows(evidence, subject, subject.main_views[0], need, "evaluation")
    assert isinstance(found, TriedRows), found
    return found


def test_it_learns_from_the_features_of_the_model() -> None:
    head = _tried(TrialNeed("", "head"), _Product())
    assert head.learner.correct.mean() > 0.95
    assert head.trial.features == 3
    assert head.trial.title == "linear head on frozen features"
    # A line through the inputs themselves reads nothing.
    assert _tried(TrialNeed("", "logistic"), _Product()).learner.correct.mean() < 0.65


def test_features_are_made_of_no_more_units_than_are_asked_about() -> None:
    passed: list[int] = []

    class Counting(_Product):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            passed.append(len(x))
            return super().forward(x)

    few, many = TrialNeed("", "head", sample=100), TrialNeed("", "logistic", sample=400)
    _collected(_model(Counting()), many)
    without = sum(passed)
    passed.clear()
    _, evidence = _collected(_model(Counting()), few, replace(few, halvings=1), many)
    assert sum(passed) - without == 200
    trial = evidence.trials[few]
    assert isinstance(trial, Trial)
    assert [len(trial.outputs[split]) for split in ("training", "evaluation")] == [100, 100]


def test_a_model_that_cannot_be_looked_into_has_none() -> None:
    model = wrap(
        lambda x: x.prod(dim=1), task="binary", outputs="logits", decision={"threshold": 0.5}
    )
    _, evidence = _collected(model, TrialNeed("", "head"))
    trial = evidence.trials[TrialNeed("", "head")]
    assert isinstance(trial, NotTried)
    assert "no embedding" in trial.reason


def test_one_class_cannot_be_told_from_nothing() -> None:
    subject, evidence = _collected(_model(_Product()), TrialNeed("", "head", size=1))
    trial = evidence.trials[TrialNeed("", "head", size=1)]
    assert isinstance(trial, NotTried)
    assert "one class" in trial.reason
    assert np.array_equal(subject.views[0].classes, ("0", "1"))
