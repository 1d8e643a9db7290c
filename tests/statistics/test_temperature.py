"""Temperature scaling: against a grid, a logistic regression and netcal, and its interval."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, log_softmax

from auditkit.statistics.estimates import bounds, interval
from auditkit.statistics.temperature import HIGHEST, LOWEST, Temperature, fit_temperature


def binary(n: int, seed: int = 0, bend: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits `[0, odds]` that are `bend` times too large, and outcomes."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 1.5, n)
    truth = rng.random(n) < expit(odds)
    return np.stack([np.zeros(n), bend * odds], axis=1), truth.astype(int)


def multiclass(n: int, seed: int = 0, bend: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, 5))
    # The largest of logits plus Gumbel noise is drawn from their softmax.
    return bend * logits, (logits + rng.gumbel(size=(n, 5))).argmax(axis=1)


def log_loss(logits: np.ndarray, target: np.ndarray, temperature: float) -> float:
    return -log_softmax(logits / temperature, axis=1)[np.arange(len(target)), target].mean()


@pytest.mark.parametrize("world", [binary, multiclass])
@pytest.mark.parametrize("bend", [1 / 3, 1.0, 3.0])
def test_it_is_the_minimum_of_a_grid(world, bend: float) -> None:
    logits, target = world(800, bend=bend)
    found = fit_temperature(logits, target)
    grid = np.exp(np.linspace(np.log(0.1), np.log(10), 4001))
    losses = [log_loss(logits, target, one) for one in grid]
    assert found.value == pytest.approx(grid[int(np.argmin(losses))], rel=2e-3)
    assert log_loss(logits, target, found.value) <= min(losses) + 1e-12
    assert found.caveat == ""


def test_of_two_classes_it_is_a_logistic_regression_without_intercept() -> None:
    from sklearn.linear_model import LogisticRegression

    logits, target = binary(1500)
    peer = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10, max_iter=1000)
    peer.fit(logits[:, 1:], target)
    assert fit_temperature(logits, target).value == pytest.approx(1 / peer.coef_[0, 0], rel=1e-5)


def test_it_is_that_of_scikit_learn() -> None:
    from sklearn.calibration import _TemperatureScaling

    logits, target = multiclass(1500)
    peer = _TemperatureScaling().fit(logits, target)
    assert fit_temperature(logits, target).value == pytest.approx(1 / peer.beta_, rel=1e-4)


@pytest.mark.parametrize("world", [binary, multiclass])
@pytest.mark.parametrize("bend", [1 / 3, 3.0])
def test_the_bend_lies_in_its_interval(world, bend: float) -> None:
    found = fit_temperature(*world(4000, seed=2, bend=bend))
    assert found.estimate is not None
    span = interval(found.estimate, 0.99)
    assert span.low < bend < span.high
    assert span.high / span.low < 1.3


def test_scale_and_level_of_the_logits_do_not_matter() -> None:
    logits, target = multiclass(500)
    base = fit_temperature(logits, target)
    assert fit_temperature(20 * logits, target).value == pytest.approx(20 * base.value)
    moved = logits + np.random.default_rng(0).normal(size=(500, 1)) * 100
    assert fit_temperature(moved, target).value == pytest.approx(base.value)


def test_applied_it_gives_probabilities_in_the_same_order() -> None:
    logits, target = multiclass(200)
    found = fit_temperature(logits, target)
    given = found.apply(logits)
    np.testing.assert_allclose(given.sum(axis=1), 1)
    np.testing.assert_array_equal(given.argsort(axis=1), logits.argsort(axis=1))
    np.testing.assert_allclose(np.log(given), log_softmax(logits / found.value, axis=1))


def test_saturated_logits_are_finite() -> None:
    logits, target = binary(500)
    far = logits * 300
    with np.errstate(all="raise", under="ignore"):
        found = fit_temperature(far, target)
    assert found.value == pytest.approx(300 * fit_temperature(logits, target).value)
    assert np.isfinite(found.apply(far)).all()


def test_separable_units_bound_nothing_and_say_so() -> None:
    logits, _ = multiclass(300)
    found = fit_temperature(logits, logits.argmax(axis=1))
    assert (found.value, found.estimate) == (LOWEST, None)
    assert "true class has the highest logit" in found.caveat
    assert found.caveat.endswith(".")


def test_confidence_that_contradicts_the_truth_is_flattened() -> None:
    logits, target = binary(500)
    found = fit_temperature(logits, 1 - target)
    assert (found.value, found.estimate) == (HIGHEST, None)
    assert "does not go with the truth" in found.caveat


def test_one_class_alone() -> None:
    logits, _ = binary(500)
    # Half of the units are promised to be of the other: the best is to promise nothing.
    assert fit_temperature(logits, np.zeros(500, int)).value > 10
    sure = np.stack([np.zeros(50), np.full(50, 2.0)], axis=1)
    assert fit_temperature(sure, np.ones(50, int)).value == LOWEST


def test_equal_logits_are_left_alone() -> None:
    found = fit_temperature(np.ones((20, 3)), np.arange(20) % 3)
    assert (found.value, found.estimate) == (1.0, None)
    assert found.caveat.endswith("no temperature changes anything.")


@pytest.mark.parametrize(
    ("logits", "target", "words"),
    [
        ([[0.0, 1.0]], [0, 1], "found"),
        ([[0.0], [1.0]], [0, 0], "two classes or more"),
        (np.zeros((0, 2)), np.zeros(0, int), "at least one unit"),
        ([[0.0, np.nan]], [0], "finite"),
        ([[0.0, np.inf]], [0], "finite"),
        ([[0.0, 1.0]], [2], r"\[0, 1\]"),
        ([[0.0, 1.0]], [-1], r"\[0, 1\]"),
        ([[0.0, 1.0]], [0.5], "codes"),
    ],
)
def test_what_cannot_be_fitted_is_refused(logits, target, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fit_temperature(logits, target)


def test_blocks_must_be_several_and_of_all_units() -> None:
    logits, target = binary(40)
    with pytest.raises(ValueError, match="two blocks"):
        fit_temperature(logits, target, np.zeros(40))
    with pytest.raises(ValueError, match="a block for each"):
        fit_temperature(logits, target, np.zeros(3))


def test_copies_of_units_in_one_block_tell_nothing_new() -> None:
    logits, target = binary(1280)
    blocks = np.arange(1280) % 64
    once = fit_temperature(logits, target)
    often = fit_temperature(*(np.repeat(part, 9, axis=0) for part in (logits, target, blocks)))
    assert often.value == pytest.approx(once.value)
    assert once.estimate is not None
    assert often.estimate is not None
    assert often.estimate.parameters["df"] == 63
    se = once.estimate.parameters["se_log"]
    assert often.estimate.parameters["se_log"] == pytest.approx(se, rel=0.3)


def clustered(rng: np.random.Generator, n: int, clusters: int) -> tuple[np.ndarray, ...]:
    """Units of a cluster have a level in common that the logits do not know of."""
    cluster = rng.integers(0, clusters, n)
    level, odds = rng.normal(0, 1.2, clusters)[cluster], rng.normal(0, 1.0, n)
    common = rng.normal(0, 1.2, clusters)[cluster]
    truth = (rng.random(n) < expit(odds + level + common)).astype(int)
    return np.stack([np.zeros(n), 2 * (odds + level)], axis=1), truth, cluster


@pytest.mark.parametrize("kind", ["rows", "no temperature fits", "clusters"])
def test_the_interval_covers(kind: str) -> None:
    rng, missed = np.random.default_rng(5), np.zeros(2)
    # The temperature that very many units would give.
    if kind == "clusters":
        true = fit_temperature(*clustered(np.random.default_rng(0), 400_000, 400_000)[:2]).value
    elif kind == "rows":
        true = 3.0
    else:
        logits, target = binary(400_000, bend=1.0)
        true = fit_temperature(np.sign(logits) * np.abs(logits) ** 2, target).value
    for seed in range(300):
        if kind == "clusters":
            logits, target, cluster = clustered(rng, 1500, 150)
            found = fit_temperature(logits, target, cluster % 64)
        else:
            logits, target = binary(400, seed + 10, 3.0 if kind == "rows" else 1.0)
            bent = logits if kind == "rows" else np.sign(logits) * np.abs(logits) ** 2
            found = fit_temperature(bent, target)
        assert found.estimate is not None
        low, high = bounds(found.estimate, 0.05)
        missed += low > true, high < true
    # 5 % on either side; 300 repetitions tell it to about ±2.5 points.
    assert (missed / 300 < 0.09).all(), missed / 300


def test_a_temperature_is_plain_data() -> None:
    assert Temperature(2.0, None) == Temperature(2.0, None)
