"""The mortgage applications: train, audit, and what the README says of both."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

import auditkit
from auditkit.assembly import Overrides, audit_configuration
from tests.examples.readme import shown_rows, verdict_rows

FOLDER = Path(__file__).parents[2] / "examples" / "lending"
README = (FOLDER / "README.md").read_text()
LENDING: dict[str, Any] = runpy.run_path(str(FOLDER / "lending.py"))
pytestmark = pytest.mark.slow

WORLD = ["race", "sex", "married", "outcome", "split", "application"]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples") / "lending"
    made = shutil.ignore_patterns("*.safetensors", "*.csv", "*.html")
    shutil.copytree(FOLDER, folder, ignore=made)
    trained = subprocess.run(
        [sys.executable, str(folder / "train.py")], capture_output=True, text=True, check=False
    )
    assert trained.returncode == 0, trained.stderr
    return folder


@pytest.fixture(scope="module")
def run(example: Path) -> auditkit.Run:
    said = Overrides(store=example / "store", reports=(example / "report.html",))
    found, _ = audit_configuration(example / "audit.yaml", said)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def decided(example: Path) -> pd.DataFrame:
    """The evaluation applications with the network's decision, by a plain forward pass."""
    rows = LENDING["applications"]()
    network = LENDING["build"]()
    network.load_state_dict(load_file(example / "model.safetensors"))
    with torch.no_grad():
        scores = torch.sigmoid(network.eval()(LENDING["encode"](rows))).numpy()
    rows = rows.assign(approved=scores >= 0.75)
    return rows[rows["split"] == "evaluation"]


def test_it_is_inconclusive_and_says_how_many_would_decide(run: auditkit.Run) -> None:
    assert run.verdict == "inconclusive"
    assert run.exit_code == 3
    (of_race,) = [
        v
        for v in run.judgement.verdicts
        if v.requirement == "four-fifths" and "=black" in v.subject
    ]
    assert of_race.interval is not None
    assert of_race.interval.high < 0.8  # by itself it lies outside
    assert of_race.p_adjusted == pytest.approx(0.16, abs=0.005)
    assert of_race.units_to_decide == pytest.approx(1700, rel=0.05)


def test_rates_equal_a_plain_count(run: auditkit.Run, decided: pd.DataFrame) -> None:
    table = run.measurements
    rates = table[table["metric"] == "bias.selection_rate"].set_index("slice")["value"]
    for name in ("race", "sex", "married"):
        for level, rows in decided.groupby(decided[name].fillna("(missing)")):
            if len(rows) >= 5:
                assert rates[f"{name}={level}"] == pytest.approx(rows["approved"].mean())


def test_the_readme_shows_the_verdicts_that_come_out(run: auditkit.Run) -> None:
    assert shown_rows(FOLDER / "README.md", "four-fifths") == verdict_rows(run, "four-fifths")


def test_the_readme_counts_right(run: auditkit.Run, decided: pd.DataFrame) -> None:
    text = " ".join(README.split())
    whole = LENDING["applications"]()
    assert f"from {(whole['split'] == 'training').sum()} mortgage applications" in text
    assert f"audited on {len(decided):,} others" in text
    weights = sum(parameter.numel() for parameter in LENDING["build"]().parameters())
    assert f"A network of {weights} weights" in text
    black, white = (decided[decided["race"] == race] for race in ("black", "white"))
    approved = f"{black['approved'].sum()} of {len(black)} black applicants"
    assert f"{approved} (61 %) and {white['approved'].sum()} of {len(white)} white ones" in text
    theirs = [(rows["outcome"] == "approved").sum() for rows in (black, white)]
    assert f"({theirs[0]} of {len(black)}, {theirs[1]} of {len(white)})" in text
    assert f"{theirs[0] / len(black) / (theirs[1] / len(white)):.3f} times the rate" in text
    large, poor = (
        [f"{(rows[name] >= cut).mean():.0%}".replace("%", " %") for rows in (black, white)]
        for name, cut in (("loan_to_value", 0.95), ("consumer_history", 4))
    )
    assert f"the price or more ({large[0]}, white {large[1]})" in text
    assert f"scale of 6 ({poor[0]}, white {poor[1]})" in text
    (gap,) = [
        v.measurement
        for v in run.judgement.verdicts
        if v.requirement == "agreement" and "=black" in v.subject
    ]
    low, high = (f"{abs(end):.3f}" for end in (gap.interval.low, gap.interval.high))
    shown = re.search(r"−0\.220, −([\d.]+) to −([\d.]+)\)", text)
    assert shown is not None
    assert (gap.value, *shown.groups()) == (pytest.approx(-0.22, abs=5e-4), low, high)


def test_the_readme_shows_the_comparison_of_alike_applicants(run: auditkit.Run) -> None:
    table = run.measurements
    (found,) = table[
        (table["metric"] == "bias.conditional_selection_rate_ratio")
        & (table["slice"] == "race=black")
        & (table["reference"] == "race=white")
    ].itertuples()
    text = " ".join(README.split())
    assert f"approved at {found.value:.3f} times the rate of white ones" in text
    assert f"90 % interval {found.low:.3f} to {found.high:.3f})" in text


def test_what_is_missing_stays_missing_and_is_listed(run: auditkit.Run) -> None:
    rows = LENDING["applications"]()
    missing = rows.isna().sum()
    assert missing[missing > 0].to_dict() == {
        "sex": 15,
        "married": 3,
        "several_units": 4,
        "term": 4,
    }
    assert len(rows) == 1989
    encoded = LENDING["encode"](rows)
    assert encoded.isfinite().all()
    term = list(LENDING["encode"].feature_names).index("term")
    assert (encoded.numpy()[rows["term"].isna(), term] == 0).all()
    listed = "\n".join(run.judgement.small_groups)
    assert "sex=(missing): for 7 rows (0.69 %)" in listed
    assert "race=hispanic, sex=female holds 1.1 % of the rows (11 rows)" in listed


def test_the_network_reads_nobodys_race_sex_or_marriage(run: auditkit.Run) -> None:
    features = run.record.data["splits"]["evaluation"]["features"]
    assert not set(features) & set(WORLD)
    assert set(features) == set(LENDING["encode"].feature_names)
    rows = LENDING["applications"]()
    hidden = rows.assign(**dict.fromkeys(WORLD, "unknown"))
    assert torch.equal(LENDING["encode"](rows), LENDING["encode"](hidden))


def test_training_anew_decides_alike(example: Path, decided: pd.DataFrame) -> None:
    """Double precision leaves the order of sums no say in a decision."""
    sys.path.insert(0, str(example))
    try:
        train = runpy.run_path(str(example / "train.py"))["train"]
        threads = torch.get_num_threads()
        torch.set_num_threads(1 if threads > 1 else 2)
        try:
            network = train()
        finally:
            torch.set_num_threads(threads)
    finally:
        sys.path.remove(str(example))
        sys.modules.pop("lending", None)
    with torch.no_grad():
        again = torch.sigmoid(network(LENDING["encode"](decided))).numpy() >= 0.75
    assert (again == decided["approved"].to_numpy()).all()
