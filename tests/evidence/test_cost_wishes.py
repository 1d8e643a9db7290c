"""Wishes about costs: what is taken, and one clear error for what is not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.configuration import CostSection
from auditkit.errors import ConfigurationError
from auditkit.evidence.cost_wishes import CostWishes


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"batch_sizes": []}, "cost.batch_sizes is []; expected up to 8 whole numbers"),
        ({"batch_sizes": [0]}, "cost.batch_sizes is [0]"),
        ({"batch_sizes": [True]}, "cost.batch_sizes is [True]"),
        ({"batch_sizes": 8}, "cost.batch_sizes is 8"),
        ({"batch_sizes": list(range(1, 10))}, "expected up to 8"),
        ({"seconds": 0}, "cost.seconds is 0; expected a number from 0.01 to 3,600"),
        ({"seconds": float("nan")}, "cost.seconds is nan"),
        ({"energy_seconds": -1}, "cost.energy_seconds is -1"),
        ({"price_per_hour": "1", "currency": "EUR"}, "cost.price_per_hour is '1'"),
        ({"price_per_hour": 1}, "go together; one of them is missing"),
        ({"currency": "EUR"}, "go together; one of them is missing"),
        ({"currency": 3}, "cost.currency is 3; expected text"),
        ({"grid_grams_per_kwh": 56}, "cost.grid_source go together"),
        ({"grid_source": "RTE"}, "cost.grid_source go together"),
        ({"grid_grams_per_kwh": 56, "grid_source": "RTE", "country": "FRA"}, "both given"),
        ({"country": "France"}, "expected three capital letters"),
        ({"power_watts": 0}, "cost.power_watts is 0"),
        ({"watts": 3}, "expected some of batch_sizes, seconds"),
        (["seconds"], "expected some of batch_sizes"),
    ],
)
def test_a_wrong_wish_is_one_clear_error(wishes: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        CostWishes.of(wishes)
    assert message in error.value.problem
    assert error.value.mend.startswith("Give")


def test_the_section_of_the_file_has_the_same_wishes() -> None:
    assert CostWishes(**CostSection().model_dump()) == CostWishes()
    assert set(CostSection.model_fields) == set(CostWishes().describe())


@given(st.dictionaries(
    st.sampled_from(["batch_sizes", "seconds", "price_per_hour", "currency", "country"]),
    st.one_of(st.none(), st.floats(), st.integers(), st.text(max_size=4), st.lists(st.integers())),
))  # fmt: skip
def test_whatever_is_wished_is_taken_or_refused(wishes: dict[str, Any]) -> None:
    try:
        found = CostWishes.of(wishes)
    except ConfigurationError:
        return
    assert CostWishes.of({**found.describe()}) == found
