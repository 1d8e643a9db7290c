"""Agreement counts between kinds of methods only."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from auditkit.explain.method import Family, Settings
from auditkit.explain.trust.agreement import agreement, kind
from auditkit.explain.trust.explained import explained
from tests.explain.trust.worlds import (
    GRADIENT,
    INPUT_ONLY,
    RANDOM,
    TIMES_INPUT,
    ZERO,
    method,
    network,
    opened,
    table,
)

PATH = method("path", TIMES_INPUT.attribute, Family.PATH, times_input=True)
LRP = method("lrp", TIMES_INPUT.attribute, Family.PROPAGATION, times_input=True)


def found_of(*methods):
    with opened(network(), table()) as target:
        return agreement([explained(target, one, Settings()) for one in methods])


def test_near_equivalents_are_shown_and_do_not_count() -> None:
    found = found_of(PATH, LRP, TIMES_INPUT, INPUT_ONLY)
    assert found.of("path") == pytest.approx(found.pairs[2].correlation)
    assert [pair.second for pair in found.left_out("path")] == ["lrp", "times_input"]
    for pair in found.left_out("path"):
        assert pair.correlation == pytest.approx(1)
        assert "of one kind (gradient × input)" in pair.reason


def test_what_is_of_one_kind() -> None:
    assert kind(GRADIENT) != kind(TIMES_INPUT)
    assert kind(PATH) == kind(LRP) == kind(TIMES_INPUT)
    assert kind(INPUT_ONLY) == "perturbation"
    assert kind(RANDOM) == "activation"


def test_a_methods_agreement_is_its_mean_over_the_pairs_that_count() -> None:
    with opened(network(), table()) as target:
        given = [explained(target, one, Settings()) for one in (GRADIENT, INPUT_ONLY, RANDOM)]
    found = agreement(given)
    first, second, third = (one.strength for one in given)
    expected = [
        (spearmanr(a, b).statistic + spearmanr(a, c).statistic) / 2
        for a, b, c in zip(first, second, third, strict=True)
    ]
    assert found.of("gradient") == pytest.approx(expected)


def test_no_pair_is_no_number() -> None:
    assert found_of(PATH, LRP).of("path") is None
    zero = found_of(ZERO, INPUT_ONLY).of("zero")
    assert np.isnan(zero).all()
