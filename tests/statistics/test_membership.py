"""Attack scores against literal twins, and what they must have in common."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from auditkit.statistics.membership import (
    FEWEST_OF_ONE,
    difficulty_calibrated,
    lira_offline,
    log_likelihoods,
    margins,
    rmia_offline,
)


def _models(references: int, units: int = 30) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(references)
    hardness = rng.normal(size=units)
    own = hardness + rng.normal(size=units)
    others = hardness + rng.normal(size=(references, units))
    unseen = rng.random((references, units)) < 0.5
    unseen[0] = True
    return own, others, unseen


@given(
    st.lists(st.floats(-30, 30), min_size=2, max_size=6),
    st.integers(0, 1),
)
def test_margin_and_likelihood_are_those_of_the_softmax(logits: list[float], true: int) -> None:
    exact = [math.exp(one - max(logits)) for one in logits]
    share = exact[true] / math.fsum(exact)
    margin = margins(np.array([logits]), np.array([true]))
    assert log_likelihoods(margin)[0] == pytest.approx(math.log(share), abs=1e-9)
    rest = math.fsum(one for place, one in enumerate(exact) if place != true)
    assert margin[0] == pytest.approx(math.log(exact[true] / rest), abs=1e-9)


def test_what_is_known_by_heart_still_has_an_order() -> None:
    sure = margins(np.array([[50.0, 0.0], [60.0, 0.0]]), np.array([0, 0]))
    found = log_likelihoods(sure)
    assert found[0] < found[1] < 0


def test_difficulty_is_the_mean_loss_of_those_that_have_not_seen_the_unit() -> None:
    own, others, unseen = _models(5)
    expected = [
        own[unit] - np.mean([others[k, unit] for k in range(5) if unseen[k, unit]])
        for unit in range(30)
    ]
    assert np.allclose(difficulty_calibrated(own, others, unseen), expected)


@pytest.mark.parametrize("references", [4, 64])
def test_lira_orders_as_its_gaussian_does(references: int) -> None:
    own, others, unseen = _models(references)
    seen_by_few = int(unseen.sum(axis=0).min())
    assert (seen_by_few >= FEWEST_OF_ONE) == (references == 64)
    samples = [others[unseen[:, unit], unit] for unit in range(30)]
    squares = [((one - one.mean()) ** 2).sum() for one in samples]
    pooled = math.sqrt(math.fsum(squares) / sum(len(one) - 1 for one in samples))
    p_values = [
        norm.sf(
            own[unit],
            loc=samples[unit].mean(),
            scale=samples[unit].std(ddof=1) if seen_by_few >= FEWEST_OF_ONE else pooled,
        )
        for unit in range(30)
    ]
    found = lira_offline(own, others, unseen)
    assert np.allclose(norm.sf(found), p_values)


def test_rmia_ranks_as_its_comparisons_with_a_population_do() -> None:
    own, others, unseen = (part for part in _models(6, 200))
    own, others = -np.abs(own), -np.abs(others)
    ratio = np.exp(rmia_offline(own, others, unseen))
    means = [np.exp(others[unseen[:, unit], unit]).mean() for unit in range(200)]
    expected = np.exp(own) / (0.5 * np.array(means) + 0.5)
    assert np.allclose(ratio, expected)
    population, factor = expected[:100], 1.3
    shares = np.array([(one / population >= factor).mean() for one in expected[100:]])
    order = np.argsort(ratio[100:])
    assert (np.diff(shares[order]) >= 0).all()


@pytest.mark.parametrize("score", [difficulty_calibrated, lira_offline, rmia_offline])
def test_a_unit_that_all_have_seen_has_no_score(score: object) -> None:
    own, others, unseen = _models(4)
    unseen[:, 7] = False
    found = score(own, others, unseen)  # type: ignore[operator]
    assert np.isnan(found[7])
    assert np.isfinite(np.delete(found, 7)).all()
