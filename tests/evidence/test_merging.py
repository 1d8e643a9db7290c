"""Evidence as bytes: whole, plain, and never run."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pandas as pd
import pytest
import torch

from auditkit.data import Columns, Group
from auditkit.evidence import AttributionNeed, CountNeed, SumNeed, ViewKey
from auditkit.evidence.merging import from_bytes, merge, to_bytes
from auditkit.evidence.needs import TARGET, group
from auditkit.explain import Wishes
from auditkit.models import wrap
from tests.evidence.passes import collect, plan_of, subject_of

COLUMNS = Columns(label="y", groups=(Group("sex", "sex"),), cluster="person", row_id="id")
NEEDS = (
    CountNeed(ViewKey(""), (TARGET, group("sex"))),
    SumNeed(ViewKey(""), "log_loss"),
    AttributionNeed("", Wishes(units=6)),
)


def model():
    torch.manual_seed(0)
    layer = torch.nn.Linear(1, 1)
    return wrap(
        layer, task="binary", outputs="logits", decision={"threshold": 0.5}, device="cpu",
        preprocess=lambda frame: {"input": torch.tensor(frame[["score"]].to_numpy(np.float32))},
    )  # fmt: skip


@pytest.fixture(params=["numbers", "text"])
def table(request: pytest.FixtureRequest) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    ids = np.arange(40)
    return pd.DataFrame(
        {
            "id": ids if request.param == "numbers" else [f"row {i}" for i in ids],
            "score": rng.random(40),
            "y": rng.integers(0, 2, 40),
            "sex": rng.choice(["F", "M"], 40),
            "person": rng.integers(0, 9, 40),
        }
    )


def test_there_and_back(table: pd.DataFrame) -> None:
    plan = plan_of(NEEDS, subject_of(model(), COLUMNS))
    found = collect(table, model(), NEEDS, columns=COLUMNS)
    back = from_bytes(to_bytes(found, plan), plan)
    assert (back.rows, back.sampled, back.levels) == (found.rows, found.sampled, found.levels)
    assert back.counts == found.counts
    assert back.sums == found.sums
    assert back.sample.row_ids.tolist() == found.sample.row_ids.tolist()
    assert back.sample.row_ids.dtype == found.sample.row_ids.dtype
    assert torch.equal(back.sample.inputs["input"], found.sample.inputs["input"])
    np.testing.assert_array_equal(back.sample.keys, found.sample.keys)
    np.testing.assert_array_equal(back.sample.clusters, found.sample.clusters)
    np.testing.assert_array_equal(back.clusters.keys, found.clusters.keys)
    assert to_bytes(back, plan) == to_bytes(found, plan)


def test_samples_of_workers_become_the_sample_of_all(table: pd.DataFrame) -> None:
    whole = collect(table, model(), NEEDS, columns=COLUMNS)
    parts = [
        collect(table.iloc[a:b], model(), NEEDS, columns=COLUMNS) for a, b in ((0, 9), (9, 40))
    ]
    merged = merge(*parts)
    assert merged.sample.row_ids.tolist() == whole.sample.row_ids.tolist()
    nothing = collect(table.iloc[:0], model(), NEEDS, columns=COLUMNS)
    assert nothing.sample is None
    assert merge(nothing, whole).sample.row_ids.tolist() == whole.sample.row_ids.tolist()


class Hostile:
    def __reduce__(self):
        return (print, ("run!",))


def test_bytes_are_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    plan = plan_of(NEEDS, subject_of(model(), COLUMNS))
    buffer = io.BytesIO()
    torch.save({"rows": Hostile()}, buffer)
    with pytest.raises(pickle.UnpicklingError):
        from_bytes(buffer.getvalue(), plan)
    assert capsys.readouterr().out == ""


def test_another_plan_is_noticed(table: pd.DataFrame) -> None:
    subject = subject_of(model(), COLUMNS)
    data = to_bytes(collect(table, model(), NEEDS, columns=COLUMNS), plan_of(NEEDS, subject))
    with pytest.raises(ValueError, match="zip"):
        from_bytes(data, plan_of(NEEDS[:1], subject))
