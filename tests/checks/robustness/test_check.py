"""Worse inputs and an adversary: models that hold and models that do not, and what is withheld."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from auditkit.checks import Findings
from auditkit.checks.robustness.attacks import NO_ATTACK, NO_RANGE
from auditkit.checks.robustness.check import CHECK
from auditkit.data import Dataset, dataset
from auditkit.evidence import LocalEngine, Options, make_plan
from auditkit.evidence.aims import Aims
from auditkit.evidence.sample_needs import AnswerNeed
from auditkit.evidence.subject import Subject
from auditkit.measurement import Measurement, Status
from auditkit.models import stored_predictions, wrap
from auditkit.models.wrapped import WrappedModel
from auditkit.statistics import estimates
from auditkit.subjects import probe
from auditkit.variants.variant import Variant
from tests.checks.audits import collected, found, inside, interval, outside, value

UNITS = 300
CHECKER = (torch.arange(8)[:, None] + torch.arange(8)) % 2 * 2.0 - 1.0
FAINT = 0.01


class Images(torch.utils.data.Dataset[Any]):
    """Bright and dark images (classes 1 and 0), or grey ones with a checker of either sign."""

    def __init__(self, *, faint: bool, wrong: float = 0.0, n: int = UNITS) -> None:
        generator = torch.Generator().manual_seed(0)
        truth = torch.arange(n) % 2
        signs = (2 * truth - 1)[:, None, None, None]
        pattern = FAINT * CHECKER if faint else 0.4 * torch.ones(8, 8)
        self.images = 0.5 + signs * pattern[None, None]
        errs = torch.rand(n, generator=generator) < wrong
        self.labels = torch.where(errs, 1 - truth, truth)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Any:
        of = "abc"[0 if index % 3 else 1 if index > 6 else 2]
        return self.images[index], int(self.labels[index]), {"side": of, "person": index % 25}


def model(*, faint: bool, gain: float = 1000.0, **declared: Any) -> WrappedModel:
    """Classifies by brightness, or by the faint checker; the gain says how sure it is."""
    linear = nn.Linear(64, 2)
    weight = (CHECKER if faint else torch.ones(8, 8) / 64).flatten() * gain / 2
    with torch.no_grad():
        linear.weight.copy_(torch.stack([-weight, weight]))
        linear.bias.copy_(0.5 * torch.stack([weight.sum(), -weight.sum()]))
    declared = {"inputs": {"medium": "image", "range": (0, 1)}, **declared}
    return wrap(
        nn.Sequential(nn.Flatten(), linear), task="multiclass", classes=("0", "1"),
        outputs="logits", device="cpu", **declared,
    )  # fmt: skip


def measured(wrapped: WrappedModel, given: Dataset, **settings: Any) -> Findings:
    subject, evidence = collected(CHECK, wrapped, given, **settings)
    assert CHECK.unmet(subject) == ""
    return CHECK.measure(subject, evidence)


def images(faint: bool, gain: float = 1000.0, wrong: float = 0.0, **roles: Any) -> Findings:
    given = dataset(evaluation=Images(faint=faint, wrong=wrong), groups=("side",), **roles)
    return measured(model(faint=faint, gain=gain), given)


def of(
    findings: Findings, number: str, label: str = "", where: Mapping[str, str] | None = None
) -> Measurement:
    return found(findings, f"robustness.{number}", where, label=label)


@pytest.fixture(scope="module")
def steady() -> Findings:
    return images(faint=False)


@pytest.fixture(scope="module")
def fragile() -> Findings:
    return images(faint=True)


def test_a_model_that_holds_passes(steady: Findings) -> None:
    for name in ("noise", "blur", "brightness", "contrast", "pixelate"):
        for level in (1, 2, 3):
            label = f"{name} {level}"
            assert inside(of(steady, "corrupted_accuracy", label), 0.98, 1), label
            assert inside(of(steady, "accuracy_drop", label), -0.02, 0.02), label
            assert inside(of(steady, "flips", label), 0, 0.02), label
            gap = of(steady, "corrupted_gap", label)
            assert gap.value == pytest.approx(0, abs=1e-6)
    for attack in ("fgsm at 0.03137", "pgd at 0.03137", "worst of both"):
        one = of(steady, "robust_accuracy", attack)
        assert one.value == 1
        assert one.estimate is not None
        assert one.estimate.method == "clopper_pearson"
        assert inside(one, 0.98, 1)
        assert (one.rows, one.units) == (UNITS, UNITS)


def test_a_model_that_noise_and_an_adversary_fool_is_found(fragile: Findings) -> None:
    assert of(fragile, "corrupted_accuracy", "noise 1").value > 0.9
    assert outside(of(fragile, "corrupted_accuracy", "noise 3"), 0.9, 1)
    assert outside(of(fragile, "accuracy_drop", "noise 3"), -1, 0.1)
    assert outside(of(fragile, "flips", "noise 3"), 0, 0.1)
    assert outside(of(fragile, "corrupted_gap", "noise 3"), -0.1, 0.1)
    for attack in ("fgsm at 0.03137", "pgd at 0.03137", "worst of both"):
        assert of(fragile, "robust_accuracy", attack).value == 0
        assert outside(of(fragile, "robust_accuracy", attack), 0.05, 1)
    # Of the plain inputs all are right, so that whatever is lost, is lost by the change.
    for number in ("accuracy_drop", "flips"):
        kept = of(fragile, "corrupted_accuracy", "noise 3").value
        assert of(fragile, number, "noise 3").value == pytest.approx(1 - kept)


def test_a_model_that_loses_its_confidence_with_its_accuracy_is_honest() -> None:
    """Its gain is that of Bayes' rule under noise of level 3: weak signal over variance."""
    signal, variance = 64 * FAINT, 64 * 0.16**2
    honest = images(faint=True, gain=2 * signal / variance)
    assert inside(of(honest, "corrupted_gap", "noise 3"), -0.1, 0.1)
    assert outside(of(honest, "corrupted_accuracy", "noise 3"), 0.9, 1)


def test_errors_from_before_count_against_the_robust_accuracy() -> None:
    findings = images(faint=False, wrong=0.2)
    robust, plain = (
        of(findings, "robust_accuracy", "pgd at 0.03137"),
        of(findings, "corrupted_accuracy", "noise 1"),
    )
    assert robust.value == plain.value
    assert 0.7 < plain.value < 0.9
    assert of(findings, "accuracy_drop", "noise 1").value == 0


def test_groups_are_told_of_at_the_strongest_level_and_few_are_not(fragile: Findings) -> None:
    for name in ("noise", "contrast"):
        kept = [of(fragile, "corrupted_accuracy", f"{name} 3", {"side": one}) for one in "ab"]
        assert [one.rows for one in kept] == [200, 97]
        assert all(one.interval is not None for one in kept)
        few = of(fragile, "corrupted_accuracy", f"{name} 3", {"side": "c"})
        assert (few.status, few.value, few.rows) == (Status.TOO_FEW, None, 0)
        assert "fewer than 5 are not kept" in few.reason
    sliced = [one for one in fragile.measurements if one.key.slice.conditions]
    assert {one.key.label[-1] for one in sliced} == {"3"}


def test_clusters_are_the_units() -> None:
    findings = images(faint=True, cluster="person")
    for number, label in (
        ("corrupted_accuracy", "noise 3"),
        ("accuracy_drop", "noise 3"),
        ("corrupted_gap", "noise 3"),
        ("flips", "noise 3"),
        ("robust_accuracy", "fgsm at 0.03137"),
    ):
        one = of(findings, number, label)
        assert (one.status, one.units, one.rows) == (Status.MEASURED, 25, UNITS), number
        assert one.interval is not None
    assert of(findings, "robust_accuracy", "worst of both").estimate.method == "wilson"


@pytest.mark.parametrize(
    ("units", "roles", "honest"),
    [(20, {}, False), (UNITS, {}, True), (UNITS, {"cluster": "person"}, False)],
)
def test_that_a_few_are_right_is_no_proof_of_honesty(
    units: int, roles: dict[str, str], honest: bool
) -> None:
    """Where one of twenty is wrong, and none is doubted, 20 units may well show no error."""
    given = dataset(evaluation=Images(faint=False, n=units), groups=("side",), **roles)
    findings = measured(model(faint=False, gain=20.0), given)
    for level in (1, 2, 3):
        assert of(findings, "corrupted_accuracy", f"noise {level}").value == 1
        gap = of(findings, "corrupted_gap", f"noise {level}")
        assert gap.value == pytest.approx(0, abs=0.01)
        assert inside(gap, -0.05, 0.05) is honest


def test_few_clusters_leave_no_interval_and_part_of_the_data_is_told_of() -> None:
    table = people().assign(person=np.arange(400) % 4)
    given = dataset(
        evaluation=table, label="y", features=("x0", "x1", "x2"), cluster="person", groups=("sex",)
    )
    wrapped = wrap(
        linear(50.0), task="binary", outputs="logits", decision={"threshold": 0.5}, device="cpu"
    )
    for one in measured(wrapped, given, limit=300).measurements:
        assert one.status in (Status.TOO_FEW, Status.NOT_APPLICABLE), str(one.key)
        assert one.interval is None
        assert one.sampled


def test_the_picture_begins_with_the_plain_inputs(fragile: Findings) -> None:
    (figure,) = fragile.figures
    assert figure.kind == "corruption"
    rows = figure.data["rows"]
    assert len(rows) == 5 * 4 * 2
    for row in rows:
        assert row["series"] in ("accuracy", "confidence")
        if row["level"]:
            label = f"{row['corruption']} {row['level']}"
            accuracy = of(fragile, "corrupted_accuracy", label).value
            gap = of(fragile, "corrupted_gap", label).value
            expected = accuracy + (gap if row["series"] == "confidence" else 0)
            assert row["value"] == pytest.approx(expected)
        else:
            assert row["value"] == pytest.approx(1, abs=1e-3)


def test_without_labels_only_changes_are_measured() -> None:
    class Alone(Images):
        def __getitem__(self, index: int) -> Any:
            return (self.images[index],)

    findings = measured(model(faint=True), dataset(evaluation=Alone(faint=True)))
    assert outside(of(findings, "flips", "noise 3"), 0, 0.1)
    for number in ("corrupted_accuracy", "accuracy_drop", "corrupted_gap", "robust_accuracy"):
        one = of(findings, number)
        assert one.status is Status.NOT_APPLICABLE
        assert one.reason.startswith("No label is declared")
    assert findings.figures == ()


# Tables.


def people(n: int = 400, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(rng.normal(size=(n, 3)), columns=["x0", "x1", "x2"])
    table["y"] = (table["x0"] > 0).astype(int)
    table["price"] = 3 * table["x0"] + 0.1 * rng.normal(size=n)
    table["sex"] = rng.choice(["F", "M"], n)
    return table


def linear(*weights: float) -> nn.Module:
    """A network that reads the first column alone, one output for each weight."""
    made = nn.Linear(3, len(weights))
    with torch.no_grad():
        made.weight.zero_()
        made.weight[:, 0] = torch.tensor(weights)
        made.bias.zero_()
    return made


def test_a_table_is_damaged_cell_by_cell() -> None:
    wrapped = wrap(
        linear(50.0), task="binary", outputs="logits", decision={"threshold": 0.5}, device="cpu"
    )
    given = dataset(evaluation=people(), label="y", features=("x0", "x1", "x2"), groups=("sex",))
    findings = measured(wrapped, given)
    accuracies = [of(findings, "corrupted_accuracy", f"shuffled {one}").value for one in (1, 2, 3)]
    # A cell of another row has the wrong sign half of the time.
    assert accuracies == pytest.approx([0.95, 0.85, 0.75], abs=0.06)
    assert of(findings, "flips", "shuffled 3").value == pytest.approx(0.25, abs=0.06)
    lacking = of(findings, "robust_accuracy")
    assert lacking.status is Status.NOT_APPLICABLE
    assert lacking.reason == NO_RANGE


def test_a_regression_has_errors_and_changes_of_its_number() -> None:
    wrapped = wrap(linear(3.0), task="regression", device="cpu")
    given = dataset(evaluation=people(), label="price", features=("x0", "x1", "x2"))
    findings = measured(wrapped, given)
    table = people()
    plain = float((3 * table["x0"] - table["price"]).abs().mean())
    for level, share in ((1, 0.1), (2, 0.3), (3, 0.5)):
        label = f"shuffled {level}"
        # Two draws of a normal law are 2 / √π of its deviation apart on average.
        apart = share * 3 * 2 / math.sqrt(math.pi)
        assert value(findings, "robustness.prediction_change", label=label) == pytest.approx(
            apart, rel=0.3
        )
        rise = of(findings, "mae_rise", label)
        assert outside(rise, -math.inf, 0.1)
        assert rise.value == pytest.approx(of(findings, "corrupted_mae", label).value - plain)
    assert not [m for m in findings.measurements if m.key.metric.endswith("robust_accuracy")]
    (figure,) = findings.figures
    assert {row["series"] for row in figure.data["rows"]} == {"mean absolute error"}
    assert figure.data["rows"][0]["value"] == pytest.approx(plain)


def test_of_partly_labelled_rows_the_labelled_are_judged_and_attacked() -> None:
    table = people()
    table["y"] = table["y"].where(table.index % 4 > 0)
    given = dataset(
        evaluation=table, label="y", features=("x0", "x1", "x2"), labelled="those who came back"
    )
    wrapped = wrap(
        linear(50.0), task="binary", outputs="logits", decision={"threshold": 0.5}, device="cpu",
        inputs={"range": (-5, 5)},
    )  # fmt: skip
    findings = measured(wrapped, given)
    assert of(findings, "corrupted_accuracy", "shuffled 1").rows == 300
    assert of(findings, "flips", "shuffled 1").rows == 400
    robust = of(findings, "robust_accuracy", "fgsm at 0.03137")
    # 0.031 of a range of 10 moves all within 0.31 of the border over it.
    assert robust.value == pytest.approx(1 - 0.243, abs=0.07)
    assert robust.rows == 300


@pytest.mark.parametrize("groups", [(), ("sex",)])
def test_a_sample_without_any_label_has_no_numbers_that_need_one(groups: tuple[str, ...]) -> None:
    table = people(1500)
    # The one row with a label is not among those that the model is asked about.
    table["y"] = table["y"].where(table.index == 7)
    given = dataset(
        evaluation=table, label="y", features=("x0", "x1", "x2"), labelled="one", groups=groups
    )
    wrapped = wrap(
        linear(50.0), task="binary", outputs="logits", decision={"threshold": 0.5}, device="cpu",
        inputs={"range": (-5, 5)},
    )  # fmt: skip
    findings = measured(wrapped, given)
    assert of(findings, "flips", "shuffled 3").rows == 1000
    unknown = [
        of(findings, "corrupted_accuracy", "shuffled 3"),
        of(findings, "corrupted_gap", "missing 1"),
        of(findings, "robust_accuracy", "worst of both"),
        *(of(findings, "corrupted_accuracy", "shuffled 3", {"sex": one}) for one in "FM" if groups),
    ]
    for one in unknown:
        assert (one.status, one.value, one.rows) == (Status.UNDEFINED, None, 0), str(one.key)
        assert one.reason == "None of the units that the model was asked about has a label."
    assert findings.figures == ()


def test_quantiles_are_judged_by_the_central_one() -> None:
    network = linear(3.0, 3.0, 3.0)
    with torch.no_grad():
        network.bias.copy_(torch.tensor([-99.0, 0.0, 99.0]))
    wrapped = wrap(network, task="regression", quantiles=(0.05, 0.5, 0.95), device="cpu")
    given = dataset(evaluation=people(), label="price", features=("x0", "x1", "x2"))
    assert of(measured(wrapped, given), "corrupted_mae", "shuffled 1").value < 1


# What cannot be asked, or answers nothing.


def subject_of(wrapped: WrappedModel, given: Dataset) -> Subject:
    with wrapped.opened():
        return probe(wrapped, given, seed=0, batch_size=64).subject


def test_what_cannot_be_measured_says_why() -> None:
    given = dataset(evaluation=Images(faint=True))
    for inputs, mend in (({"medium": "image"}, "model.inputs.range"), ({}, "model.inputs.medium")):
        subject = subject_of(model(faint=True, inputs=inputs or None), given)
        assert mend in CHECK.unmet(subject)
    stored = stored_predictions(
        {"score": "x0"}, task="binary", outputs="logits", decision={"threshold": 0.5}
    )
    table = dataset(evaluation=people(), label="y", features=("x0", "x1", "x2"))
    assert "stored predictions" in CHECK.unmet(subject_of(stored, table))
    undecided = wrap(linear(1.0), task="binary", outputs="logits", device="cpu")
    assert CHECK.unmet(subject_of(undecided, table)) == (
        "No output decides between classes or predicts a number."
    )


def test_attacks_need_no_medium_and_corruptions_then_say_why_not() -> None:
    wrapped = model(faint=True, inputs={"range": (0, 1)})
    findings = measured(wrapped, dataset(evaluation=Images(faint=True)))
    assert of(findings, "robust_accuracy", "worst of both").value == 0
    for number in ("corrupted_accuracy", "accuracy_drop", "corrupted_gap", "flips"):
        assert "declare model.inputs.medium" in of(findings, number).reason


def test_a_gradient_that_is_masked_is_told_of() -> None:
    """Rounding has no gradient: the attack finds nothing, and that is no robustness."""

    class Rounded(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            mean = images.mean(dim=(1, 2, 3))
            flat = torch.round(mean * 10) + 0.0 * mean
            return torch.stack([5 - flat, flat - 5], dim=1)

    wrapped = wrap(
        Rounded(), task="multiclass", classes=("0", "1"), outputs="logits", device="cpu",
        inputs={"medium": "image", "range": (0, 1)},
    )  # fmt: skip
    findings = measured(wrapped, dataset(evaluation=Images(faint=False)))
    for attack in ("fgsm at 0.03137", "pgd at 0.03137", "worst of both"):
        one = of(findings, "robust_accuracy", attack)
        assert (one.status, one.value) == (Status.UNDEFINED, None)
        assert one.reason == (
            f"At 100 % of the {UNITS} units that are right as they are, the attack had no gradient "
            "to follow: that it did not move them says nothing on robustness."
        )


class Shielded(nn.Module):
    """No gradient passes where the first number is nearly white."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        shielded = images[:, :1, :1, :1] > 0.95
        return self.inner(torch.where(shielded, images.detach(), images))


@pytest.mark.parametrize("shielded", [0, 15, 16])
def test_units_without_a_gradient_count_as_lost_and_many_leave_no_number(shielded: int) -> None:
    given = Images(faint=False)
    given.images[:shielded, :, 0, 0] = 1
    inner = model(faint=False).module
    wrapped = wrap(
        Shielded(inner), task="multiclass", classes=("0", "1"), outputs="logits", device="cpu",
        inputs={"range": (0, 1)},
    )  # fmt: skip
    findings = measured(wrapped, dataset(evaluation=given))
    for attack in ("fgsm at 0.03137", "pgd at 0.03137", "worst of both"):
        one = of(findings, "robust_accuracy", attack)
        if shielded == 16:
            assert one.status is Status.UNDEFINED
            assert one.reason.startswith("At 5.33 % of the 300 units that are right")
            continue
        assert one.value == 1 - shielded / UNITS
        told = "At 15 of 300 units that are right as they are, the attack had no gradient to "
        assert one.reason == (f"{told}follow: they count as not held." if shielded else "")


def aimed(**aims: Any) -> Findings:
    """What is found of attacks under these aims."""
    wrapped = model(faint=True, inputs={"range": (0, 1)})
    given = dataset(evaluation=Images(faint=True))
    with wrapped.opened():
        probed = probe(wrapped, given, seed=0, batch_size=64, aims=Aims(**aims))
        plan = make_plan(CHECK.needs(probed.subject), probed.subject)
        options = Options(batch_size=64, edges=probed.edges, quiet=True)
        evidence = LocalEngine().run(plan, probed.subject, wrapped, given, options)
    return CHECK.measure(probed.subject, evidence)


@pytest.mark.parametrize(
    ("aims", "labels"),
    [
        ({"attacks": ("pgd",), "epsilon": 0.005}, {"pgd at 0.005": 1}),
        ({"attacks": ("fgsm", "fgsm"), "epsilon": 0.02}, {"fgsm at 0.02": 0}),
        (
            {"attacks": ("pgd", "fgsm"), "epsilon": 0.02},
            {"pgd at 0.02": 0, "fgsm at 0.02": 0, "worst of both": 0},
        ),
    ],
)
def test_the_attacks_are_those_that_the_user_asks_for(
    aims: dict[str, Any], labels: dict[str, float]
) -> None:
    robust = [
        one for one in aimed(**aims).measurements if one.key.metric == "robustness.robust_accuracy"
    ]
    assert {one.key.label: one.value for one in robust} == labels


def test_no_attack_is_asked_for() -> None:
    one = of(aimed(attacks=()), "robust_accuracy")
    assert (one.status, one.reason) == (Status.NOT_APPLICABLE, NO_ATTACK)


def test_a_package_that_is_missing_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyautoattack", None)
    findings = aimed(attacks=("fgsm", "pgd", "autoattack"))
    one = of(findings, "robust_accuracy", "autoattack at 0.03137")
    assert one.status is Status.NOT_APPLICABLE
    assert "needs the package pyautoattack" in one.reason
    assert one.reason.endswith("pip install auditkit-torch[autoattack], or ask for 'pgd'.")
    assert of(findings, "robust_accuracy", "fgsm at 0.03137").value == 0
    assert "Not every attack" in of(findings, "robust_accuracy", "worst of 3").reason


def test_answers_that_are_not_finite_are_no_numbers() -> None:
    wrapped, given = model(faint=False), dataset(evaluation=Images(faint=False))
    subject, evidence = collected(CHECK, wrapped, given)
    answers = evidence["evaluation"].answers[AnswerNeed("", Variant("noise", 2))]
    answers.outputs[0, 3, 0] = math.nan
    findings = CHECK.measure(subject, evidence)
    for number in ("corrupted_accuracy", "accuracy_drop", "corrupted_gap", "flips"):
        one = of(findings, number, "noise 2")
        assert (one.status, one.value) == (Status.UNDEFINED, None)
        assert one.reason == "The outputs of 1 of 300 units are not finite."
    noise = [row for row in findings.figures[0].data["rows"] if row["corruption"] == "noise"]
    assert [row["level"] for row in noise] == [0, 1, 0, 1, 3, 3]


def test_the_drop_is_tested_on_pairs(fragile: Findings) -> None:
    """Paired, so that the same loss of the same units is known better than from two samples."""
    drop = of(fragile, "accuracy_drop", "noise 2")
    assert drop.estimate is not None
    assert drop.estimate.method == "tango"
    kept = of(fragile, "corrupted_accuracy", "noise 2")
    right = round(kept.value * UNITS)
    apart = estimates.proportion_difference(UNITS, UNITS, right, UNITS)
    paired, unpaired = (
        interval(fragile, "robustness.accuracy_drop", label="noise 2"),
        (estimates.interval(apart)),
    )
    assert paired.high - paired.low <= unpaired.high - unpaired.low + 1e-3
