"""Which number a text gives."""

from __future__ import annotations

import pytest

from auditkit.generation.correctness.numbers import Number, number_in, same_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", 42), ("-3.5", -3.5), ("−3", -3), ("1,234.5", 1234.5), ("1 234 567", 1_234_567),
        ("3,5", 3.5), ("1,234", 1234), (".5", 0.5), ("1e5", 1e5), ("2 × 10^6", 2e6), ("½", 0.5),
        ("3/4", 0.75), ("10-20", 20), ("$5", 5), ("$-5", -5), ("3k", 3000), ("2 bn", 2e9),
        ("1.5 Million", 1.5e6), ("5 m tall", 5), ("- 5", 5), ("three hundred and five", 305),
        ("two million one hundred thousand", 2_100_000), ("minus twenty-one", -21),
        ("a hundred people, all seven", 7), ("in room A5: 7.", 7), ("one, two", 2), ("1/0", 1),
    ],
)  # fmt: skip
def test_the_last_number_is_read(text: str, value: float) -> None:
    found = number_in(text)
    assert found is not None
    assert found.value == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "none", "1.2.3", "A5", "someone", "hundreds", "12/05/2020"])
def test_what_is_no_number(text: str) -> None:
    assert number_in(text) is None


def test_percent() -> None:
    assert same_number(Number(45, True), Number(0.45), 0)
    assert same_number(Number(45, True), Number(45), 0)
    assert same_number(Number(45), Number(45, True), 0)
    assert same_number(Number(0.45), Number(45, True), 0)
    assert not same_number(Number(0.45, True), Number(45, True), 0)


def test_hostile_numbers() -> None:
    assert number_in("9" * 1900) is not None
    assert not same_number(Number(float("inf")), Number(1), 0.5)
    assert number_in("1e999") is None
    assert number_in("1, " * 100_000) is not None
