"""What every adviser must do for every kind of subject."""

from __future__ import annotations

import math

import numpy as np
import pytest

import auditkit
from auditkit.advice import ADVISERS
from auditkit.auditing import Settings, audit
from auditkit.checks import load_checks
from auditkit.evidence.hashing import blocks, folds
from auditkit.measurement import Status
from auditkit.mending import Advice, advice_from_plain, advice_to_plain
from auditkit.statistics import estimates
from tests.checks.subjects import CASES


def run(case: str, batch_size: int = 4096) -> auditkit.Run:
    model, data = CASES[case]()
    settings = Settings(
        checks=("bias", "performance", "calibration"), batch_size=batch_size, quiet=True
    )
    return audit(model, data, policy=None, settings=settings)


@pytest.mark.parametrize("case", CASES)
def test_no_subject_breaks_an_adviser(case: str) -> None:
    record = run(case).record
    assert not [note for note in record.notes if "not worked out" in note]
    for advice in record.advice:
        assert_sound(advice)


def assert_sound(advice: Advice) -> None:
    """Every number has n and an interval or a reason; the advice survives the record."""
    assert advice.title
    assert all(sentence.endswith(".") for sentence in (*advice.sentences, *advice.cost))
    assert bool(advice.options) == bool(advice.cost) == bool(advice.caution)
    assert advice_from_plain(advice_to_plain(advice)) == advice
    for option in advice.options:
        keys = [one.key for one in option.measurements]
        assert len(keys) == len(set(keys))
        for one in option.measurements:
            assert one.units > 0
            if one.value is None:
                assert one.status is not Status.MEASURED
                assert one.reason.endswith(".")
                continue
            assert math.isfinite(one.value)
            assert one.estimate is not None
            assert estimates.value(one.estimate) == one.value
            assert one.interval is not None or one.estimate.method == "exact"


@pytest.mark.parametrize("case", ["binary", "clustered"])
def test_the_batches_make_no_difference(case: str) -> None:
    assert run(case, batch_size=7).record.advice == run(case).record.advice


@pytest.mark.parametrize("adviser", ADVISERS, ids=lambda adviser: adviser.name)
def test_it_watches_metrics_that_some_check_measures(adviser) -> None:
    known = {metric.id for check in load_checks()[0] for metric in check.metrics}
    assert set(adviser.watches) <= known


def test_names_are_unique() -> None:
    assert len({adviser.name for adviser in ADVISERS}) == len(ADVISERS)


@pytest.mark.parametrize("ids", [np.arange(20_000), np.arange(20_000).astype(str).astype(object)])
def test_halves_are_halves_and_know_nothing_of_the_blocks(ids: np.ndarray) -> None:
    half, block = folds(ids), blocks(ids)
    table = np.zeros((2, 64), dtype=int)
    np.add.at(table, (half, block), 1)
    expected = len(ids) / 128
    statistic = ((table - expected) ** 2 / expected).sum()
    assert statistic < 190  # the chi-squared quantile of 127 degrees at .9998
    np.testing.assert_array_equal(folds(ids[::-1]), half[::-1])
