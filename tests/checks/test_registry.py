"""Checks of other packages: installed for real, failing in every way, never silently."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from auditkit import audit
from auditkit.checks import catalogue, load_checks
from auditkit.errors import ConfigurationError
from auditkit.measurement import Status
from tests.checks.audits import DECIDING, data_of, scored, stored

OWN = (
    "abstention", "answer_explanation", "bias", "calibration", "confidence", "conformal", "cost",
    "data_sufficiency", "drift", "embedding_slices", "explanation", "groundedness", "hallucination",
    "labels", "leakage", "memorisation", "out_of_distribution", "overfitting", "performance",
    "privacy", "prompt_bias", "quantiles", "representation", "rival", "robustness", "shortcuts",
    "slices", "speech",
)  # fmt: skip

STRANGER = '''
"""A package that brings checks."""
from auditkit.checks import Check
from auditkit.checks import Findings
from auditkit.evidence import CountNeed, SplitNeed
from auditkit.evidence.needs import TARGET
from auditkit.measurement import Direction, Measurement, MeasurementKey, Metric, Status
from auditkit.statistics import estimates


def metric(family, name="rate"):
    return Metric(f"{family}.{name}", "Rate", "A rate.", "share", Direction.NONE)


def check(name, measure, metrics=None):
    needs = lambda subject: [SplitNeed("evaluation", CountNeed(subject.views[0].key, (TARGET,)))]
    return Check(name, "How many?", metrics or (metric(name),), lambda subject: "", needs, measure)


def base_rate(subject, evidence):
    negatives, positives = evidence["evaluation"].count(
        CountNeed(subject.views[0].key, (TARGET,))
    ).values
    estimate = estimates.proportion(positives, negatives + positives)
    return Findings((Measurement(
        MeasurementKey("prevalence.rate"), Status.MEASURED, estimates.value(estimate),
        estimates.interval(estimate), estimate, units=int(negatives + positives),
    ),))


def breaks(subject, evidence):
    return 1 / 0


GOOD = check("prevalence", base_rate)
BREAKS = check("breaks", breaks, (metric("breaks"), metric("breaks", "other")))
BIAS = check("bias", base_rate)
NO_CHECK = "a text"
'''


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package on the path, with its entry points, as pip leaves it."""
    (tmp_path / "stranger.py").write_text(STRANGER)
    info = tmp_path / "stranger-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[auditkit.checks]\n"
        "prevalence = stranger:GOOD\n"
        "breaks = stranger:BREAKS\n"
        "bias = stranger:BIAS\n"
        "absent = stranger:NOBODY\n"
        "broken = a_module_that_is_not_there:CHECK\n"
        "text = stranger:NO_CHECK\n"
        "renamed = stranger:GOOD\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("stranger", None)


def test_a_package_brings_checks_and_every_failure_is_told(installed: None) -> None:
    checks, notes = load_checks()
    assert [check.name for check in checks] == sorted((*OWN, "prevalence", "breaks"))
    assert sorted(notes) == sorted(
        (
            "The check 'bias' of stranger:BIAS did not run: its name is taken by "
            "auditkit.checks.bias.check:CHECK.",
            "The check 'absent' of stranger:NOBODY could not be loaded (AttributeError: module "
            "'stranger' has no attribute 'NOBODY'), and did not run.",
            "The check 'broken' of a_module_that_is_not_there:CHECK could not be loaded "
            "(ModuleNotFoundError: No module named 'a_module_that_is_not_there'), and did not run.",
            "The check 'text' of stranger:NO_CHECK is a str, no Check, and did not run.",
            "The check 'renamed' of stranger:GOOD calls itself 'prevalence', and did not run: its "
            "metrics would pass for another's.",
        )
    )
    # Nobody can replace auditkit's own.
    assert next(c for c in checks if c.name == "bias").question == "Are groups treated alike?"


def test_an_audit_runs_them_and_a_broken_one_fails_alone(installed: None) -> None:
    run = audit(stored(**DECIDING), data_of(scored(60)), policy=None, quiet=True)
    found = {(m.key.metric): m for m in run.record.measurements}
    assert found["prevalence.rate"].value == scored(60)["y"].mean()
    for name in ("breaks.rate", "breaks.other"):
        assert found[name].status is Status.FAILED
        assert found[name].value is None
        assert found[name].reason == (
            "The check breaks broke off (ZeroDivisionError: division by zero)."
        )
    assert found["performance.accuracy"].status is Status.MEASURED
    assert any("a_module_that_is_not_there" in note for note in run.record.notes)
    assert run.record.definitions["prevalence.rate"]["definition"] == "A rate."


def test_checks_by_name() -> None:
    checks, notes = load_checks(["performance", "bias", "performance"])
    assert [check.name for check in checks] == ["performance", "bias"]
    assert notes == ()
    with pytest.raises(ConfigurationError) as caught:
        load_checks(["bais"])
    assert str(caught.value) == (
        f"There is no check named 'bais'; installed are {', '.join(OWN)}. Mend the name, or "
        "install the package that brings it."
    )
    with pytest.raises(ConfigurationError, match="installed are none"):
        load_checks(["bias"], doors=[])


def test_a_door_that_leads_nowhere() -> None:
    doors = [
        EntryPoint("performance", "auditkit.checks.performance:CHECK", "auditkit.checks"),
        EntryPoint("rival", "no_such_package.rival:CHECK", "auditkit.checks"),
    ]
    checks, notes = load_checks(doors=doors)
    assert [check.name for check in checks] == ["performance"]
    assert notes == (
        "The check 'rival' of no_such_package.rival:CHECK could not be loaded "
        "(ModuleNotFoundError: No module named 'no_such_package'), and did not run.",
    )


def test_two_strangers_of_one_name_are_told() -> None:
    doors = [
        EntryPoint("rival", f"{package}.rival:CHECK", "auditkit.checks") for package in ("b", "a")
    ]
    _, notes = load_checks(doors=doors)
    assert notes[0] == (
        "The check 'rival' of b.rival:CHECK did not run: its name is taken by a.rival:CHECK."
    )


def test_the_catalogue_has_every_metric_once() -> None:
    checks, _ = load_checks()
    metrics = catalogue(checks)
    assert len(metrics) == sum(len(check.metrics) for check in checks)
    assert all(name == metric.id for name, metric in metrics.items())
