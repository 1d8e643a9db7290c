"""`auditkit audit` as CI calls it: exit codes, files, and one clear error for bad input."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from auditkit.cli import INTERRUPTED, main
from auditkit.records import open_store
from tests.worlds import people, project

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command; its exit code, standard output and standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        found = capsys.readouterr()
        return int(stopped.value.code or 0), found.out, found.err

    return run


def test_a_fair_model_returns_0_and_writes_what_was_asked(call: Call, tmp_path: Path) -> None:
    config = project(tmp_path, people(6000))
    reports = [tmp_path / f"r{suffix}" for suffix in (".html", ".xml", ".json")]
    asked = [part for report in reports for part in ("--report", report)]
    code, out, _ = call("audit", config, "--store", tmp_path / "store", *asked)
    assert code == 0
    assert "PASS under baseline" in out
    assert ElementTree.parse(reports[1]).getroot().tag == "testsuites"
    assert json.loads(reports[2].read_text())["judgement"]["outcome"] == "pass"
    assert "<html" in reports[0].read_text()


def test_an_unfair_model_returns_1_and_says_why(call: Call, tmp_path: Path) -> None:
    config = project(tmp_path, people(6000, ratio=0.5))
    code, out, _ = call("audit", config, "--store", tmp_path / "store")
    assert code == 1
    assert "FAIL under baseline" in out
    assert "The interval lies wholly below 0.8" in " ".join(out.split())


def test_new_york_asks_for_selection_rates_and_no_label(call: Call, tmp_path: Path) -> None:
    table = people(800)[["score"]].assign(
        sex=["F", "M"] * 400, race_ethnicity=["A"] * 300 + ["B"] * 500
    )
    table.to_csv(tmp_path / "people.csv", index=False)
    config = tmp_path / "audit.yaml"
    config.write_text(
        "name: hiring\n"
        "model: {predictions: {'': score}, task: binary, classes: ['0', '1'],\n"
        "  outputs: probabilities, decision: {threshold: 0.5, favourable: '1'}}\n"
        "data: {evaluation: {table: people.csv}, groups: {sex: {}, race_ethnicity: {}},\n"
        "  intersections: [[sex, race_ethnicity]]}\n"
        "policy: nyc-ll144\n"
    )
    report = tmp_path / "r.json"
    code, out, error = call("audit", config, "--store", tmp_path / "store", "--report", report)
    assert code == 1, error  # what a person must attest is missing, and nothing else
    verdicts = json.loads(report.read_text())["judgement"]["verdicts"]
    for name in ("applicants-reported", "selection-rates", "selection-impact-ratios"):
        assert {one["status"] for one in verdicts if one["requirement"] == name} == {"pass"}, name
    assert "No label is declared" in " ".join(out.split())


def test_exit_zero_reports_without_blocking(call: Call, tmp_path: Path) -> None:
    config = project(tmp_path, people(6000, ratio=0.5))
    code, out, _ = call("audit", config, "--store", tmp_path / "store", "--exit-zero")
    assert code == 0
    assert "FAIL" in out


def test_too_few_rows_return_3(call: Call, tmp_path: Path) -> None:
    code, _, _ = call("audit", project(tmp_path, people(120)), "--store", tmp_path / "store")
    assert code == 3


def test_a_limited_audit_returns_3(call: Call, tmp_path: Path) -> None:
    config = project(tmp_path, people(6000))
    code, out, _ = call("audit", config, "--store", tmp_path / "store", "--limit", 2000)
    assert code == 3
    assert "limit" in out


class Evil:
    """Writes a file when it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.system, (f"touch {self.place}",)


def _hostile(folder: Path) -> Path:
    sentinel = folder / "ran"
    (folder / "model.pt").write_bytes(pickle.dumps(Evil(sentinel)))
    return sentinel


def _truncated(folder: Path) -> None:
    content = (folder / "model.pt").read_bytes()
    (folder / "model.pt").write_bytes(content[: len(content) // 2])


def _of_another_architecture(folder: Path) -> None:
    torch.save(torch.nn.Linear(5, 2).state_dict(), folder / "model.pt")


def _policy(text: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "policy.yaml").write_text(
            f"""\
id: mine
title: Mine
version: "1"
description: A test.
requirements:
  - id: one
    title: One
    basis: convention
    explanation: Because.
{text}
"""
        )

    return write


def _preprocess(body: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        path = folder / "audit.yaml"
        (folder / "prepare.py").write_text(f"import torch\ndef encode(rows):\n    {body}\n")
        text = path.read_text()
        path.write_text(text.replace("  task:", "  preprocess: prepare.py:encode\n  task:"))

    return write


def _outputs_nan(folder: Path) -> None:
    torch.save({"scale": torch.tensor(float("nan"))}, folder / "model.pt")


# name → (what is spoilt in the folder, lines changed in audit.yaml, what the error must say)
BAD: dict[str, tuple[Callable[[Path], object] | None, dict[str, str], list[str]]] = {
    "hostile pickle": (_hostile, {}, ["model.pt", "trust"]),
    "truncated model": (_truncated, {}, ["model.pt"]),
    "another architecture": (_of_another_architecture, {}, ["model.pt", "weight"]),
    "no such model": (None, {"file": "absent.pt"}, ["absent.pt"]),
    "code not allowed": (None, {"allow_code": "false"}, ["code.py:build", "allow"]),
    "no such table": (None, {"table": "absent.csv"}, ["absent.csv"]),
    "no such label": (None, {"label": "outcome"}, ["outcome", "y"]),
    "no such group": (None, {"group": "gender"}, ["gender"]),
    "unknown favourable outcome": (None, {"favourable": '"yes"'}, ["yes"]),
    "outputs are no probabilities": (
        _preprocess("return torch.tensor(rows.to_numpy('float32')) * 3"),
        {},
        ["outside [0, 1]"],
    ),
    "outputs are NaN": (_outputs_nan, {}, ["not finite"]),
    "preprocess of the wrong width": (
        _preprocess("return torch.tensor(rows.to_numpy('float32'))[0]"),
        {},
        ["preprocess"],
    ),
    "preprocess raises": (_preprocess("return rows['salary']"), {}, ["preprocess", "salary"]),
    "preprocess of the wrong dtype": (
        _preprocess("return rows.astype(str).to_numpy()"),
        {},
        ["preprocess"],
    ),
    "misspelt metric": (
        _policy("    metric: performance.acuracy\n    at_least: 0.5"),
        {"policy": "./policy.yaml"},
        ["performance.acuracy", "performance.accuracy"],
    ),
    "unknown key in the policy": (
        _policy("    metric: performance.accuracy\n    at_leats: 0.5"),
        {"policy": "./policy.yaml"},
        ["at_leats", "at_least"],
    ),
    "threshold of the wrong type": (
        _policy("    metric: performance.accuracy\n    at_least: high"),
        {"policy": "./policy.yaml"},
        ["at_least", "high"],
    ),
    "no such policy": (None, {"policy": "strict"}, ["strict", "baseline"]),
    "unknown key in audit.yaml": (None, {"extra": "polcy: baseline"}, ["polcy", "policy"]),
    "unknown check": (None, {"extra": "checks: [fairness]"}, ["fairness", "bias"]),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_clear_error(name: str, call: Call, tmp_path: Path) -> None:
    spoil, changes, expected = BAD[name]
    config = project(tmp_path, people(400), **changes)
    if spoil is not None:
        spoil(tmp_path)
    code, out, err = call("audit", config, "--store", tmp_path / "store")
    assert code == 2, out + err
    assert "Traceback" not in out + err
    assert "defect" not in err
    assert err.startswith("error: ")
    for text in expected:
        assert text in err
    assert not (tmp_path / "ran").exists()
    if (tmp_path / "store").exists():
        assert open_store(tmp_path / "store").runs() == []


def test_a_slice_that_the_data_lack_is_missing(call: Call, tmp_path: Path) -> None:
    config = project(tmp_path, people(2000), policy="./policy.yaml")
    _policy("    metric: bias.selection_rate\n    slices: {group: z}\n    at_least: 0.1")(tmp_path)
    code, out, _ = call("audit", config, "--store", tmp_path / "store")
    assert code == 1
    assert "missing" in out
    assert "group=z" in out


def test_an_output_that_cannot_be_written_is_known_before_the_run(
    call: Call, tmp_path: Path
) -> None:
    config = project(tmp_path, people(400))
    (tmp_path / "file").write_text("in the way")
    store = tmp_path / "store"
    report = tmp_path / "file" / "report.html"
    code, _, err = call("audit", config, "--store", store, "--report", report)
    assert code == 2
    assert "report.html" in err
    assert not store.exists()


def test_a_store_that_is_a_file_is_refused(call: Call, tmp_path: Path) -> None:
    (tmp_path / "store.txt").write_text("no store")
    config = project(tmp_path, people(400))
    code, _, err = call("audit", config, "--store", tmp_path / "store.txt")
    assert code == 2
    assert "store.txt" in err


def _start(folder: Path, rows: int) -> subprocess.Popen[str]:
    """An audit in a process of its own, slow enough to be stopped in the middle."""
    config = project(folder, people(rows))
    slow = (
        (folder / "code.py")
        .read_text()
        .replace(
            "        return inputs",
            "        import pathlib, time; time.sleep(0.2)\n"
            f"        pathlib.Path({str(folder / 'started')!r}).touch()\n"
            "        return inputs",
        )
    )
    (folder / "code.py").write_text(slow)
    config.write_text(config.read_text() + "batch_size: 16\n")
    return subprocess.Popen(
        [sys.executable, "-m", "auditkit", "audit", str(config), "--store", str(folder / "store")],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_stopped_in_the_middle_loses_nothing(how: signal.Signals, tmp_path: Path) -> None:
    process = _start(tmp_path, 4000)
    deadline = time.monotonic() + 120
    while not (tmp_path / "started").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(how)
    _, err = process.communicate(timeout=60)
    if how == signal.SIGINT:
        assert process.returncode == INTERRUPTED
        assert "Interrupted" in err
        assert "Traceback" not in err
    assert open_store(tmp_path / "store").runs() == []
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("where", ["        return inputs", "    return Identity()"])
def test_code_that_ends_the_process_is_no_pass(where: str, call: Call, tmp_path: Path) -> None:
    config = project(tmp_path, people(400))
    code_file = tmp_path / "code.py"
    indent = where[: len(where) - len(where.lstrip())]
    text = code_file.read_text().replace(where, f"{indent}import sys; sys.exit(0)\n{where}", 1)
    code_file.write_text(text)
    code, _, err = call("audit", config, "--store", tmp_path / "store")
    assert code == 2
    assert "ended the process" in err


def test_a_pipe_in_place_of_a_file_is_not_waited_for(call: Call, tmp_path: Path) -> None:
    config = project(tmp_path, people(400), file="pipe.pt", policy="./pipe.yaml")
    os.mkfifo(tmp_path / "pipe.pt")
    code, _, err = call("audit", config, "--store", tmp_path / "store")
    assert (code, "pipe.pt is no regular file" in err) == (2, True)


def test_a_training_log_lies_beside_the_configuration(call: Call, tmp_path: Path) -> None:
    config = project(tmp_path, people(400), extra="training_log: log/metrics.csv")
    code, _, err = call("audit", config, "--store", tmp_path / "store")
    assert (code, "There is no training log at" in err) == (2, True)
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "metrics.csv").write_text("epoch,step,val_loss\n0,9,high\n")
    code, _, err = call("audit", config, "--store", tmp_path / "store")
    assert code == 2
    assert "'high' in the column 'val_loss'; expected a number" in err


@pytest.mark.parametrize("line", ["checks: []", "batch_size: 0", "batch_size: 100000000000000"])
def test_settings_out_of_range(line: str, call: Call, tmp_path: Path) -> None:
    config = project(tmp_path, people(400), extra=line)
    code, _, err = call("audit", config, "--store", tmp_path / "store")
    assert code == 2
    assert line.partition(":")[0] in err
    assert "defect" not in err


def test_code_is_allowed_by_true_alone(call: Call, tmp_path: Path) -> None:
    code, _, err = call("audit", project(tmp_path, people(400), allow_code="1"))
    assert code == 2
    assert "allow_code" in err


def test_a_reader_of_a_pipe_who_has_seen_enough_is_no_error() -> None:
    command = f"{sys.executable} -m auditkit metrics | head -n 1; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert ran.stdout.endswith("\n141\n")
    assert "error" not in ran.stderr


def test_columns_of_stored_predictions_are_read_beside_declared_features(
    call: Call, tmp_path: Path
) -> None:
    people(6000).rename(columns={"score": "told"}).to_csv(tmp_path / "people.csv", index=False)
    config = tmp_path / "audit.yaml"
    config.write_text(
        """\
name: told elsewhere
model:
  predictions: {score: told}
  task: binary
  outputs: probabilities
  decision: {threshold: 0.5, favourable: "1"}
data:
  evaluation: {table: people.csv}
  label: y
  features: [noise]
  groups: {group: {reference: a}}
"""
    )
    code, out, err = call("audit", config, "--store", tmp_path / "store", "--exit-zero")
    assert (code, err) == (0, "")
    assert "Selection rate of group=b" in " ".join(out.split()) or "PASS" in out
