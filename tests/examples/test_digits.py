"""The second example, as its README says: train, then audit."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from auditkit.assembly import Overrides, audit_configuration

FOLDER = Path(__file__).parents[2] / "examples" / "digits"


@pytest.mark.slow
def test_the_digit_reader_meets_its_policy(tmp_path: Path) -> None:
    example = tmp_path / "digits"
    shutil.copytree(FOLDER, example, ignore=shutil.ignore_patterns("*.safetensors", "*.html"))
    trained = subprocess.run(
        [sys.executable, str(example / "train.py")], capture_output=True, text=True, check=False
    )
    assert trained.returncode == 0, trained.stderr
    said = Overrides(store=tmp_path / "store", reports=(tmp_path / "report.html",))
    run, _ = audit_configuration(example / "audit.yaml", said)
    assert run is not None
    assert run.verdict == "pass", [v.reason for v in run.judgement.verdicts if v.blocks]
    table = run.measurements.set_index("metric")
    assert table.loc["overfitting.accuracy_gap", "value"] > 0
    assert set(table.loc[["drift.total_variation"], "label"]) == {"strokes", "label", "score"}
    assert (table.loc[["performance.units"], "value"] == 2500).all()
