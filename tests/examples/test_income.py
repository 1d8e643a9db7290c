"""The network that nobody here trained: its known numbers, and the verdict that must follow.

The expected values were published with the model and data, not computed by auditkit: counts by a
plain loop over the table (selection 7,855 of 21,790 men and 818 of 10,771 women), AUC and Brier by
scikit-learn.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

import auditkit
from auditkit.assembly import Overrides, audit_configuration, build_model
from auditkit.configuration import read_configuration
from auditkit.configured_code import Code
from auditkit.dataset_assembly import build_dataset
from tests.examples.readme import shown_rows, verdict_rows

CONFIGURATION = Path(__file__).parents[2] / "examples" / "income" / "audit.yaml"
README = CONFIGURATION.with_name("README.md")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> auditkit.Run:
    folder = tmp_path_factory.mktemp("income")
    said = Overrides(store=folder / "store", reports=(folder / "report.html",))
    found, (report,) = audit_configuration(CONFIGURATION, said)
    assert found is not None
    assert report.stat().st_size < 1_200_000
    return found


def _value(
    run: auditkit.Run, metric: str, where: str = "all", reference: str | None = None
) -> float:
    table = run.measurements
    chosen = table[(table["metric"] == metric) & (table["slice"] == where)]
    if reference is not None:
        chosen = chosen[chosen["reference"] == reference]
    (value,) = chosen["value"]
    return float(value)


@pytest.mark.parametrize(
    ("metric", "where", "expected"),
    [
        ("performance.units", "all", 32_561),
        ("performance.accuracy", "all", 0.8216),
        ("performance.auc", "all", 0.8805),
        ("performance.brier", "all", 0.1314),
        ("performance.log_loss", "all", 0.4450),
        ("bias.selection_rate", "gender=Male", 7_855 / 21_790),
        ("bias.selection_rate", "gender=Female", 818 / 10_771),
        ("bias.true_positive_rate", "gender=Male", 0.7256),
        ("bias.true_positive_rate", "gender=Female", 0.4394),
        ("bias.false_positive_rate", "gender=Male", 0.1997),
        ("bias.false_positive_rate", "gender=Female", 0.0313),
        ("bias.accuracy", "gender=Female", 0.9108),
        ("bias.selection_rate", "ethnicity=Amer-Indian-Eskimo", 0.1222),
        ("bias.selection_rate", "ethnicity=White", 0.2855),
        ("bias.true_positive_rate", "ethnicity=Other", 0.5200),
        # Mean probability .2766 against a base rate of 7,841 / 32,561.
        ("calibration.confidence_gap", "all", 0.2766 - 7_841 / 32_561),
    ],
)
def test_known_numbers(run: auditkit.Run, metric: str, where: str, expected: float) -> None:
    assert _value(run, metric, where) == pytest.approx(expected, abs=6e-5)


def test_auc_and_brier_equal_scikit_learn(run: auditkit.Run) -> None:
    configuration = read_configuration(CONFIGURATION)
    code = Code(CONFIGURATION.parent, allowed=True)
    model, _ = build_model(configuration.model, code)
    source = build_dataset(configuration.data, code)["evaluation"]
    scores: list[float] = []
    labels: list[int] = []
    with model.opened():
        for fragment in source.fragments():
            for batch in source.batches(fragment, 4096):
                scores += model.predict(batch.inputs)[""].tolist()
                labels += (batch.targets == ">50K").astype(int).tolist()
    assert _value(run, "performance.auc") == pytest.approx(roc_auc_score(labels, scores), abs=1e-4)
    assert _value(run, "performance.brier") == pytest.approx(
        brier_score_loss(labels, scores), abs=1e-9
    )


def test_it_fails_on_the_group_ratio_with_the_interval(run: auditkit.Run) -> None:
    assert run.verdict == "fail"
    assert run.exit_code == 1
    of_gender = [
        v
        for v in run.judgement.verdicts
        if v.requirement == "group-ratio" and "gender=Female" in v.subject
    ]
    assert [v.status for v in of_gender] == ["fail"]
    assert of_gender[0].basis == "convention"
    interval = of_gender[0].interval
    assert interval is not None
    assert 0.19 < interval.low < 818 / 10_771 / (7_855 / 21_790) < interval.high < 0.23


def test_small_groups_are_undecided_or_failed_but_never_lost(run: auditkit.Run) -> None:
    judged = {v.subject for v in run.judgement.verdicts if v.requirement == "group-ratio"}
    for group in ("Amer-Indian-Eskimo", "Asian-Pac-Islander", "Black", "Other"):
        assert any(f"ethnicity={group}" in subject for subject in judged)


def test_it_says_that_overfitting_was_not_tested_and_why(run: auditkit.Run) -> None:
    (sentence,) = [s for s in run.record.not_tested if s.startswith("Overfitting was not tested")]
    assert "No training data" in sentence
    assert any("Which rows this network was trained on is unknown" in n for n in run.record.notes)


def test_the_record_names_the_file_the_code_and_how_it_was_read(run: auditkit.Run) -> None:
    record = run.record
    assert record.digests["model_file"] == (
        "sha256:0c81f131370b04fc74a027d203725fb8b527d468e28aa4eb094628649ce560ec"
    )
    assert record.digests["code"].startswith("sha256:")
    assert "adult.pth" in record.model["file"]
    assert record.model["path_taken"]
    assert record.settings["allow_code"] is True


def test_intersections_are_measured(run: auditkit.Run) -> None:
    table = run.measurements
    slices = set(table.loc[table["metric"] == "bias.selection_rate", "slice"])
    assert "ethnicity=Black, gender=Female" in slices
    assert len([s for s in slices if "," in s]) == 10


def test_the_readme_shows_every_group_within_a_group(run: auditkit.Run) -> None:
    table = run.measurements
    rates = table[table["metric"] == "bias.selection_rate"].set_index("slice")
    ratios = table[
        (table["metric"] == "bias.impact_ratio")
        & (table["reference"] == "ethnicity=White, gender=Male")
    ].set_index("slice")
    expected = []
    for name, rate in rates[rates.index.str.contains(",")].iterrows():
        compared = "| |"
        if name in ratios.index:
            ratio = ratios.loc[name]
            compared = f"{ratio['value']:.3f} | {ratio['low']:.3f} to {ratio['high']:.3f} |"
        expected.append(f"| {name} | {rate['units']:,} | {rate['value']:.3f} | {compared}")
    assert len(expected) == 10
    assert shown_rows(README, "ethnicity=") == sorted(expected)


def test_the_readme_shows_the_verdicts_that_come_out(run: auditkit.Run) -> None:
    assert shown_rows(README, "group-ratio") == verdict_rows(run, "group-ratio")


def test_what_it_goes_by_is_not_gender_but_tells_it(run: auditkit.Run) -> None:
    table = run.measurements
    moved = table[
        (table["metric"] == "explanation.mean_attribution") & (table["slice"] == "all")
    ].set_index("label")["value"]
    text = " ".join(README.read_text().split())
    first = [f"{moved[name]:.3f}"[1:] for name in ("marital_status=Married", "hours_per_week")]
    assert moved.sort_values().index[-1] == "marital_status=Married"
    assert f"married ({first[0]} on average), then the hours of work ({first[1]})" in text
    gender = [f"{moved[f'gender={level}']:.3f}"[1:] for level in ("Female", "Male")]
    assert f"Gender itself moves it by {gender[0]} and {gender[1]}" in text
    known = table[table["metric"] == "explanation.proxy_association"].set_index("label")["value"]
    assert f"V {known['marital_status=Married × gender']:.2f}".replace(" 0", " ") in text
    (less,) = table[
        (table["metric"] == "explanation.attribution_difference")
        & (table["label"] == "marital_status=Married")
        & (table["slice"] == "gender=Female")
    ].itertuples()
    shown = [f"{abs(end):.3f}"[1:] for end in (less.value, less.low, less.high)]
    assert f"by {shown[0]} less than men's (−{shown[1]} to −{shown[2]})" in text


def test_reasons_of_six_decisions_are_kept(run: auditkit.Run) -> None:
    (codes,) = [figure for figure in run.record.figures if figure.kind == "reason_codes"]
    assert len(codes.data["items"]) == 6
    assert all(len(one["reasons"]) <= 4 for one in codes.data["items"])
    assert any("kept in this record" in note for note in run.record.notes)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("audit", "as it came"),
        ("overconfident", "overconfident"),
        ("underconfident", "underconfident"),
    ],
)
def test_the_check_tells_three_confidences_apart(name: str, shown: str) -> None:
    configuration = read_configuration(CONFIGURATION.with_name(f"{name}.yaml"))
    code = Code(CONFIGURATION.parent, allowed=True)
    model, _ = build_model(configuration.model, code)
    data = build_dataset(configuration.data, code)
    run = auditkit.audit(model, data, policy=None, checks=["calibration", "performance"])
    assert _value(run, "performance.accuracy") == pytest.approx(0.8216, abs=6e-5)
    table = run.measurements.set_index("metric")
    cells = []
    for metric, digits in (("squared_error", 4), ("overconfidence", 3)):
        row = table.loc[f"calibration.{metric}"]
        value, low, high = (f"{row[end]:.{digits}f}" for end in ("value", "low", "high"))
        cells.append(f"{value} ({low} to {high})".replace("-", "−"))
    assert shown_rows(README, shown) == [f"| {shown} | {' | '.join(cells)} |"]
