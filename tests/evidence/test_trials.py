"""Learners taught on the training sample: which units, which answers, and what goes wrong."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from auditkit.data import dataset
from auditkit.errors import ConfigurationError
from auditkit.evidence import Evidence, LocalEngine, Options, Subject, make_plan
from auditkit.evidence.retraining import Retraining
from auditkit.evidence.sample_needs import TRAIN, TrialNeed
from auditkit.evidence.trial import NotTried, Trial
from auditkit.evidence.tried import TriedRows, trial_needs, tried_rows
from auditkit.models import wrap
from auditkit.models.wrapped import WrappedModel
from auditkit.subjects import probe


def _rows(n: int, seed: int, clusters: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3)).astype(np.float32)
    y = (x[:, 0] + rng.normal(size=n) > 0).astype(np.int64)
    return torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))


def _model() -> WrappedModel:
    torch.manual_seed(0)
    declared = {"outputs": "logits", "decision": {"threshold": 0.5}}
    return wrap(nn.Linear(3, 1), task="binary", device="cpu", **declared)


def _collected(*needs: TrialNeed, retraining: Retraining | None = None) -> tuple[Subject, Evidence]:
    model, data = _model(), dataset(evaluation=_rows(60, 1), training=_rows(200, 2))
    with model.opened():
        probed = probe(model, data, seed=0, batch_size=64, retraining=retraining or Retraining())
        view = probed.subject.main_views[0]
        plan = make_plan(trial_needs(probed.subject, view, *needs), probed.subject)
        options = Options(batch_size=64, edges=probed.edges, quiet=True)
        return probed.subject, LocalEngine().run(plan, probed.subject, model, data, options)


def _tried(need: TrialNeed, split: str, retraining: Retraining | None = None) -> TriedRows:
    subject, evidence = _collected(need, retraining=retraining)
    found = tried_rows(evidence, subject, subject.main_views[0], need, split)
    assert isinstance(found, TriedRows), found
    return found


def test_a_learner_answers_for_the_same_units_as_the_model() -> None:
    found = _tried(TrialNeed("", "logistic"), "evaluation")
    assert len(found) == 60
    assert np.array_equal(found.model.keys, found.learner.keys)
    assert not found.taught.any()
    assert found.learner.correct.mean() > 0.6


def test_smaller_sizes_are_nested_in_larger_ones() -> None:
    needs = [TrialNeed("", "logistic", size=size, draw=3) for size in (20, 40, 80)]
    _, evidence = _collected(*needs)
    taught = [trial.taught for trial in map(evidence.trials.get, needs) if isinstance(trial, Trial)]
    assert [int(one.sum()) for one in taught] == [20, 40, 80]
    assert not (taught[0] & ~taught[1]).any()
    assert not (taught[1] & ~taught[2]).any()


def _taught(*needs: TrialNeed) -> list[np.ndarray]:
    _, evidence = _collected(*needs)
    return [trial.taught for trial in map(evidence.trials.get, needs) if isinstance(trial, Trial)]


def test_halvings_are_of_the_units_that_there_are() -> None:
    halved = [TrialNeed("", "logistic", draw=3, halvings=times) for times in range(3)]
    capped = [TrialNeed("", "logistic", size=size, draw=3, halvings=1) for size in (120, 9_999)]
    taught = _taught(*halved, *capped)
    assert [int(one.sum()) for one in taught] == [200, 100, 50, 60, 100]
    assert not (taught[2] & ~taught[1]).any()  # nested, as sizes are
    assert (taught[4] == taught[1]).all()


def test_nothing_is_left_after_too_many_halvings() -> None:
    need = TrialNeed("", "logistic", halvings=8)
    _, evidence = _collected(need)
    trial = evidence.trials[need]
    assert isinstance(trial, NotTried)
    assert "Of 200 labelled training units nothing is left after 8 halvings." in trial.reason


@pytest.mark.parametrize("wrong", [{"size": -1}, {"draw": -1}, {"halvings": -1}])
def test_negative_numbers_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="from 0"):
        TrialNeed("", "logistic", **wrong)


def test_other_draws_are_other_units() -> None:
    needs = [TrialNeed("", "logistic", size=40, draw=draw) for draw in (0, 1)]
    _, evidence = _collected(*needs)
    first, second = (evidence.trials[need] for need in needs)
    assert isinstance(first, Trial)
    assert isinstance(second, Trial)
    assert (first.taught != second.taught).any()


def _train(inputs: torch.Tensor, targets: torch.Tensor, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    model = nn.Linear(3, 1)
    optimiser = torch.optim.LBFGS(model.parameters())

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        found = nn.functional.binary_cross_entropy_with_logits(model(inputs)[:, 0], targets.float())
        found.backward()
        return found

    for _ in range(5):
        optimiser.step(loss)
    return model


def test_the_users_function_trains_the_model_again() -> None:
    found = _tried(TrialNeed("", TRAIN), "training", Retraining(train=_train))
    assert found.taught.all()
    assert found.learner.correct.mean() > 0.6


def test_permuted_labels_teach_nothing() -> None:
    need = TrialNeed("", TRAIN, permuted=True)
    found = _tried(need, "evaluation", Retraining(train=_train))
    assert abs(found.learner.correct.mean() - 0.5) < 0.2


def test_what_was_taught_is_known_of_permuted_labels() -> None:
    lessons: list[tuple[torch.Tensor, torch.Tensor]] = []

    def train(inputs: torch.Tensor, targets: torch.Tensor, seed: int) -> nn.Module:
        lessons.append((inputs, targets))
        return _train(inputs, targets, seed)

    found = _tried(TrialNeed("", TRAIN, permuted=True), "training", Retraining(train=train))
    ((inputs, targets),) = lessons
    assert sorted(found.told) == sorted(found.model.target)
    assert (found.told != found.model.target).mean() > 0.3
    # The same pairs of input and label, whatever the order: the answers tell the inputs apart.
    with torch.no_grad():
        answers = _model().module(inputs)[:, 0].double().numpy()
    taught = {(round(a, 5), int(t)) for a, t in zip(answers, targets, strict=True)}
    told = {
        (round(a, 5), int(t)) for a, t in zip(found.model.outputs[:, 0], found.told, strict=True)
    }
    assert taught == told


def test_a_function_that_fails_is_a_reason() -> None:
    def train(inputs: torch.Tensor, targets: torch.Tensor, seed: int) -> nn.Module:
        raise RuntimeError("no GPU")

    need = TrialNeed("", TRAIN)
    _, evidence = _collected(need, retraining=Retraining(train=train))
    trial = evidence.trials[need]
    assert isinstance(trial, NotTried)
    assert "failed (RuntimeError: no GPU)" in trial.reason


def test_a_function_that_exits_is_a_reason() -> None:
    def train(inputs: torch.Tensor, targets: torch.Tensor, seed: int) -> nn.Module:
        sys.exit(0)

    need = TrialNeed("", TRAIN)
    _, evidence = _collected(need, retraining=Retraining(train=train))
    trial = evidence.trials[need]
    assert isinstance(trial, NotTried)
    assert "failed (SystemExit: 0)" in trial.reason


def test_a_function_trains_under_its_own_settings_and_leaves_none_of_them() -> None:
    drawn: list[float] = []

    def train(inputs: torch.Tensor, targets: torch.Tensor, seed: int) -> nn.Module:
        assert torch.is_grad_enabled()
        drawn.append(random.random() + np.random.random())  # noqa: NPY002
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        np.seterr(all="raise")
        return nn.Linear(3, 1).float()

    before = np.geterr()
    needs = [TrialNeed("", TRAIN, draw=draw) for draw in (0, 1)]
    for _ in range(2):
        random.random()
        with torch.no_grad():
            _, evidence = _collected(*needs, retraining=Retraining(train=train))
        assert all(isinstance(evidence.trials[need], Trial) for need in needs)
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float32
    assert np.geterr() == before
    # Of each lesson the same whenever it is given, of another draw another one.
    assert drawn[:2] == drawn[2:]
    assert drawn[0] != drawn[1]


def test_a_model_that_was_made_in_inference_mode_is_asked() -> None:
    def train(inputs: torch.Tensor, targets: torch.Tensor, seed: int) -> nn.Module:
        with torch.inference_mode():
            return nn.Linear(3, 1)

    assert len(_tried(TrialNeed("", TRAIN), "evaluation", Retraining(train=train))) == 60


def test_without_a_function_nothing_is_trained_again() -> None:
    need = TrialNeed("", TRAIN)
    _, evidence = _collected(need)
    trial = evidence.trials[need]
    assert isinstance(trial, NotTried)
    assert "declare retraining.train" in trial.reason


@pytest.mark.parametrize("wrong", [{"repeats": 1}, {"train": 3}, {"unit": 5}, {"sizes": True}])
def test_wrong_settings_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="retraining"):
        Retraining.of(wrong)
