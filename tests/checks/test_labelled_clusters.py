"""Labels in a part of the clusters: numbers rest on as many clusters as have a label."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from auditkit.checks import Findings
from auditkit.checks.labelled_clusters import clusters_with_rows, labelled_blocks
from auditkit.checks.reading import Reading
from auditkit.measurement import Slice, Status
from tests.checks.audits import CHECKS, DECIDING, collected, data_of, found, scored, stored

LEVELS = (0.05, 0.5, 0.95)
OF = "people who answered"


def surveyed(people: int, answered: int, n: int = 1200) -> pd.DataFrame:
    """People with scores, quantiles and outcomes, of whom the first so many answered."""
    rng = np.random.default_rng(4)
    frame = scored(n, person=np.arange(n) % people, sex=rng.choice(["F", "M"], n))
    for level in LEVELS:
        frame[f"q{level}"] = 3 * (level - 0.5)
    frame["z"] = rng.uniform(-1.5, 1.5, n)
    known = frame["person"] < answered
    return frame.assign(y=frame["y"].where(known), z=frame["z"].where(known))


def audited(check: str, frame: pd.DataFrame, **roles: Any) -> Findings:
    roles = {"cluster": "person", "labelled": OF, **roles}
    if check == "quantiles":
        columns = [f"q{level}" for level in LEVELS]
        model = stored(columns, task="regression", quantiles=LEVELS)
        roles |= {"label": "z", "features": columns}
    else:
        model = stored(**DECIDING)
    subject, evidence = collected(CHECKS[check], model, data_of(frame, **roles))
    return CHECKS[check].measure(subject, evidence)


ON_LABELS = (
    ("quantiles", "quantiles.pinball", {"label": ""}),
    ("quantiles", "quantiles.interval_coverage", {"label": "90 %"}),
    ("quantiles", "quantiles.pit_error", {}),
    ("calibration", "calibration.squared_error", {}),
    ("calibration", "calibration.confidence_gap", {}),
    ("performance", "performance.accuracy", {}),
    ("performance", "performance.log_loss", {}),
)


@pytest.mark.parametrize(("check", "metric", "label"), ON_LABELS)
def test_three_clusters_with_labels_have_no_interval(
    check: str, metric: str, label: dict[str, str]
) -> None:
    """Of twenty: the other seventeen tell nothing of an outcome."""
    one = found(audited(check, surveyed(20, 3)), metric, **label)
    assert (one.status, one.units, one.rows) == (Status.TOO_FEW, 3, 180)
    assert one.interval is None
    assert one.estimate is None
    assert "There are 3 clusters" in one.reason


@pytest.mark.parametrize(("answered", "units"), [(12, range(11, 14)), (20, range(20, 21))])
@pytest.mark.parametrize(("check", "metric", "label"), ON_LABELS)
def test_enough_clusters_with_labels_have_one(
    check: str, metric: str, label: dict[str, str], answered: int, units: range
) -> None:
    one = found(audited(check, surveyed(20, answered)), metric, **label)
    assert one.status is Status.MEASURED, one.reason
    assert one.units in units


def test_where_every_row_has_a_label_nothing_changes() -> None:
    frame = surveyed(20, 20)
    for check, metric, label in ON_LABELS:
        some = found(audited(check, frame), metric, **label)
        every = found(audited(check, frame, labelled=None), metric, **label)
        assert some == every


def test_what_needs_no_label_rests_on_all_clusters() -> None:
    numbers = audited("quantiles", surveyed(20, 3))
    assert found(numbers, "quantiles.sharpness", label="90 %").units == 20
    assert found(audited("performance", surveyed(20, 3)), "performance.units").value == 20


def test_groups_rest_on_their_own_clusters_with_labels() -> None:
    """Women have labels in three clusters, men in all."""
    frame = surveyed(20, 20)
    unknown = (frame["sex"] == "F") & (frame["person"] >= 3)
    numbers = audited("quantiles", frame.assign(z=frame["z"].mask(unknown)), groups=("sex",))
    label = {"label": "90 %"}
    women = found(numbers, "quantiles.interval_coverage", {"sex": "F"}, **label)
    men = found(numbers, "quantiles.interval_coverage", {"sex": "M"}, **label)
    assert (women.status, women.units) == (Status.TOO_FEW, 3)
    assert (men.status, men.units) == (Status.MEASURED, 20)
    assert found(numbers, "quantiles.interval_coverage", **label).units == 20


def reading(check: str, frame: pd.DataFrame, **roles: Any) -> Reading:
    data = data_of(frame, cluster="person", labelled=OF, **roles)
    subject, evidence = collected(CHECKS[check], stored(**DECIDING), data)
    return Reading(subject, evidence, "evaluation")


def test_many_clusters_are_estimated_and_never_more_than_there_are() -> None:
    for answered in (30, 300, 600):
        units = reading("calibration", surveyed(600, answered)).labelled_sample.units
        assert units <= 600
        # From a few hundred on nearly all blocks have a label, which says little more.
        assert units == pytest.approx(answered, rel=0.25) or answered == 300
        assert units >= 10


def test_the_labels_of_nobody_are_of_no_cluster() -> None:
    found = reading("calibration", surveyed(20, 0))
    assert (found.labelled_sample.units, found.labelled_sample.rows) == (0, 0)
    held = labelled_blocks(found.evidence)
    assert held is not None
    assert not held.any()


def test_blocks_are_read_from_sums_where_nothing_is_counted() -> None:
    of_counts = reading("calibration", surveyed(20, 3)).evidence
    of_sums = reading("calibration", surveyed(20, 3)).evidence
    object.__setattr__(of_sums, "counts", {})
    one, other = labelled_blocks(of_counts), labelled_blocks(of_sums)
    assert one is not None
    assert other is not None
    assert one.tolist() == other.tolist()
    assert one.sum() == 3
    object.__setattr__(of_sums, "sums", {})
    assert labelled_blocks(of_sums) is None


def test_clusters_of_a_group_are_its_own() -> None:
    frame = surveyed(20, 20)
    frame["sex"] = np.where(frame["person"] < 4, "F", "M")
    evidence = reading("calibration", frame, groups=("sex",)).evidence
    every = np.ones(64, dtype=bool)
    assert clusters_with_rows(evidence, every) == 20
    assert clusters_with_rows(evidence, every, Slice.of({"sex": "F"})) == 4
    assert clusters_with_rows(evidence, ~every, Slice.of({"sex": "F"})) == 0


@pytest.mark.parametrize("metric", ["auc", "calibration_gap", "log_loss"])
@pytest.mark.parametrize("answered", [3, 20])
def test_numbers_of_groups_rest_on_clusters_with_labels(metric: str, answered: int) -> None:
    result = audited("bias", surveyed(20, answered), groups=("sex",))
    one = found(result, f"bias.{metric}", {"sex": "F"})
    if answered == 20:
        assert (one.status, one.units) == (Status.MEASURED, 20), one.reason
    else:
        assert one.status is Status.TOO_FEW, one.reason
        assert one.interval is None
        assert one.units == 3
