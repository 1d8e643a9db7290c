"""Labels and sentences: planted maps that must not pass, and one that must."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from auditkit.explain.gradients import INTEGRATED_GRADIENTS
from auditkit.explain.method import Family, Settings
from auditkit.explain.trust import tested as trial
from auditkit.explain.trust.budget import Budget
from auditkit.explain.trust.findings import findings
from auditkit.explain.trust.not_run import NotRun
from auditkit.explain.trust.verdict import judged
from tests.explain.trust.worlds import (
    BACKWARDS,
    GRADIENT,
    INPUT_ONLY,
    NONE,
    RANDOM,
    TIMES_INPUT,
    ZERO,
    Linear,
    maps_of,
    method,
    network,
    opened,
    table,
)

LARGE = Budget(10_000)


def results_of(*methods, module=None, task="regression", inputs=None, **options):
    with opened(module or Linear(), table() if inputs is None else inputs, task) as target:
        return trial.tested(target, methods, Settings(), LARGE, **options)


@pytest.fixture(scope="module")
def linear():
    """A linear model: its gradient is the truth."""
    planted = (INTEGRATED_GRADIENTS, GRADIENT, INPUT_ONLY, RANDOM, BACKWARDS, ZERO, NONE)
    return results_of(*planted)


def test_the_truth_passes_every_test(linear) -> None:
    for name in ("integrated_gradients", "gradient"):
        trust = linear[name].trust
        assert {one.test for one in trust.findings if one.holds is False} == set()
        for test in ("randomisation", "deletion", "insertion", "infidelity", "stability"):
            assert trust.finding(test).holds is True, trust.finding(test)
    trust = linear["integrated_gradients"].trust
    assert trust.label == "converged"
    assert trust.reason.startswith("The method's own error is small")
    assert linear["gradient"].trust.label == "limited"
    assert linear["gradient"].trust.reason == (
        "The test “Convergence” was not run: The method does not estimate its own error."
    )


def test_a_map_of_the_input_is_withheld(linear) -> None:
    trust = linear["input_only"].trust
    assert trust.label == "withheld"
    assert trust.reason == (
        "With random weights the map stays much as it was: its rank correlation with the map of "
        "the trained model is 1.00."
    )
    weights = trust.finding("randomisation")
    assert weights.holds is False
    assert weights.exact
    assert weights.detail == (
        "It is the same for every unit. Its rank correlation with the distance of the input from "
        "the baseline is 1.00; nothing is left beyond that."
    )


def test_a_random_map_gains_nothing_over_a_random_order(linear) -> None:
    trust = linear["random"].trust
    assert trust.finding("deletion").holds is not True
    assert trust.finding("infidelity").holds is not True
    assert trust.label == "withheld"


def test_a_map_that_says_the_contrary_is_withheld(linear) -> None:
    trust = linear["backwards"].trust
    assert trust.finding("deletion").holds is False
    assert trust.label == "withheld"
    assert "more slowly than a random order" in trust.reason


def test_no_map_and_a_map_of_zeros_are_withheld(linear) -> None:
    assert (
        linear["zero"].trust.reason == "The maps say the same of every region, or are not finite."
    )
    assert linear["zero"].trust.finding("deletion").undefined == 48
    assert linear["none"].trust.label == "withheld"
    assert linear["none"].trust.reason == "There is no rule for this layer."
    assert linear["none"].trust.not_excluded == (
        "Nothing was tested: There is no rule for this layer.",
    )


def test_what_was_not_excluded_is_said(linear) -> None:
    said = linear["integrated_gradients"].trust.not_excluded
    assert any("brightness" in one for one in said)
    assert any("never have seen" in one for one in said)
    assert "The tests were run on 48 units; the map of another one may be wrong." in said
    assert (
        linear["gradient"].trust.not_excluded[0].startswith("The test “Convergence” was not run: ")
    )
    assert all(one.endswith(".") for one in said)


def test_a_single_unit_decides_nothing() -> None:
    found = results_of(INTEGRATED_GRADIENTS, inputs=table(1))["integrated_gradients"].trust
    assert found.label == "limited"
    assert found.finding("randomisation").holds is None
    assert "A single unit has no interval." in found.finding("deletion").detail


def test_units_whose_map_may_not_be_shown_are_left_out_and_counted() -> None:
    def attribute(target, settings):
        found = target.gradient(target.inputs, target.every)[1]
        shown = target.inputs[0][:, 0] > 0
        error = torch.where(shown, 0.01, 0.5)
        return maps_of(found, shown=shown, error=error, withheld="It misses by more than 5 %.")

    found = results_of(method("half", attribute))["half"]
    hidden = int((table()[:, 0] <= 0).sum())
    convergence = found.trust.finding("convergence")
    assert convergence.value == pytest.approx(hidden / 48)
    assert convergence.holds is False
    assert found.trust.finding("deletion").undefined >= hidden
    assert found.trust.label == "limited"
    maps = found.results.maps.maps
    place = int((table()[:, 0] <= 0).nonzero()[0])
    assert found.trust.of_unit(maps, place) == ("withheld", "It misses by more than 5 %.")
    shown = int((table()[:, 0] > 0).nonzero()[0])
    assert found.trust.of_unit(maps, shown) == (found.trust.label, found.trust.reason)


def test_a_method_that_shows_nothing_is_withheld_with_its_own_reason() -> None:
    def attribute(target, settings):
        none = torch.zeros(target.units, dtype=torch.bool)
        return maps_of(target.inputs, shown=none, withheld="It misses by more than 5 %.")

    found = results_of(method("hidden", attribute))["hidden"].trust
    assert (found.label, found.reason) == ("withheld", "It misses by more than 5 %.")


def test_a_warning_of_a_layers_map_limits_it() -> None:
    blind = method(
        "blind",
        lambda target, settings: maps_of(
            target.gradient(target.inputs, target.every)[1],
            error=torch.zeros(target.units),
        ),
        Family.ACTIVATION,
        warning="It is blind to small markers.",
    )
    found = results_of(blind)["blind"].trust
    assert (found.label, found.reason) == ("limited", "It is blind to small markers.")


def test_units_that_belong_together_make_intervals_wider() -> None:
    results = results_of(TIMES_INPUT)["times_input"].results
    alike = np.argsort(np.argsort(results.deletion.deletion_over_random)) // 4
    apart, together, few = (
        {one.test: one for one in findings(results, groups)}["deletion"]
        for groups in (None, alike, alike // 2)
    )
    assert apart.value == together.value == few.value
    assert together.low < apart.low
    assert together.high > apart.high
    assert few.holds is None
    assert few.detail == "The units come from 6 groups; an interval needs 10 of them."


def test_regions_so_few_that_all_may_agree_by_chance_decide_nothing() -> None:
    two = results_of(INPUT_ONLY, module=Linear(2), inputs=table(12, 2))["input_only"]
    assert two.trust.finding("randomisation").holds is None
    assert two.trust.label == "limited"


def test_a_test_that_was_not_run_never_speaks_for_a_map(linear) -> None:
    results = linear["integrated_gradients"].results
    found = judged(replace(results, randomisation=NotRun("The weights are packed.")))
    assert found.label == "limited"
    assert found.reason == "The test “Random weights” was not run: The weights are packed."


def test_products_with_the_input_are_limited_where_they_show_it() -> None:
    scaled = table() * torch.logspace(-2, 2, 16)
    found = results_of(TIMES_INPUT, module=network(), task="multiclass", inputs=scaled)
    weights = found["times_input"].trust.finding("randomisation")
    assert weights.holds is False
    assert "with that held fixed, " in weights.detail
    assert "The plain gradient of the same networks keeps " in weights.detail
