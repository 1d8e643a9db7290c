"""The commands that read a store: gate, runs, show, report, sign, plan, and those beside them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from auditkit.cli import COMMANDS, main
from auditkit.records import open_store
from tests.worlds import people, project


def _call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    found = capsys.readouterr()
    return int(stopped.value.code or 0), found.out, found.err


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a fair model was audited."""
    folder = tmp_path_factory.mktemp("audited")
    config = project(folder, people(6000))
    with pytest.raises(SystemExit):
        main(["audit", str(config), "--store", str(folder / "store")])
    return folder


@pytest.fixture
def call(audited: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command on the store."""
    return lambda *arguments: _call(capsys, *arguments, "--store", audited / "store")


def test_gate_judges_the_record_again(call) -> None:
    code, out, _ = call("gate", "latest")
    assert code == 0
    assert "PASS under baseline" in out


def test_gate_by_another_policy_is_exploratory(call) -> None:
    code, out, _ = call("gate", "latest", "--policy", "employment-us")
    assert code == 1
    assert "exploratory" in out


def test_gate_takes_only_the_model_that_was_audited(call, audited: Path) -> None:
    assert call("gate", "latest", "--model", audited / "model.pt")[0] == 0
    other = shutil.copy(audited / "people.csv", audited / "other.pt")
    code, _, err = call("gate", "latest", "--model", other)
    assert code == 2
    assert "another model" in err
    code, _, err = call("gate", "latest", "--model", audited / "absent.pt")
    assert code == 2
    assert "absent.pt" in err


def test_runs_show_and_report(call, audited: Path) -> None:
    assert "scorer" in call("runs")[1]
    code, out, _ = call("show", "latest", "--measurements")
    assert code == 0
    assert "performance.accuracy" in out
    target = audited / "again.json"
    assert call("report", "latest", "--output", target)[0] == 0
    assert json.loads(target.read_text())["name"] == "scorer"


def test_a_record_file_needs_no_store(call, audited: Path) -> None:
    target = audited / "record.json"
    call("report", "latest", "--output", target)
    code, out, _ = call("gate", target)
    assert code == 0
    assert "PASS" in out


def test_sign_appends(call, audited: Path) -> None:
    code, out, _ = call(
        "sign", "latest", "--decision", "approve", "--reason", "Looks right.", "--who", "Ann"
    )
    assert code == 0
    assert "Ann" in out
    store = open_store(audited / "store")
    (signature,) = store.signatures("latest")
    assert (signature.who, signature.reason) == ("Ann", "Looks right.")


@pytest.mark.parametrize("command", ["gate", "show", "report"])
def test_an_unknown_record_is_one_clear_error(command: str, call) -> None:
    code, _, err = call(command, "nope")
    assert code == 2
    assert "nope" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("command", [("gate", "latest"), ("runs",), ("show",), ("dashboard",)])
def test_without_a_store(
    command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = _call(capsys, *command, "--store", tmp_path / "absent")
    assert code == 2
    assert "absent" in err
    assert "auditkit audit" in err


def test_plan_counts_rows_and_runs_no_model(
    audited: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = project(tmp_path, people(300))
    (tmp_path / "model.pt").unlink()
    code, out, _ = _call(capsys, "plan", config)
    assert code == 0
    assert "group=b" in out
    assert "could not pass" in out


def test_init_writes_an_audit_that_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people(50).to_csv(tmp_path / "people.csv", index=False)
    target = tmp_path / "audit.yaml"
    arguments = ("init", "--table", tmp_path / "people.csv", "--label", "y", "--output", target)
    assert _call(capsys, *arguments)[0] == 0
    written = yaml.safe_load(target.read_text())
    assert written["data"]["label"] == "y"
    assert written["data"]["features"] == ["score", "noise"]
    assert written["data"]["evaluation"]["table"] == "people.csv"
    assert '"group": {reference' in target.read_text()
    assert _call(capsys, "plan", target)[0] == 0
    code, _, err = _call(capsys, *arguments)
    assert code == 2
    assert "--force" in err
    code, _, err = _call(capsys, *arguments[:-4], "--label", "z", "--output", tmp_path / "b.yaml")
    assert code == 2
    assert "'z'" in err


def test_policy_and_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    assert "baseline" in _call(capsys, "policy", "list")[1]
    assert "requirements" in _call(capsys, "policy", "show", "baseline")[1]
    assert _call(capsys, "policy", "validate", "baseline")[0] == 0
    assert "bias.impact_ratio" in _call(capsys, "metrics", "bias")[1]
    code, _, err = _call(capsys, "metrics", "nothing")
    assert code == 2
    assert "performance" in err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _call(capsys, command, "--help")
    assert code == 0
    assert out.startswith("Usage: ")


def test_a_wrong_call_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert _call(capsys, "frobnicate")[0] == 2
    assert _call(capsys, "audit")[0] == 2


def test_a_defect_shows_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("auditkit.policy.reading.shipped_policies", broken)
    monkeypatch.setattr("auditkit.policy.shipped_policies", broken, raising=False)
    code, _, err = _call(capsys, "policy", "list")
    assert code == 2
    assert "boom" in err
    assert "defect" in err
    assert "Traceback" not in err


def test_answers_to_judge_that_are_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = _call(capsys, "dashboard", "--answers", tmp_path / "nowhere.jsonl")
    assert code == 2
    assert "nowhere.jsonl cannot be read" in err
