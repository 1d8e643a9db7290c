"""All tests of several methods in one run: budget, progress, restoration, odd models."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import nn

from auditkit.errors import ModelError
from auditkit.explain.gradients import INTEGRATED_GRADIENTS, SALIENCY
from auditkit.explain.method import Settings
from auditkit.explain.target import targeting
from auditkit.explain.trust import tested as trial
from auditkit.explain.trust.budget import SHARED, Budget
from auditkit.explain.trust.not_run import NotRun
from auditkit.models import wrap
from tests.explain.trust.worlds import (
    GRADIENT,
    INPUT_ONLY,
    NONE,
    TIMES_INPUT,
    ZERO,
    Linear,
    maps_of,
    method,
    network,
    opened,
    state_of,
    table,
)

SETTINGS = Settings()


def ran(module, *methods, budget=None, inputs=None, task="multiclass", **options):
    with opened(module, table(16) if inputs is None else inputs, task) as target:
        return trial.tested(target, methods, options.pop("settings", SETTINGS), budget, **options)


def test_the_usual_budget_is_kept_by_what_was_really_spent() -> None:
    with opened(network(), table(16)) as target:
        methods = (SALIENCY, INTEGRATED_GRADIENTS)
        told = trial.planned(target, methods, SETTINGS)
        found = trial.tested(target, methods, SETTINGS)
    shared = sum(row.gradients for row in told.rows if row.method == SHARED)
    spent = sum(one.results.spent.equivalents for one in found.values())
    assert told.budget == 250
    assert told.gradients <= 250
    assert spent + shared + told.spent <= 250
    for one in found.values():
        planned = sum(row.gradients for row in one.plan)
        # A model of three layers has three stages, where five were planned.
        assert 0.8 * planned < one.results.spent.equivalents <= planned + 1e-6


def test_a_small_budget_leaves_tests_out_and_says_so() -> None:
    found = ran(network(), GRADIENT, TIMES_INPUT, budget=Budget(12))["gradient"]
    assert isinstance(found.results.deletion, NotRun)
    assert str(found.results.deletion).startswith("not run: It costs 34.0 gradients an example")
    assert found.trust.label == "limited"
    assert any("“Deletion against random order” was not" in one for one in found.trust.not_excluded)


def test_steps_are_told_as_they_come() -> None:
    heard: list[tuple[int, int, str]] = []
    ran(network(), GRADIENT, NONE, progress=lambda *step: heard.append(step))
    assert [done for done, _, _ in heard] == list(range(15))
    assert {steps for _, steps, _ in heard} == {15}
    assert heard[0][2] == "trying the methods on a few units"


def test_every_bit_of_the_model_comes_back_even_if_a_method_breaks() -> None:
    module, inputs, calls = network(), table(16), []

    def attribute(target, settings):
        calls.append(1)
        if len(calls) > 30:
            raise KeyboardInterrupt
        return maps_of(target.gradient(target.inputs, target.every)[1], gradients=1)

    before, states = state_of(module), torch.get_rng_state()
    with pytest.raises(KeyboardInterrupt):
        ran(module, method("breaks", attribute), inputs=inputs)
    ran(module, GRADIENT, TIMES_INPUT, INPUT_ONLY, ZERO, NONE, inputs=inputs)
    assert state_of(module) == before
    assert torch.equal(inputs, table(16))
    assert torch.equal(states, torch.get_rng_state())


def test_what_a_model_refuses_is_no_crash() -> None:
    def attribute(target, settings):
        if target.module[0].weight.abs().max() < 0.5:
            raise ModelError("The model could not take this.")
        return maps_of(target.gradient(target.inputs, target.every)[1])

    module = network()
    with torch.no_grad():
        module[0].weight[0, 0] = 1.0
    found = ran(module, method("picky", attribute))["picky"].results
    assert found.randomisation == NotRun("The model could not take this.")
    assert not isinstance(found.deletion, NotRun)


def test_a_model_without_gradients_or_weights_is_tested_as_far_as_it_goes() -> None:
    def scores(x):
        return (x @ torch.linspace(-1, 1, 16)).round()

    model = wrap(scores, task="regression")
    with targeting(model, table(16), model.heads[0]) as target:
        found = trial.tested(target, (GRADIENT, INPUT_ONLY), SETTINGS)
    assert found["gradient"].trust.label == "withheld"
    assert "no torch module" in found["input_only"].results.randomisation.reason
    assert not isinstance(found["input_only"].results.deletion, NotRun)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_units(n) -> None:
    found = ran(network(), GRADIENT, TIMES_INPUT, inputs=table(n))
    assert all(one.trust.label == "limited" for one in found.values())


def test_the_chunk_does_not_matter() -> None:
    double = network().double(), table(9).double()
    first, second = (
        ran(double[0], TIMES_INPUT, inputs=double[1], settings=Settings(chunk=chunk))
        for chunk in (2, 100)
    )
    a, b = first["times_input"].results, second["times_input"].results
    for one, two in (
        (a.randomisation.correlation, b.randomisation.correlation),
        (a.deletion.deletion_over_random, b.deletion.deletion_over_random),
        (a.infidelity.gain, b.infidelity.gain),
        (a.stability.correlation, b.stability.correlation),
    ):
        assert one == pytest.approx(two, nan_ok=True)


def test_runs_repeat() -> None:
    first, second = (ran(network(), GRADIENT)["gradient"].trust for _ in range(2))
    assert first.findings == second.findings


def test_a_row_of_the_figure_is_json() -> None:
    row = ran(network(), GRADIENT, NONE)["gradient"].row()
    assert json.loads(json.dumps(row)) == row
    assert row["family"] == "gradient"
    assert set(row["trust"]) == {"label", "reason"}
    assert [set(test) for test in row["tests"]] == [
        {"test", "value", "low", "high", "reference", "holds", "reason"}
    ] * 8


class Reader(nn.Module):
    """Token ids in, classes out, with the embedding tied to nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 8, padding_idx=0)
        self.hidden = nn.Linear(8, 12)
        self.out = nn.Linear(12, 3)

    def forward(self, ids):
        return self.out(self.hidden(self.embedding(ids)).tanh().mean(dim=1))


def test_tokens_are_tested_without_their_padding() -> None:
    made = torch.Generator().manual_seed(0)
    ids = torch.randint(2, 20, (12, 9), generator=made)
    ids[:, 7:] = 0
    torch.manual_seed(0)
    module = Reader()
    before = state_of(module)
    with opened(module, ids) as target:
        found = trial.tested(target, (GRADIENT, TIMES_INPUT), SETTINGS)["times_input"]
    strong = found.results.maps.strength
    assert strong.shape == (12, 9)
    assert np.isnan(strong[:, 7:]).all()
    assert not np.isnan(strong[:, :7]).any()
    assert isinstance(found.results.baseline, NotRun)
    assert found.trust.finding("deletion").value is not None
    assert state_of(module) == before


def test_several_inputs_share_the_regions() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(6, 3)
            self.second = nn.Linear(5, 3)

        def forward(self, inputs):
            return self.first(inputs["a"]) + self.second(inputs["b"])

    given = {"a": table(10, 6), "b": table(10, 5, seed=1)}
    found = ran(Two(), TIMES_INPUT, inputs=given)["times_input"]
    assert found.results.maps.strength.shape == (10, 11)
    assert found.trust.finding("infidelity").holds is True


def test_a_linear_model_of_one_column_has_nothing_to_rank() -> None:
    found = ran(Linear(1), GRADIENT, inputs=table(8, 1), task="regression")["gradient"].trust
    assert found.label == "withheld"
    assert found.finding("deletion").value is None
