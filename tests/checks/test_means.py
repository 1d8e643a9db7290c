"""Means of weighted rows: the weighted mean, and what a few heavy rows leave of its certainty."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta

from auditkit.checks.estimation import NoEstimateError
from auditkit.checks.means import weighted_gap, weighted_mean
from auditkit.data import Group
from auditkit.measurement import Status
from auditkit.statistics import estimates
from tests.checks.audits import DECIDING, data_of, findings, found, scored, stored

SEX = (Group("sex", "sex", "M"),)
REPETITIONS = 400


def drawn(rng: np.random.Generator, n: int, spread: float) -> np.ndarray:
    """Σw, Σwv and Σw² by block, of values around 1 and lognormal weights."""
    weights, values = np.exp(spread * rng.normal(size=n)), 1 + rng.normal(size=n)
    states = np.zeros((64, 3))
    rows = np.stack([weights, weights * values, weights**2], axis=1)
    np.add.at(states, rng.integers(0, 64, n), rows)
    return states


@pytest.mark.parametrize(("n", "spread"), [(60, 2.0), (60, 1.0), (300, 2.0)])
def test_bounds_cover_under_unequal_weights(n: int, spread: float) -> None:
    rng = np.random.default_rng(1)
    missed = kept = 0
    while kept < REPETITIONS:
        try:
            low, high = estimates.bounds(weighted_mean(drawn(rng, n, spread)), 0.025)
        except NoEstimateError:
            continue
        kept += 1
        missed += not low <= 1 <= high
    # A tenth of the goal is left to what normal theory leaves out with eight rows' worth.
    assert float(beta.ppf(0.025, missed, REPETITIONS - missed + 1)) <= 0.055


def test_a_row_that_dominates_leaves_no_mean() -> None:
    states = drawn(np.random.default_rng(2), 500, 0.5)
    assert estimates.value(weighted_mean(states)) == pytest.approx(1, abs=0.2)
    heavy = states.copy()
    heavy[3] += (1e6, 1e6, 1e12)
    with pytest.raises(NoEstimateError, match=r"as much as 1\.0 equal ones"):
        weighted_mean(heavy)
    with pytest.raises(NoEstimateError, match="few rows hold most of the weight"):
        weighted_gap(np.stack([states, heavy], axis=1))
    with pytest.raises(NoEstimateError, match="no weight"):
        weighted_mean(np.zeros((64, 3)))


@pytest.mark.parametrize("roles", [{}, {"cluster": "person"}])
def test_losses_of_a_group_of_one_heavy_row_are_too_few(roles: dict[str, str]) -> None:
    table = scored(1200, 1, sex=["F", "M"] * 600, w=1.0, person=np.arange(1200) // 4)
    table.loc[0, "w"] = 1e6
    result = findings("bias", stored(**DECIDING), data_of(table, groups=SEX, weight="w", **roles))
    for name in ("log_loss", "selection_rate"):
        assert found(result, f"bias.{name}", {"sex": "F"}).status is Status.TOO_FEW
        assert found(result, f"bias.{name}", {"sex": "M"}).status is Status.MEASURED
    gap = found(result, "bias.log_loss_difference", {"sex": "F"}, {"sex": "M"})
    assert gap.status is Status.TOO_FEW
