"""Logs that are text: Lightning's metrics.csv and the state of transformers' Trainer."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from auditkit.data.training_logs import Curve, TrainingLog, pairs_of, read_training_log
from auditkit.errors import DataError

LIGHTNING = """epoch,lr,step,train_loss_epoch,train_loss_step,val_loss
0,0.1,49,,0.9,
0,,99,0.8,,
0,,99,,,0.85
1,0.1,149,,0.5,
1,,199,0.4,,
1,,199,,,0.9
"""

HISTORY = [
    {"epoch": 0.5, "step": 50, "loss": 0.9, "learning_rate": 5e-5, "grad_norm": 1.5},
    {"epoch": 1.0, "step": 100, "eval_loss": 0.7, "eval_accuracy": 0.8, "eval_runtime": 3.0},
    {"epoch": 1.5, "step": 150, "loss": 0.4},
    {"epoch": 2.0, "step": 200, "eval_loss": 0.75, "eval_accuracy": 0.8, "note": "text"},
    {"epoch": 2.0, "step": 200, "train_loss": 0.65, "train_runtime": 60.0},
]


def _csv(folder: Path, text: str) -> TrainingLog:
    (folder / "metrics.csv").write_text(text)
    return read_training_log(folder / "metrics.csv")


def _state(folder: Path, state: Any) -> TrainingLog:
    text = state if isinstance(state, str) else json.dumps(state)
    (folder / "trainer_state.json").write_text(text)
    return read_training_log(folder / "trainer_state.json")


def test_lightning(tmp_path: Path) -> None:
    found = _csv(tmp_path, LIGHTNING)
    curves = {curve.name: curve for curve in found.curves}
    assert found.format == "lightning"
    assert curves["val_loss"] == Curve("val_loss", (99, 199), (0, 1), (0.85, 0.9))
    assert curves["train_loss_step"].steps == (49.0, 149.0)
    (pair,) = pairs_of(found.curves)
    assert (pair.quantity, pair.training) == ("loss", curves["train_loss_epoch"])


def test_transformers(tmp_path: Path) -> None:
    found = _state(tmp_path, {"log_history": HISTORY, "best_metric": None})
    assert found.format == "transformers"
    pairs = {pair.quantity: pair for pair in pairs_of(found.curves)}
    assert pairs["loss"].validation == Curve("eval_loss", (100, 200), (1.0, 2.0), (0.7, 0.75))
    # The mean over the whole training, which stands at its end, is no point of the curve.
    assert pairs["loss"].training == Curve("loss", (50, 150), (0.5, 1.5), (0.9, 0.4))
    assert pairs["accuracy"].training is None
    assert not pairs["accuracy"].falls


def test_a_folder_is_looked_into(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text(LIGHTNING)
    found = read_training_log(str(tmp_path))
    assert (found.format, found.name) == ("lightning", tmp_path.name)


def test_the_digest_is_of_the_content(tmp_path: Path) -> None:
    first, other = (tmp_path / name for name in ("a", "b"))
    first.mkdir()
    other.mkdir()
    one, same = _csv(first, LIGHTNING), _csv(other, LIGHTNING)
    assert one.digest == same.digest
    assert _csv(first, LIGHTNING.replace("0.85", "0.86")).digest != one.digest


def test_a_loss_that_is_not_finite_is_counted(tmp_path: Path) -> None:
    found = _csv(tmp_path, "step,loss\n1,0.5\n2,nan\n3,inf\n")
    assert (found.curves[0].values, found.curves[0].lost) == ((0.5,), 2)
    entries = [
        f'{{"step": {step}, "loss": {loss}}}' for step, loss in enumerate(("NaN", "1e400", "1"))
    ]
    state = f'{{"log_history": [{", ".join(entries)}]}}'
    assert (_state(tmp_path, state).curves[0].lost) == 2


def test_numbers_beyond_all_measure_are_none(tmp_path: Path) -> None:
    found = _csv(tmp_path, "epoch,step,loss\nnan,1,0.5\n1,inf,0.25\n2,3,1e200\n")
    (curve,) = found.curves
    assert (curve.steps, curve.epochs, curve.values, curve.lost) == (
        (1.0,),
        (1.0,),
        (0.25,),
        1,
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "columns none"),
        ("a,b\n1,2\n", "columns 'a', 'b'"),
        ("step,step\n1,2\n", "expected distinct"),
        ("step,loss\n1\n", "Line 2 .* has 1 cells; expected 2"),
        ("step,loss\n1,high\n", "'high' in the column 'loss'; expected a number"),
        ('step,loss\n1,"0.5\n', "is no CSV file"),
        ("step,loss\n", "holds no numbers"),
        ("step,loss\n1,nan\n", "holds no numbers"),
        ("step," + ",".join(f"c{place}" for place in range(1001)), "1,002 columns"),
    ],
)
def test_csv_that_is_no_log(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(DataError, match=f"metrics.csv .*{found}|{found}") as refused:
        _csv(tmp_path, text)
    assert refused.value.mend


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ([], "no list log_history"),
        ({"log_history": 3}, "no list log_history"),
        ({"log_history": [3]}, "no list log_history"),
        ({"log_history": [{"loss": 1.0}]}, "neither step nor epoch"),
        ({"log_history": [{"step": 1, "loss": True}]}, "holds no numbers"),
        ({"log_history": []}, "holds no numbers"),
        ({"log_history": [{"step": 1, **{f"c{k}": 1 for k in range(1001)}}]}, "more than 1,000"),
    ],
)
def test_json_that_is_no_log(tmp_path: Path, state: Any, found: str) -> None:
    with pytest.raises(DataError, match=f"trainer_state.json .*{found}") as refused:
        _state(tmp_path, state)
    assert refused.value.mend


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    for name in ("metrics.csv", "trainer_state.json"):
        (tmp_path / name).write_bytes(b"step,loss\n1,\xff\xfe\n")
        with pytest.raises(DataError, match=name):
            read_training_log(tmp_path / name)


def test_what_is_not_there_or_not_known(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no training log at .*nothing"):
        read_training_log(tmp_path / "nothing")
    with pytest.raises(DataError, match="holds no training log"):
        read_training_log(tmp_path)
    (tmp_path / "log.txt").write_text("loss 0.5")
    with pytest.raises(DataError, match=r"log.txt is of no known format\. Give an event file"):
        read_training_log(tmp_path / "log.txt")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "metrics.csv")
    for place in (tmp_path, tmp_path / "metrics.csv"):
        with pytest.raises(DataError, match=r"of no known format|holds no training log"):
            read_training_log(place)


@pytest.mark.parametrize(
    ("training", "validation", "quantity"),
    [
        ("train_loss", "val_loss", "loss"),
        ("loss", "eval_loss", "loss"),
        ("loss", "val_loss", "loss"),
        ("Loss/train", "Loss/val", "loss"),
        ("train/loss", "eval/loss", "loss"),
        ("epoch_train_loss", "epoch_val_loss", "loss"),
        ("train/epoch_accuracy", "validation/epoch_accuracy", "accuracy"),
        ("training.mse", "test.mse", "mse"),
    ],
)
def test_names_that_belong_together(training: str, validation: str, quantity: str) -> None:
    curves = [Curve(name, (1,), (), (0.5,)) for name in (training, validation, "learning_rate")]
    (pair,) = pairs_of(curves)
    assert (pair.training, pair.validation, pair.quantity) == (*curves[:2], quantity)


def test_validation_comes_before_a_test() -> None:
    curves = [Curve(name, (1,), (), (0.5,)) for name in ("test_loss", "val_loss", "train_loss")]
    (pair,) = pairs_of(curves)
    assert pair.validation.name == "val_loss"
