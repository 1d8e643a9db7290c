"""Whether other features count for other people: planted, clean, few, and in clusters."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from auditkit.measurement import REST, Slice, Status
from auditkit.models import wrap
from tests.checks.audits import data_of, found
from tests.checks.explained import explaining, figures

NAMES = ("pay", "debt", "code")
DIFFERENCE, MEAN = "explanation.attribution_difference", "explanation.mean_attribution"


class _Uneven(nn.Module):
    """`pay` counts for those with a positive code alone."""

    def __init__(self, other: float) -> None:
        super().__init__()
        self.other = other

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, 0] * torch.where(x[:, 2] > 0, 1.0, self.other) + 0.5 * x[:, 1]


def people(n: int = 600, seed: int = 0, tiny: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    sex = rng.choice(["F", "M"], n).astype(object)
    sex[:tiny] = "X"
    frame = pd.DataFrame({f"x{i}": rng.normal(size=n).astype(np.float32) for i in range(3)})
    frame["x2"] = np.where(sex == "F", 1.0, -1.0).astype(np.float32)
    return frame.assign(sex=sex, y=rng.integers(0, 2, n), person=np.arange(n) // 4)


def model_of(other: float):
    return wrap(_Uneven(other), task="binary", outputs="logits", device="cpu")


GROUPS = {"sex": {"reference": "M"}}


def test_a_feature_that_counts_for_some_alone_is_found() -> None:
    result = explaining(model_of(0.0), data_of(people(), groups=GROUPS), NAMES)
    measured = found(result, DIFFERENCE, {"sex": "F"}, {"sex": "M"}, label="pay")
    own = found(result, MEAN, {"sex": "F"}, label="pay")
    # Nobody else's map holds anything of it: the difference is all of it.
    assert found(result, MEAN, {"sex": "M"}, label="pay").value == 0.0
    assert measured.value == pytest.approx(own.value)
    assert measured.interval.low > 0.5
    (note,) = result.notes
    assert "pay, +0.8" in note
    assert "for sex=F against sex=M" in note
    assert "debt" not in note


def test_a_model_that_treats_all_alike_raises_no_alarm() -> None:
    for seed in range(3):
        result = explaining(model_of(1.0), data_of(people(seed=seed), groups=GROUPS), NAMES)
        assert result.notes == ()
        for name in ("pay", "debt"):
            measured = found(result, DIFFERENCE, {"sex": "F"}, {"sex": "M"}, label=name)
            assert abs(measured.value) < 0.35


def test_the_ranking_of_each_group_is_drawn() -> None:
    result = explaining(model_of(0.0), data_of(people(), groups=GROUPS), NAMES)
    (figure,) = figures(result, "feature_ranking_by_group")
    assert figure.title == "What the output depends on, by sex"
    assert figure.data["attribute"] == "sex"
    assert figure.data["n"] == 128
    assert len(figure.data["rows"]) == 6
    (women,) = [r for r in figure.data["rows"] if (r["feature"], r["group"]) == ("pay", "F")]
    measured = found(result, MEAN, {"sex": "F"}, label="pay")
    assert women == {
        "feature": "pay", "group": "F", "value": measured.value, "n": measured.rows,
        "low": measured.interval.low, "high": measured.interval.high,
    }  # fmt: skip


def test_fewer_than_five_are_named_and_not_measured() -> None:
    result = explaining(model_of(0.0), data_of(people(128, tiny=4), groups=GROUPS), NAMES)
    for metric, reference in ((MEAN, None), (DIFFERENCE, {"sex": "M"})):
        few = found(result, metric, {"sex": "X"}, reference)
        assert few.status is Status.TOO_FEW
        assert (few.value, few.rows, few.key.label) == (None, 0, "")
        assert few.reason.startswith("sex=X has too few explained units")
    (figure,) = figures(result, "feature_ranking_by_group")
    hidden = [row for row in figure.data["rows"] if row["group"] == "X"]
    assert len(hidden) == 3
    assert all(row["value"] is None and row["n"] is None for row in hidden)


def test_without_a_reference_each_group_stands_against_all_others() -> None:
    result = explaining(model_of(0.0), data_of(people(), groups=("sex",)), NAMES)
    pair = [found(result, DIFFERENCE, {"sex": one}, REST, label="pay").value for one in ("F", "M")]
    assert pair[0] == pytest.approx(-pair[1])
    assert not [m for m in result.measurements if m.key.reference == Slice.of(sex="M")]


def test_clusters_widen_the_intervals() -> None:
    frame = people()
    for column in ("x0", "x1", "x2", "sex"):
        frame[column] = frame.groupby("person")[column].transform("first")
    naive, clustered = (
        explaining(model_of(0.0), data_of(frame, groups=GROUPS, cluster=cluster), NAMES, units=600)
        for cluster in (None, "person")
    )
    one, other = (
        found(result, DIFFERENCE, {"sex": "F"}, {"sex": "M"}, label="debt")
        for result in (naive, clustered)
    )
    assert one.value == pytest.approx(other.value)
    assert (one.units, other.units) == (600, 150)
    widths = [m.interval.high - m.interval.low for m in (one, other)]
    assert 1.6 < widths[1] / widths[0] < 2.6


def test_too_few_clusters_on_a_side() -> None:
    frame = people().assign(person=lambda f: np.where(f["sex"] == "F", f["person"], 7))
    result = explaining(
        model_of(0.0), data_of(frame, groups=GROUPS, cluster="person"), NAMES, units=300
    )
    measured = found(result, DIFFERENCE, {"sex": "F"}, {"sex": "M"}, label="pay")
    assert measured.status is Status.TOO_FEW
    assert "1 cluster on one side" in measured.reason


def test_without_groups_nothing_is_said_of_them() -> None:
    result = explaining(model_of(0.0), data_of(people()), NAMES)
    assert not figures(result, "feature_ranking_by_group")
    assert DIFFERENCE not in {m.key.metric for m in result.measurements}


def test_numbers_that_are_predicted_have_groups_too() -> None:
    model = wrap(_Uneven(0.0), task="regression", device="cpu")
    frame = people().assign(y=lambda f: f["x0"])
    result = explaining(model, data_of(frame, groups=GROUPS), NAMES)
    assert found(result, DIFFERENCE, {"sex": "F"}, {"sex": "M"}, label="pay").interval.low > 0.5


class _Steps(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x[:, 0] > 0).float()


def test_a_model_without_maps_says_so_of_its_groups() -> None:
    model = wrap(_Steps(), task="binary", outputs="probabilities", device="cpu")
    result = explaining(model, data_of(people(), groups=GROUPS), NAMES)
    measured = found(result, DIFFERENCE)
    assert measured.status is not Status.MEASURED
    assert measured.reason
