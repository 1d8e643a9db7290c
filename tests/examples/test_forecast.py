"""The forecaster: windows of series, quantiles that cross, gradients through its scaling."""

from __future__ import annotations

import importlib.util
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import auditkit
from auditkit.assembly import Overrides, audit_configuration, build_model
from auditkit.configuration import read_configuration
from auditkit.configured_code import Code
from auditkit.explain import Explanation, Maps, NotExplainable, explained
from tests.examples.readme import shown_rows

FOLDER = Path(__file__).parents[2] / "examples" / "forecast"
README = FOLDER / "README.md"
FORECAST: dict[str, Any] = runpy.run_path(str(FOLDER / "forecast.py"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("fracast") is None,
        reason="fracast is not installed; see examples/requirements-no-deps.txt",
    ),
]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples") / "forecast"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.csv", "*.html"))
    made = subprocess.run(
        [sys.executable, str(folder / "series.py")], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="module")
def run(example: Path) -> auditkit.Run:
    """All windows, of which only a few are explained, and by the cheapest method."""
    text = (example / "audit.yaml").read_text()
    for wish, fewer in (("methods", "[saliency]"), ("units", "5"), ("tested", "0")):
        text, found = re.subn(rf"^  {wish}: .*", f"  {wish}: {fewer}", text, flags=re.MULTILINE)
        assert found == 1
    (example / "quick.yaml").write_text(text)
    said = Overrides(store=example / "store", reports=(example / "report.json",))
    found_run, _ = audit_configuration(example / "quick.yaml", said)
    assert found_run is not None
    return found_run


@pytest.fixture(scope="module")
def windows() -> torch.Tensor:
    """A wave and some noise, far from zero."""
    generator = torch.Generator().manual_seed(0)
    steps = torch.arange(96)
    noise = torch.randn(3, 96, generator=generator)
    return (2 * torch.sin(steps / 3) + 0.3 * noise)[:, :, None]


def test_it_says_what_the_package_says(windows: torch.Tensor) -> None:
    from fracast.inference import FracastModel

    theirs = FracastModel.from_pretrained(device="cpu", weights="fp32")
    far = 50 + 7 * windows
    expected = torch.from_numpy(theirs.forecast_batch(far[:, :, 0].numpy(), horizon=1)[:, 0])
    with torch.no_grad():
        found = FORECAST["build"]()(far)
    assert found.shape == (3, 9)
    torch.testing.assert_close(found.double(), expected.double(), atol=1e-3, rtol=0)


def test_the_readme_shows_the_verdicts_that_come_out(run: auditkit.Run) -> None:
    assert run.verdict == "fail"
    verdicts = {v.requirement: v for v in run.judgement.verdicts}
    for name, status in (("order", "fail"), ("interval", "inconclusive")):
        v = verdicts[name]
        cells = f"{v.measurement.value:.3f} | {v.interval.low:.3f} to {v.interval.high:.3f}"
        row = f"| {name} | {status} | {cells} |".replace("-", "−")
        assert v.status == status
        assert shown_rows(README, name) == [row]
    assert "errors-by-kind" in {
        v.requirement for v in run.judgement.verdicts if v.status == "inconclusive"
    }


def test_series_are_counted_and_not_windows(run: auditkit.Run) -> None:
    table = run.measurements.set_index("metric")
    assert table.loc["performance.units", "value"] == 15
    splits = run.record.data["splits"]["evaluation"]
    assert splits["rows"] == 135
    assert any("On which series this network was trained" in note for note in run.record.notes)


def test_what_each_method_makes_of_it(example: Path, windows: torch.Tensor) -> None:
    configuration = read_configuration(example / "audit.yaml")
    model, _ = build_model(configuration.model, Code(example, allowed=True))
    head = model.heads[0]
    digest = model.digest()
    names = ("integrated_gradients", "input_x_gradient", "feature_ablation", "deep_lift", "lrp")
    found = explained(model, windows[:2], head, methods=names)
    assert model.digest() == digest
    assert isinstance(found, Explanation)
    path, product, ablation = (found.maps[name] for name in names[:3])
    assert isinstance(path, Maps)
    assert isinstance(product, Maps)
    assert isinstance(ablation, Maps)
    assert path.shown.all()
    assert ablation.shown.all()
    assert (found.index == head.central).all()
    assert path.gradients <= 17  # the path is straight: scaling takes α out again
    total = product.values[0].abs().sum()
    assert (path.values[0] - product.values[0]).abs().sum() < 0.05 * total
    assert (product.values[0][:, -1].abs() > product.values[0][:, 0].abs()).all()
    for name in names[3:]:
        refused = found.maps[name]
        assert isinstance(refused, NotExplainable)
        assert "has no rule" in refused.reason
