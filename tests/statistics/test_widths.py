"""How wide intervals are, and how many units make them narrower."""

from __future__ import annotations

import pytest

from auditkit.measurement import Estimate
from auditkit.statistics import estimates
from auditkit.statistics.widths import half_width, units_for_half_width

ESTIMATES = {
    "wilson": estimates.proportion(80, 100),
    "student": estimates.mean(10, 30, 100),
    "f1": estimates.f1(40, 20),
    "root": estimates.root_mean(100, 300, 100),
}


@pytest.mark.parametrize("name", ESTIMATES)
@pytest.mark.parametrize("share", [0.5, 2.0])
def test_so_many_units_give_the_width(name: str, share: float) -> None:
    given = ESTIMATES[name]
    wanted = half_width(given) * share
    units = units_for_half_width(given, wanted, 100)
    assert units is not None
    assert (units > 100) == (share < 1)
    scaled = estimates.METHODS[given.method].scaled(given.parameters, units / 100)
    assert half_width(Estimate(given.method, scaled)) == pytest.approx(wanted, rel=0.02)


def test_half_a_width_takes_about_four_times_the_units() -> None:
    found = units_for_half_width(ESTIMATES["wilson"], half_width(ESTIMATES["wilson"]) / 2, 100)
    assert found == pytest.approx(400, rel=0.05)


@pytest.mark.parametrize("certain", [estimates.exact(3), estimates.mean(10, 1, 100)])
def test_without_bounds_no_number_would_do(certain: Estimate) -> None:
    assert units_for_half_width(certain, 0.1, 100) is None


def test_a_width_is_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        units_for_half_width(ESTIMATES["wilson"], 0.0, 100)


def test_what_takes_more_than_there_ever_are() -> None:
    assert units_for_half_width(ESTIMATES["student"], 1e-9, 100) is None
