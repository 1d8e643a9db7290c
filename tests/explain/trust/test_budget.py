"""The budget is never exceeded, and what does not fit says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.explain.method import Family
from auditkit.explain.trust.budget import SHARED, Budget, plan
from auditkit.explain.trust.cost import Cost
from auditkit.explain.trust.not_run import NotRun
from tests.explain.trust.worlds import GRADIENT, INPUT_ONLY, TIMES_INPUT, method

PATH = method("path", TIMES_INPUT.attribute, Family.PATH, times_input=True)
METHODS = (GRADIENT, PATH, INPUT_ONLY)
TESTS = ("maps", "infidelity", "deletion", "randomisation", "stability", "baseline")


def costs(gradient: float = 1, path: float = 33, forwards: float = 64) -> dict:
    return {
        "gradient": Cost(gradient),
        "path": Cost(path),
        "input_only": Cost(forwards=forwards),
    }


@given(st.floats(0.1, 1000), st.floats(0, 100), st.floats(0, 1000), st.floats(0, 50))
def test_the_budget_is_never_exceeded_and_nothing_vanishes(budget, path, forwards, spent) -> None:
    found = plan(METHODS, costs(1, path, forwards), Budget(budget), spent=min(spent, budget))
    assert found.gradients <= budget + 1e-6
    assert {(row.test, row.method) for row in found.rows} == {
        *((test, one.name) for test in TESTS for one in METHODS),
        ("infidelity", SHARED),
        ("deletion", SHARED),
    }
    for row in found.rows:
        assert bool(row.reason) is not bool(row.size)
        assert not row.reason or row.gradients == 0


def test_what_a_usual_run_gets_for_the_usual_budget() -> None:
    """Integrated gradients and the plain one: the figures of the module's own prices, by hand."""
    found = plan((GRADIENT, PATH), costs(), Budget())
    assert found.of("maps", "path").gradients == 33
    assert found.of("deletion", SHARED).gradients == pytest.approx(6 * 17 / 3)
    assert found.of("deletion", "path").gradients == pytest.approx(2 * 17 / 3)
    assert found.of("infidelity", SHARED).gradients == pytest.approx(11 / 3)
    # Two gradients beside, and two forwards.
    assert found.of("randomisation", "path").gradients == pytest.approx(33 + 2 + 2 / 3)
    assert found.of("randomisation", "gradient").size == 5
    assert found.of("stability", "gradient").size == 5
    assert found.of("baseline", "gradient").reason == "The method does not look at a baseline."
    assert found.of("baseline", "path").size == 1
    assert 190 < found.gradients <= 250


def test_what_does_not_fit_is_not_run_and_says_what_it_costs() -> None:
    found = plan(METHODS, costs(), Budget(40))
    row = found.of("maps", "path")
    assert row.reason == "It costs 33.0 gradients an example, and 17.7 of the budget were left."
    assert found.of("stability", "path").reason == row.reason
    said = str(found)
    assert said.startswith("39.0 of 40 gradients an example:")
    assert "- maps of path: not run: It costs 33.0" in said
    assert "- infidelity, for all methods: 3.7 gradients an example" in said


def test_controls_that_do_not_fit_take_the_test_with_them() -> None:
    found = plan((GRADIENT,), costs(), Budget(20))
    assert found.of("deletion", SHARED).reason.startswith("It costs 34.0 gradients")
    assert found.of("deletion", "gradient").reason == found.of("deletion", SHARED).reason
    assert found.of("randomisation", "gradient").size == 5


def test_a_method_without_maps_costs_nothing() -> None:
    found = plan(METHODS, {**costs(), "path": NotRun("There is no rule.")}, Budget())
    assert {found.of(test, "path").reason for test in TESTS} == {"There is no rule."}
    only = plan((PATH,), {"path": NotRun("There is no rule.")}, Budget())
    assert only.gradients == 0
    with pytest.raises(KeyError):
        only.of("deletion")


def test_a_budget_is_positive() -> None:
    with pytest.raises(ValueError, match="expected a positive budget, got 0"):
        Budget(0)
