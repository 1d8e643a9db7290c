from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from streamlit import config

from auditkit.reports.wording import VERDICTS


def test_the_command_serves_the_app_on_this_machine_alone(launch: ModuleType) -> None:
    command = launch.command(Path("my store"), 8600)
    assert command[:4] == [sys.executable, "-m", "streamlit", "run"]
    assert Path(command[4]).name == "app.py"
    assert Path(command[4]).is_file()
    flags = command[5:]
    for flag in (
        "--server.address=127.0.0.1",
        "--server.allowedHosts=localhost",
        "--server.headless=true",
        "--server.fileWatcherType=none",
        "--server.port=8600",
        "--browser.gatherUsageStats=false",
        "--client.showErrorDetails=none",
        "--client.toolbarMode=minimal",
    ):
        assert flag in flags
    assert not [part for part in command if "my store" in part]


def test_without_a_port_streamlit_chooses(launch: ModuleType) -> None:
    assert not [part for part in launch.command(Path("s")) if part.startswith("--server.port")]


def test_the_environment_names_the_store(
    launch: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEPT", "yes")
    environment = launch.environment(Path("my store"))
    assert environment["AUDITKIT_STORE"] == str(tmp_path / "my store")
    assert environment["STREAMLIT_BROWSER_GATHER_USAGE_STATS"] == "false"
    assert environment["KEPT"] == "yes"
    assert not environment["AUDITKIT_ANSWERS"]
    judging = launch.environment(Path("my store"), Path("answers.jsonl"))
    assert judging["AUDITKIT_ANSWERS"] == str(tmp_path / "answers.jsonl")


def test_streamlit_knows_each_setting(launch: ModuleType) -> None:
    known = config.get_config_options()
    assert not [name for name in launch.SETTINGS if name not in known]


def test_colours_are_those_of_the_report(launch: ModuleType) -> None:
    from reviewing.looks import LOOKS

    for status, words in VERDICTS.items():
        seen = LOOKS[status.value]
        assert (seen.word, seen.colour) == (words.word, words.colour)
        assert launch.SETTINGS[f"theme.{seen.badge}TextColor"] == words.colour
    signs = {(seen.sign, seen.icon) for seen in LOOKS.values()}
    assert len(signs) == len(LOOKS)  # told apart without colour
