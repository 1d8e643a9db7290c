"""The second example, as its README says: train, then audit; and the two that lie."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import auditkit
from auditkit.assembly import Overrides, audit_configuration

FOLDER = Path(__file__).parents[2] / "examples" / "digits"
README = (FOLDER / "README.md").read_text()
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "digits"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.safetensors", "*.html"))
    trained = subprocess.run(
        [sys.executable, str(folder / "train.py")], capture_output=True, text=True, check=False
    )
    assert trained.returncode == 0, trained.stderr
    return folder


def audited(example: Path, name: str, folder: Path, checks: tuple[str, ...] = ()) -> auditkit.Run:
    said = Overrides(store=folder / "store", reports=(folder / "report.html",))
    place = example / f"{name}.yaml"
    if checks:
        text = place.read_text()
        place = example / f"{name}-in-part.yaml"
        place.write_text(f"{text}checks: [{', '.join(checks)}]\n")
    run, _ = audit_configuration(place, said)
    assert run is not None
    return run


def number(run: auditkit.Run, metric: str, label: str = "") -> float:
    """What is measured of all units of the evaluation data, or of outside inputs."""
    table = run.measurements
    chosen = table[(table["metric"] == metric) & (table["label"] == label)]
    (value,) = chosen.loc[(chosen["slice"] == "all") & (chosen["split"] != "training"), "value"]
    return float(value)


def failed(run: auditkit.Run) -> set[str]:
    return {v.requirement for v in run.judgement.verdicts if v.status.value != "pass"}


def test_the_digit_reader_meets_its_policy(example: Path, tmp_path: Path) -> None:
    run = audited(example, "audit", tmp_path)
    assert run.verdict == "pass", [v.reason for v in run.judgement.verdicts if v.blocks]
    assert failed(run) == {"brightness", "frame"}  # which warn
    table = run.measurements.set_index("metric")
    assert (table.loc["overfitting.accuracy_gap", "value"] > 0).all()  # in every group
    assert set(table.loc[["drift.total_variation"], "label"]) == {"strokes", "label", "score"}
    assert (table.loc[["performance.units"], "value"] == 2500).all()
    assert number(run, "robustness.corrupted_accuracy", "brightness 3") < 0.5
    assert number(run, "robustness.corrupted_gap", "brightness 3") > 0.3  # sure all the same
    neighbours, logit, softmax = (
        number(run, "out_of_distribution.auroc", score)
        for score in ("nearest neighbours", "max logit", "max softmax")
    )
    assert neighbours > logit > softmax
    ensemble, alone = (
        number(run, "confidence.error_auroc", probe) for probe in ("ensemble", "margin")
    )
    assert ensemble > alone - 0.02


def test_where_it_looks(example: Path, tmp_path: Path) -> None:
    """The maps that add up are trusted, and Grad-CAM is labelled for what it does worse."""
    run = audited(example, "audit", tmp_path, checks=("performance", "explanation"))
    (converged,) = run.measurements.query("metric == 'explanation.converged_share'")["value"]
    assert converged >= 0.97
    figures = {
        figure.kind: figure for figure in run.record.figures if figure.check == "explanation"
    }
    labels = {row["method"]: row["trust"] for row in figures["explanation_trust"].data["rows"]}
    assert labels["Integrated gradients"]["label"] == "converged"
    assert labels["Grad-CAM"]["label"] != "converged"
    table = run.measurements
    mean = table[(table["metric"] == "explanation.mean_attribution") & (table["slice"] == "all")]
    cells = (
        mean.sort_values("value", ascending=False)["label"]
        .head(6)
        .str.extract(r"rows (\d+)–(\d+), columns (\d+)–(\d+)")
    )
    inner = cells.astype(int)
    assert (inner[0].min(), inner[1].max()) == (7, 23)
    assert (inner[2].min(), inner[3].max()) == (10, 20)
    assert any("Row ids and inputs of 6 units" in note for note in run.record.notes)


@pytest.mark.parametrize(
    ("name", "temperature", "requirements"),
    [
        ("overconfident", 3, {"calibration", "confident-errors", "brightness", "frame"}),
        ("underconfident", 1 / 3, {"calibration", "brightness", "frame"}),
    ],
)
def test_the_gate_tells_who_lies(
    name: str, temperature: float, requirements: set[str], example: Path, tmp_path: Path
) -> None:
    run = audited(example, name, tmp_path)
    assert run.verdict == "fail"
    assert failed(run) == requirements
    gap = number(run, "calibration.confidence_gap")
    assert (gap > 0.03) == (name == "overconfident")
    assert (gap < -0.03) == (name == "underconfident")
    (advice,) = [one for one in run.record.advice if one.adviser == "recalibration"]
    fitted = [
        one
        for option in advice.options
        for one in option.measurements
        if one.key.metric == "advice.temperature"
    ]
    (found,) = fitted
    assert found.interval.low < temperature < found.interval.high
    assert f"{found.value:.2f} ({found.interval.low:.2f} to {found.interval.high:.2f})" in README
    shown = f"{gap:.3f}".replace("-", "−")
    assert f"| {shown} (" in README
