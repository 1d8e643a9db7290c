"""One pass over each split in this process: fragments, limits, errors, attributions, the bar."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from torch import nn
from torch.utils.data import Dataset as TorchDataset

from auditkit.data import Columns, Group, dataset
from auditkit.errors import DataError
from auditkit.evidence import (
    AttributionNeed,
    CountNeed,
    LocalEngine,
    Options,
    SplitNeed,
    SumNeed,
    ViewKey,
    make_plan,
    progress,
)
from auditkit.evidence.needs import PREDICTION, TARGET, group
from auditkit.explain import Explanation, Maps, NotExplainable, Wishes
from auditkit.models import wrap
from tests.evidence.passes import binary, subject_of

WHOLE = ViewKey("")
COLUMNS = Columns(label="y", groups=(Group("sex", "sex"),), row_id="id")
NEEDS = (CountNeed(WHOLE, (PREDICTION, TARGET, group("sex"))), SumNeed(WHOLE, "brier"))
QUIET = Options(quiet=True)


def people(n: int = 100) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": np.arange(n),
            "score": rng.random(n),
            "y": rng.integers(0, 2, n),
            "sex": rng.choice(["F", "M"], n),
        }
    )


def run(data, model, needs=NEEDS, options: Options = QUIET, splits=("evaluation",)):
    subject = subject_of(model, data.columns, splits=splits)
    plan = make_plan([SplitNeed(split, need) for split in splits for need in needs], subject)
    with model.opened():
        return LocalEngine().run(plan, subject, model, data, options)


def of_table(frame: pd.DataFrame, **more):
    options = {
        "label": "y", "features": ("score",), "groups": ("sex",), "row_id": "id", **more
    }  # fmt: skip
    return dataset(evaluation=frame, **options)


@pytest.mark.parametrize("row_group_size", [100, 17])
def test_every_fragment_is_read(tmp_path: Path, row_group_size: int) -> None:
    table = people()
    path = tmp_path / "people.parquet"
    pq.write_table(pa.Table.from_pandas(table), path, row_group_size=row_group_size)
    model = binary(table)
    found = run(of_table(str(path)), model, options=Options(batch_size=8, quiet=True))
    evidence = found["evaluation"]
    assert (evidence.rows, evidence.sampled) == (100, False)
    predicted = (table["score"] >= 0.5).astype(int)
    expected = pd.crosstab(table["sex"], [predicted, table["y"]]).to_numpy().reshape(2, 2, 2)
    need = CountNeed(WHOLE, (group("sex"), PREDICTION, TARGET))
    np.testing.assert_array_equal(evidence.count(need).values, expected)


def test_both_splits_are_read() -> None:
    table = people()
    data = dataset(
        evaluation=table, training=table.iloc[:60], label="y", features=("score",), groups=("sex",)
    )
    found = run(data, binary(table), splits=("evaluation", "training"))
    assert [found[split].rows for split in ("evaluation", "training")] == [100, 60]


@pytest.mark.parametrize(("limit", "rows"), [(10, 10), (25, 32), (100, 100), (1000, 100)])
def test_a_limit_stops_after_whole_batches(limit: int, rows: int) -> None:
    table = people()
    options = Options(batch_size=16, limit=limit, quiet=True)
    evidence = run(of_table(table), binary(table), options=options)["evaluation"]
    assert evidence.rows == rows
    # Marked as sampled as soon as the limit has stopped the pass.
    assert evidence.sampled == (limit <= 100)


def test_doubled_row_ids_stop_the_pass() -> None:
    table = people()
    table.loc[99, "id"] = 3
    with pytest.raises(DataError, match=r"Row id column 'id' .* holds 1 value more than once: 3"):
        run(of_table(table), binary(table))


def test_labels_that_the_model_does_not_know_stop_the_pass() -> None:
    table = people()
    table.loc[97, "y"] = 2
    with pytest.raises(
        DataError, match=r"1 target of the model in this batch is 2, .* \(row: 97\)"
    ):
        run(of_table(table), binary(table), options=Options(batch_size=10, quiet=True))


class Digits(TorchDataset):
    """Items whose label and group follow from their index."""

    def __len__(self) -> int:
        return 50

    def __getitem__(self, index: int):
        image = torch.full((1, 4, 4), index / 50)
        return image, index % 2, {"sex": "FM"[index % 3 == 0]}


def network(*layers: nn.Module, **declared):
    torch.manual_seed(0)
    declared = {"task": "binary", "outputs": "logits", "decision": {"threshold": 0.5}, **declared}
    return wrap(nn.Sequential(*layers), device="cpu", **declared)


def test_torch_data_and_their_explanation() -> None:
    model = network(nn.Flatten(), nn.Linear(16, 1))
    data = dataset(evaluation=Digits(), groups=("sex",))
    needs = (*NEEDS, AttributionNeed("", Wishes(units=12)))
    evidence = run(data, model, needs)["evaluation"]
    assert evidence.rows == 50
    (found,) = evidence.attributions.values()
    assert isinstance(found, Explanation)
    for maps in found.maps.values():
        assert isinstance(maps, Maps)
        assert maps.values[0].shape == (12, 1, 4, 4)
    assert len(evidence.sample) == 12


def test_a_need_of_fewer_units_gets_the_first_of_the_sample() -> None:
    model = network(nn.Flatten(), nn.Linear(16, 1))
    data = dataset(evaluation=Digits(), groups=("sex",))
    needs = (AttributionNeed("", Wishes(units=20)), AttributionNeed("", Wishes(units=5)))
    found = run(data, model, needs)["evaluation"].attributions
    many, few = (found[need].maps["integrated_gradients"].values[0] for need in needs)
    assert (len(many), len(few)) == (20, 5)
    torch.testing.assert_close(many[:5], few)


def test_what_cannot_be_explained_says_why() -> None:
    table = people()
    found = run(of_table(table), binary(table), (*NEEDS, AttributionNeed("")))
    (reason,) = found["evaluation"].attributions.values()
    assert isinstance(reason, NotExplainable)
    assert reason.reason.startswith("The model is not here")


class Pages(TorchDataset):
    """Images of several sizes, which a loader hands over as a list."""

    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int):
        return torch.ones(1, 4, 4 + index % 3), index % 2


class Brightness(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, images):
        return torch.stack([image.mean() for image in images]) + self.bias


def test_inputs_that_cannot_be_drawn_say_so() -> None:
    def listed(items):
        images, labels = zip(*items, strict=True)
        return list(images), torch.tensor(labels)

    loader = torch.utils.data.DataLoader(Pages(), batch_size=5, collate_fn=listed)
    model = wrap(Brightness(), task="binary", outputs="logits", device="cpu")
    data = dataset(evaluation=loader)
    found = run(data, model, (CountNeed(WHOLE, (TARGET,)), AttributionNeed("")))
    assert found["evaluation"].rows == 12
    (reason,) = found["evaluation"].attributions.values()
    assert reason == NotExplainable(
        "No sample could be drawn: no input is a tensor whose first axis is the units."
    )


def test_the_model_comes_back_as_it_was() -> None:
    model = network(nn.Flatten(), nn.Dropout(0.5), nn.Linear(16, 1))
    model.module.train()
    before = torch.get_rng_state()
    run(dataset(evaluation=Digits(), groups=("sex",)), model)
    assert model.module.training
    assert torch.equal(torch.get_rng_state(), before)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_is_quiet_where_nobody_watches(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    with progress.progress_bar("evaluation split", 10) as advance:
        advance(10)
    assert capsys.readouterr() == ("", "")
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with progress.progress_bar("evaluation split", 10, quiet=True) as advance:
        advance(10)
    assert screen.getvalue() == ""


def test_the_bar_shows_rows_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with progress.progress_bar("evaluation split", 2000) as advance:
        advance(500)
        advance(500)
    shown = screen.getvalue()
    assert "evaluation split" in shown
    assert "1000/2000" in shown
    assert "rows/s" in shown
    assert "0:00:00" in shown


def test_a_bar_without_a_known_end(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with progress.progress_bar("stream", None) as advance:
        advance(7)
    assert "7/?" in screen.getvalue()


def test_the_seed_chooses_the_sample() -> None:
    model = network(nn.Flatten(), nn.Linear(16, 1))
    data = dataset(evaluation=Digits(), groups=("sex",))
    needs = (AttributionNeed("", Wishes(units=5)),)
    ids = [
        run(data, model, needs, Options(seed=seed, batch_size=size, quiet=True))[
            "evaluation"
        ].sample.row_ids.tolist()
        for seed, size in ((0, 50), (0, 7), (1, 50))
    ]
    assert ids[0] == ids[1] != ids[2]
