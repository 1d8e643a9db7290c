"""The import budget: what a fresh Python process loads for the light commands and rooms."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import auditkit

HEAVY = {"torch", "pandas", "pydantic", "sqlalchemy", "pyarrow", "scipy", "streamlit", "altair"}
TORCH = {"torch", "captum", "fairlearn", "sklearn"}
LIGHT_ROOMS = ("statistics", "policy", "records", "reports")


def loaded_by(*arguments: str) -> set[str]:
    """Top-level packages that a fresh `python *arguments` imports, by Python's own log."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {row.rpartition("|")[2].strip().partition(".")[0] for row in rows}


def modules_of(room: str) -> list[str]:
    """Every module of a room, so that what its `__init__` puts off is counted too."""
    folder = Path(auditkit.__file__).parent / room
    below = pkgutil.walk_packages([str(folder)], prefix=f"auditkit.{room}.")
    # Alembic runs a migration inside its own environment; nothing imports it.
    names = [module.name for module in below if ".migrations." not in module.name]
    return [f"auditkit.{room}", *sorted(names)]


def import_all(modules: list[str]) -> set[str]:
    return loaded_by("-c", "\n".join(f"import {module}" for module in modules))


def test_importing_auditkit_is_light() -> None:
    assert not loaded_by("-c", "import auditkit") & (HEAVY | {"numpy", "click", "rich"})


@pytest.mark.parametrize("command", ["", "audit", "gate", "plan", "runs", "dashboard", "metrics"])
def test_help_is_light(command: str) -> None:
    arguments = [part for part in ("-m", "auditkit", command, "--help") if part]
    assert not loaded_by(*arguments) & HEAVY


@pytest.mark.parametrize("package", ["torch", "pandas", "pydantic", "sqlalchemy"])
def test_the_budget_can_be_exceeded(package: str) -> None:
    assert package in loaded_by("-c", f"import {package}")


@pytest.mark.parametrize("room", LIGHT_ROOMS)
def test_stored_runs_need_no_torch(room: str) -> None:
    modules = modules_of(room)
    assert len(modules) > 3, f"the search for modules of {room} found only {modules}"
    assert not import_all(modules) & TORCH


def test_planning_an_audit_needs_no_torch(tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    table.write_text("outcome,gender\n" + "no,f\nyes,m\n" * 60)
    configuration = tmp_path / "audit.yaml"
    configuration.write_text(
        "name: plan\n"
        "model: {predictions: {score: score}, task: binary, classes: ['no', 'yes']}\n"
        f"data: {{evaluation: {{table: {table}}}, label: outcome, groups: {{gender: {{}}}}}}\n"
    )
    assert not loaded_by("-m", "auditkit", "plan", str(configuration)) & TORCH


def test_judging_a_stored_run_needs_no_torch() -> None:
    assert not import_all(["auditkit.cli.gate", "auditkit.gating", "auditkit.cli.show"]) & TORCH


def test_that_test_can_fail() -> None:
    assert "torch" in import_all(modules_of("models"))
