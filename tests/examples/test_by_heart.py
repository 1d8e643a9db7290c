"""The pairs of networks that memorised or learnt, the leaked split, and the network's rivals."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import auditkit
from auditkit.assembly import Overrides, audit_configuration

EXAMPLES = Path(__file__).parents[2] / "examples"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both examples, with their networks trained."""
    folder = tmp_path_factory.mktemp("by-heart")
    for name in ("digits", "income"):
        ignored = shutil.ignore_patterns("*.safetensors", "*.html")
        shutil.copytree(EXAMPLES / name, folder / name, ignore=ignored)
    for script in ("digits/train.py", "digits/by_heart.py", "income/by_heart.py"):
        ran = subprocess.run(
            [sys.executable, str(folder / script)], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
    return folder


def audited(examples: Path, name: str, folder: Path) -> auditkit.Run:
    """The audit, without what trains the network again, which takes half a minute."""
    said = yaml.safe_load((examples / f"{name}.yaml").read_text())
    said.pop("retraining", None)
    said["checks"] = [one for one in said["checks"] if one not in ("cost", "data_sufficiency")]
    place = (examples / name).with_name("in-part.yaml")
    place.write_text(yaml.safe_dump(said))
    run, _ = audit_configuration(
        place, Overrides(store=folder / "store", reports=(folder / "report.html",))
    )
    assert run is not None
    return run


def verdicts(run: auditkit.Run) -> dict[str, set[str]]:
    assert run.judgement is not None
    found: dict[str, set[str]] = {}
    for one in run.judgement.verdicts:
        found.setdefault(one.requirement, set()).add(one.status.value)
    return found


def value(run: auditkit.Run, metric: str, label: str = "") -> float:
    table = run.measurements
    chosen = table[(table["metric"] == metric) & (table["label"] == label)]
    (found,) = chosen.loc[(chosen["slice"] == "all"), "value"]
    return float(found)


@pytest.mark.parametrize("example", ["digits", "income"])
def test_the_audit_tells_who_memorised(example: str, examples: Path, tmp_path: Path) -> None:
    memorised = audited(examples, f"{example}/memorised", tmp_path / "memorised")
    regularised = audited(examples, f"{example}/regularised", tmp_path / "regularised")
    assert verdicts(memorised)["accuracy-gap"] == {"fail"}
    assert verdicts(memorised)["membership"] == {"fail"}
    for requirement in ("accuracy-gap", "membership", "copies", "near-copies"):
        assert verdicts(regularised)[requirement] == {"pass"}
    readme = (EXAMPLES / example / "README.md").read_text()
    (row,) = [line for line in readme.splitlines() if line.startswith("| what lies between them")]
    shown = [float(cell.split()[0]) for cell in row.strip("| ").split("|")[1:]]
    measured = [value(run, "overfitting.accuracy_gap") for run in (memorised, regularised)]
    assert measured == pytest.approx(shown, abs=0.01)  # another processor trains a little otherwise


def test_the_audit_finds_what_leaked(examples: Path, tmp_path: Path) -> None:
    run = audited(examples, "digits/leaked", tmp_path)
    assert run.verdict == "fail"
    assert verdicts(run)["copies"] == {"fail"}
    assert verdicts(run)["near-copies"] == {"fail"}
    assert value(run, "leakage.near_duplicates") == pytest.approx(103 / 2700)
    (exact,) = run.measurements.query("metric == 'leakage.exact_duplicates'")["value"]
    assert exact == pytest.approx(100 / 2700)


def test_the_network_is_not_worth_it(examples: Path, tmp_path: Path) -> None:
    run = audited(examples, "income/rivals", tmp_path)
    assert verdicts(run)["better-than-simple"] == {"fail"}
    readme = (EXAMPLES / "income" / "README.md").read_text()
    for rival in ("logistic regression", "gradient boosting"):
        gain = f"{value(run, 'rival.accuracy_gain', rival):.3f}".replace("-", "−")
        assert f"| {rival} | {gain} (" in readme
