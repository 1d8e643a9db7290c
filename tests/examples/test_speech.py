"""The speech detector: stateful TorchScript on WAV files, and what can be said of its reasons."""

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
from auditkit.dataset_assembly import build_dataset
from auditkit.explain import Explanation, Maps, NotExplainable, explained
from tests.examples.readme import shown_rows

FOLDER = Path(__file__).parents[2] / "examples" / "speech"
README = FOLDER / "README.md"
SPEECH: dict[str, Any] = runpy.run_path(str(FOLDER / "speech.py"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("silero_vad") is None,
        reason="silero-vad is not installed; see examples/requirements-no-deps.txt",
    ),
]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples") / "speech"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("clips", "*.csv", "*.html"))
    made = subprocess.run(
        [sys.executable, str(folder / "clips.py")], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="module")
def run(example: Path) -> auditkit.Run:
    """All clips, of which fewer than in the example are explained."""
    text = (example / "audit.yaml").read_text()
    for wish, fewer in (("units", 16), ("tested", 0)):
        text, found = re.subn(rf"^  {wish}: \d+", f"  {wish}: {fewer}", text, flags=re.MULTILINE)
        assert found == 1
    (example / "quick.yaml").write_text(text)
    said = Overrides(store=example / "store", reports=(example / "report.json",))
    found_run, _ = audit_configuration(example / "quick.yaml", said)
    assert found_run is not None
    return found_run


@pytest.fixture(scope="module")
def clips(example: Path) -> torch.Tensor:
    """Every thirtieth clip."""
    configuration = read_configuration(example / "audit.yaml")
    source = build_dataset(configuration.data, Code(example, allowed=True))["evaluation"]
    (fragment, *others) = source.fragments()
    batches = [b for part in (fragment, *others) for b in source.batches(part, 64)]
    waves = torch.cat([torch.as_tensor(batch.inputs) for batch in batches])
    assert waves.shape == (360, 16_384)
    return waves[::30]


def test_a_clip_is_answered_alike_in_any_company(clips: torch.Tensor) -> None:
    detector = SPEECH["build"]()
    with torch.no_grad():
        together = detector(clips)
        backwards = detector(clips.flip(0)).flip(0)
        alone = torch.cat([detector(clip[None]) for clip in clips])
    assert together.shape == (12,)
    torch.testing.assert_close(together, backwards, atol=1e-4, rtol=0)
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=0)
    assert together[:6].median() > 0.9  # the first half speaks
    assert together[6:].max() < 0.5


def test_without_a_reset_it_is_not() -> None:
    """Why the detector is wrapped: the same silence after a loud noise is another one."""
    network = SPEECH["build"]().network
    noise, silence = torch.randn(1, 512, generator=torch.Generator().manual_seed(0)), None
    with torch.no_grad():
        silence = network(torch.zeros(1, 512), 16_000)
        network(noise, 16_000)
        after = network(torch.zeros(1, 512), 16_000)
    assert (silence - after).abs() > 1e-3


def test_known_answers_of_the_network() -> None:
    """All-zero frames after a reset, as they were measured when the package was chosen."""
    heard = SPEECH["build"]().frames(torch.zeros(1, 3 * 512))
    expected = torch.tensor([[0.00167, 0.00688, 0.00891]])
    torch.testing.assert_close(heard.detach(), expected, atol=1e-5, rtol=0)


def test_the_readme_shows_the_verdicts_that_come_out(run: auditkit.Run) -> None:
    assert run.verdict == "fail"
    heard = [v for v in run.judgement.verdicts if v.requirement == "heard"]
    assert shown_rows(README, "heard") == sorted(
        f"| heard | {v.measurement.key.slice} | {v.status} | {v.measurement.value:.3f} "
        f"| {v.interval.low:.3f} to {v.interval.high:.3f} |"
        for v in heard
    )
    others = {v.requirement: v for v in run.judgement.verdicts if v.requirement != "heard"}
    passed = {name for name, v in others.items() if v.status == "pass"}
    assert passed == {"accuracy", "voices", "loudness", "mains"}
    voices = others["voices"]
    shown = (voices.measurement.value, voices.interval.low, voices.interval.high)
    value, low, high = (f"{one:.3f}".replace("-", "−") for one in shown)
    text = " ".join(README.read_text().split())
    assert f"a difference of {value}, between {low} and {high})" in text
    assert max(others[name].measurement.value for name in ("loudness", "mains")) < 0.035


def test_recordings_are_counted_and_not_clips(run: auditkit.Run) -> None:
    table = run.measurements
    rates = table[(table["metric"] == "bias.true_positive_rate")].set_index("slice")
    assert rates.loc["background=hiss", "units"] == 20
    alarms = table[(table["metric"] == "bias.false_positive_rate")].set_index("slice")
    assert alarms.loc["voice=(missing)", "value"] == 0


def test_what_follows_the_gradient_through_the_script(example: Path, clips: torch.Tensor) -> None:
    configuration = read_configuration(example / "audit.yaml")
    model, _ = build_model(configuration.model, Code(example, allowed=True))
    names = ("occlusion", "saliency", "integrated_gradients", "grad_cam", "deep_lift", "lrp")
    digest = model.digest()
    found = explained(model, clips[:4], model.heads[0], methods=names)
    assert model.digest() == digest
    assert isinstance(found, Explanation)
    for name in ("occlusion", "saliency"):
        maps = found.maps[name]
        assert isinstance(maps, Maps)
        assert maps.shown.all()
        assert maps.values[0].abs().sum() > 0
    path = found.maps["integrated_gradients"]
    assert isinstance(path, Maps)
    assert not path.shown.any()
    assert "not finite somewhere on the way from the baseline" in path.withheld
    for name, said in (
        ("grad_cam", "inside a scripted or traced part"),
        ("deep_lift", "has no rule"),
        ("lrp", "has no rule for layers of the kind RecursiveScriptModule"),
    ):
        refused = found.maps[name]
        assert isinstance(refused, NotExplainable)
        assert said in refused.reason
    assert found.chosen == "occlusion"


def test_no_integral_is_shown(run: auditkit.Run) -> None:
    table = run.measurements.set_index("metric")
    assert table.loc["explanation.converged_share", "value"] == 0
    ranked = table.loc[["explanation.mean_attribution"]]
    assert (ranked["label"].str.startswith("samples ") | (ranked["label"] == "")).all()
    (pictures,) = [f for f in run.record.figures if f.title == "Single signals"]
    assert "occlusion" in pictures.caption
