"""What is read off predicted quantiles, against scikit-learn and literal twins."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error, mean_pinball_loss

from auditkit.data import Columns, Group
from auditkit.errors import DataError, ModelError
from auditkit.evidence import CountNeed, SumNeed, ViewKey
from auditkit.evidence.needs import PIT_CELL, group, rests_on_labels, weighted
from auditkit.evidence.quantile_values import (
    CROSSING,
    PINBALL,
    below,
    inside,
    pinball,
    pit_cell,
    quantile_values,
    width,
)
from tests.evidence.passes import collect, of_columns, sums, values

LEVELS = (0.1, 0.4, 0.6, 0.9)
WHOLE = ViewKey("")
N = 200


def table(n: int = N, seed: int = 0) -> pd.DataFrame:
    """Whole numbers, so that targets often fall on a quantile; some quantiles cross."""
    rng = np.random.default_rng(seed)
    predicted = np.sort(rng.integers(0, 8, (n, len(LEVELS))), axis=1).astype(float)
    predicted[::10, 1] += 4
    columns = {f"s{place}": predicted[:, place] for place in range(len(LEVELS))}
    sex = rng.choice(["F", "M"], n)
    return pd.DataFrame({"id": range(n), **columns, "y": rng.integers(0, 8, n), "sex": sex})


def predicted_of(frame: pd.DataFrame) -> np.ndarray:
    return frame[[f"s{place}" for place in range(len(LEVELS))]].to_numpy()


def collected(frame: pd.DataFrame, *needs: Any, **more: Any) -> Any:
    names = [f"s{place}" for place in range(len(LEVELS))]
    model = of_columns(names, task="regression", quantiles=LEVELS)
    return collect(frame, model, needs, **more)


def expected(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Every value of every unit, literally."""
    predicted, y = predicted_of(frame), frame["y"].to_numpy()
    losses = [
        [mean_pinball_loss([t], [q], alpha=level) for t, q in zip(y, column, strict=True)]
        for level, column in zip(LEVELS, predicted.T, strict=True)
    ]
    found = {
        CROSSING: np.array([any(b < a for a, b in pairwise(r)) for r in predicted]),
        PINBALL: np.mean(losses, axis=0),
    }
    for place, level in enumerate(LEVELS):
        found[below(level)] = np.array([t <= r[place] for t, r in zip(y, predicted, strict=True)])
        found[pinball(level)] = np.array(losses[place])
    for low, high in ((0, 3), (1, 2)):
        ends = LEVELS[low], LEVELS[high]
        held = [r[low] <= t <= r[high] for t, r in zip(y, predicted, strict=True)]
        found[inside(*ends)] = np.array(held)
        found[width(*ends)] = predicted[:, high] - predicted[:, low]
    return found


def test_every_value_is_the_literal_one() -> None:
    frame = table()
    twins = expected(frame)
    assert set(twins) == set(quantile_values(LEVELS))
    needs = [SumNeed(WHOLE, name) for name in twins]
    found = collected(frame, *needs)
    for need in needs:
        twin = twins[need.value].astype(float)
        n, total, squares = sums(found, need)
        assert n == N
        assert total == pytest.approx(twin.sum(), rel=1e-12), need.value
        assert squares == pytest.approx((twin**2).sum(), rel=1e-12), need.value


def test_pinball_loss_is_scikit_learns() -> None:
    frame = table(seed=3)
    for place, level in enumerate(LEVELS):
        need = SumNeed(WHOLE, pinball(level))
        peer = mean_pinball_loss(frame["y"], frame[f"s{place}"], alpha=level)
        assert sums(collected(frame, need), need)[1] / N == pytest.approx(peer, rel=1e-12)


def test_errors_are_those_of_the_central_quantile() -> None:
    frame = table()
    need = SumNeed(WHOLE, "absolute_error")
    # .4 and .6 are equally near the median: the lower one.
    peer = mean_absolute_error(frame["y"], frame["s1"])
    assert sums(collected(frame, need), need)[1] / N == pytest.approx(peer, rel=1e-12)


def test_cells_hold_targets_at_or_below_their_upper_quantile() -> None:
    frame = table()
    need = CountNeed(WHOLE, (PIT_CELL, group("sex")))
    columns = Columns(label="y", groups=(Group("sex", "sex"),))
    found = collected(frame, need, columns=columns)
    predicted, y = predicted_of(frame), frame["y"].to_numpy()
    twin = np.zeros((5, 2), dtype=int)
    for row, target, sex in zip(predicted, y, frame["sex"], strict=True):
        twin[int(np.searchsorted(np.sort(row), target)), "FM".index(sex)] += 1
    np.testing.assert_array_equal(values(found, need), twin)
    assert found.count(need).axes[0].labels == (
        "up to 0.1", "0.1 to 0.4", "0.4 to 0.6", "0.6 to 0.9", "above 0.9",
    )  # fmt: skip


@given(st.lists(st.lists(st.integers(-3, 3), min_size=5, max_size=5), min_size=1, max_size=20))
def test_a_cell_is_what_the_shares_below_add_up_to(rows: list[list[int]]) -> None:
    array = torch.tensor(rows, dtype=torch.float64)
    predicted, target = array[:, :4], array[:, 4]
    under = sum(quantile_values(LEVELS)[below(level)](predicted, target) for level in LEVELS)
    assert (pit_cell(predicted, target) == 4 - under).all()


def test_single_precision_outputs_are_compared_in_double() -> None:
    predicted = torch.tensor([[0.1, 0.2, 0.3, 0.4]], dtype=torch.float32)
    target = torch.tensor([0.1 + 1e-9], dtype=torch.float64)
    assert quantile_values(LEVELS)[below(0.1)](predicted, target).item() == 1.0
    assert pit_cell(predicted, target + 1e-8).item() == 1


def test_the_size_of_batches_changes_nothing() -> None:
    frame = table()
    need, cells = SumNeed(WHOLE, PINBALL), CountNeed(WHOLE, (PIT_CELL,))
    one, many = (collected(frame, need, cells, batches=sizes) for sizes in ((N,), (1,) * N))
    np.testing.assert_allclose(sums(one, need), sums(many, need), rtol=1e-12)
    np.testing.assert_array_equal(values(one, cells), values(many, cells))


def test_widths_and_crossings_need_no_label() -> None:
    for name in (width(0.1, 0.9), CROSSING, weighted(CROSSING)):
        assert not rests_on_labels(SumNeed(WHOLE, name))
    for name in (below(0.1), inside(0.1, 0.9), PINBALL, pinball(0.1), weighted(PINBALL)):
        assert rests_on_labels(SumNeed(WHOLE, name))
    assert rests_on_labels(CountNeed(WHOLE, (PIT_CELL,)))


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_broken_targets_and_outputs_are_refused(broken: float) -> None:
    need = SumNeed(WHOLE, PINBALL)
    target = table().astype({"y": float})
    target.loc[5, "y"] = broken
    with pytest.raises(DataError, match=r"missing or infinite|no target"):
        collected(target, need)
    output = table()
    output.loc[5, "s2"] = broken
    with pytest.raises(ModelError, match=r"1 of .* rows read so far are not finite"):
        collected(output, need)
