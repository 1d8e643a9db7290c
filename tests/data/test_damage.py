from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.data.damage import Damage, Damaged, checked_share, each_unit
from auditkit.data.integrity import FragmentState, Integrity
from auditkit.errors import ConfigurationError, DataError


def damage_of(rows: list[int]) -> Damage:
    damage = Damage()
    for row in rows:
        damage.add(row, f"u{row}", Damaged("it is empty"))
    return damage


ROWS = st.lists(st.integers(0, 2**50), max_size=20)


@given(st.lists(ROWS, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_states_add_up_in_any_order(parts: list[list[int]], random: object) -> None:
    whole = damage_of([row for part in parts for row in part])
    states = [damage_of(part) for part in parts]
    random.shuffle(states)  # type: ignore[attr-defined]
    merged = Damage()
    for state in states:
        merged.merge(Damage.from_plain(state.to_plain()))
    assert merged.to_plain() == whole.to_plain()
    assert merged.count == len({row for part in parts for row in part})


def test_the_first_few_are_named_in_the_order_of_the_data() -> None:
    damage = damage_of([9, 3, 7, 1, 5, 2, 8])
    assert damage.count == 7
    assert [text.split("'")[1] for text in damage.firsts] == ["u1", "u2", "u3", "u5", "u7"]
    assert damage.note("evaluation data", 100) == (
        "7 units of the evaluation data (7 %) could not be read and were left out: 'u1' (it is "
        "empty); 'u2' (it is empty); 'u3' (it is empty); 'u5' (it is empty); 'u7' (it is empty) "
        "and 2 more. What is said of the others need not hold of what was left out."
    )


@pytest.mark.parametrize(("share", "units", "damaged"), [(0.29, 100, 29), (0.0, 5, 0), (1.0, 3, 3)])
def test_the_declared_share_itself_is_tolerated(share: float, units: int, damaged: int) -> None:
    damage_of(list(range(damaged))).refuse_above(share, units, "evaluation data")


def test_more_than_the_share_is_refused_with_a_mend_that_would_do() -> None:
    damage = damage_of([4, 6])
    with pytest.raises(DataError) as caught:
        damage.refuse_above(0.01, 150, "evaluation data")
    assert str(caught.value) == (
        "2 of the 150 units of the evaluation data (1.33 %) cannot be read, more than the 1 % that "
        "are tolerated: 'u4' (it is empty); 'u6' (it is empty). Mend these units or take them out, "
        "or declare the share that may be damaged: damaged: 0.014."
    )
    damage.refuse_above(0.014, 150, "evaluation data")


@pytest.mark.parametrize("share", [-0.1, 1.1, "0.1", True, float("nan"), None])
def test_a_share_that_means_nothing_is_refused(share: object) -> None:
    with pytest.raises(ConfigurationError, match="expected the share of units"):
        checked_share(share)


def test_only_unreadable_units_are_damaged_and_defects_are_not_hidden() -> None:
    def broken(_: object) -> None:
        raise KeyError("a defect")

    with pytest.raises(KeyError):
        each_unit([1], broken)


def test_damage_travels_with_the_integrity_of_a_split() -> None:
    states = [Integrity(), Integrity()]
    for place, state in enumerate(states):
        state.add(f"part {place}", FragmentState())
        state.damage.add(place, f"u{place}", Damaged("it is empty"))
    merged = Integrity()
    for state in states:
        merged.merge(Integrity.from_bytes(state.to_bytes()))
    assert merged.damage.count == 2
