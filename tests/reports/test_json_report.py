"""The JSON report: strict JSON, stable, and nothing of the record lost."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditkit.records.record import record_from_plain, record_to_plain
from auditkit.reports.json_report import render
from tests.reports.hostile import STRINGS, hostile_record
from tests.samples import sample_record


def refuse(name: str) -> Any:
    raise AssertionError(f"{name} is not JSON")


def test_the_record_can_be_read_back() -> None:
    plain = json.loads(render(sample_record()), parse_constant=refuse)
    assert record_to_plain(record_from_plain(plain)) == record_to_plain(sample_record())


def test_keys_are_sorted_and_the_order_of_dictionaries_does_not_matter() -> None:
    one = sample_record(settings={"a": 1, "b": {"d": 1, "c": 2}})
    other = sample_record(settings={"b": {"c": 2, "d": 1}, "a": 1})
    assert render(one) == render(other)
    assert list(json.loads(render(one))) == sorted(json.loads(render(one)))


def test_numbers_that_json_lacks_are_null() -> None:
    record = sample_record(settings={"nan": math.nan, "inf": math.inf, "deep": [{"x": -math.inf}]})
    settings = json.loads(render(record), parse_constant=refuse)["settings"]
    assert settings == {"nan": None, "inf": None, "deep": [{"x": None}]}


def test_what_is_no_json_becomes_a_number_or_text() -> None:
    odd = {"a": np.float32(0.5), "b": np.arange(2), "c": Path("x/y"), "d": np.float64("nan")}
    settings = json.loads(render(sample_record(settings=odd)), parse_constant=refuse)["settings"]
    assert settings == {"a": 0.5, "b": [0, 1], "c": str(Path("x/y")), "d": None}


@pytest.mark.parametrize("poison", STRINGS)
def test_hostile_text_round_trips(poison: str) -> None:
    text = render(hostile_record(poison))
    text.encode("ascii")
    assert json.loads(text)["name"] == f"Income classifier{poison}"
