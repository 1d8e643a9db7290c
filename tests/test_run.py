"""What a run hands out: numbers by group in the shape of Fairlearn's MetricFrame."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import MetricFrame, selection_rate, true_positive_rate

import auditkit
from auditkit.errors import DataError
from tests.checks.audits import DECIDING, data_of, scored, stored


def people(n: int = 1500) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return scored(n, sex=rng.choice(["F", "M"], n), town=rng.choice(list("abc"), n))


def run_of(table: pd.DataFrame) -> auditkit.Run:
    data = data_of(table, groups=["sex", "town"], intersections=[("sex", "town")])
    return auditkit.audit(stored(**DECIDING), data, policy=None, checks=("bias",), quiet=True)


@pytest.mark.parametrize("attributes", [["sex"], ["sex", "town"], ["town", "sex"]])
def test_numbers_by_group_have_the_shape_of_fairlearns(attributes: list[str]) -> None:
    table = people()
    frame = MetricFrame(
        metrics={"selection_rate": selection_rate, "true_positive_rate": true_positive_rate},
        y_true=table["y"],
        y_pred=(table["score"] >= 0.5).astype(int),
        sensitive_features=table[attributes],
    ).by_group
    found = run_of(table).by_group(*attributes)
    pd.testing.assert_frame_equal(found, run_of(table).by_group(attributes))
    assert found.index.names == frame.index.names
    pd.testing.assert_frame_equal(
        found[list(frame.columns)].sort_index(), frame.sort_index(), check_exact=False, rtol=1e-12
    )


def test_what_has_no_value_is_nan() -> None:
    table = people(300)
    table.loc[table["town"] == "b", "y"] = 0
    found = run_of(table).by_group("town")
    assert math.isnan(found.loc["b", "true_positive_rate"])
    assert not math.isnan(found.loc["a", "true_positive_rate"])


def test_answers_are_counted_by_group_too() -> None:
    rows = [{"prompt": str(n), "right": "a", "topic": "xy"[n % 2]} for n in range(40)]
    data = auditkit.dataset(
        pd.DataFrame(rows), features=("prompt", "right"), groups={"topic": {"reference": "x"}}
    )
    model = auditkit.wrap_generator(lambda prompts: ["ab"[int(one) % 2] for one in prompts])
    run = auditkit.audit(
        model,
        data,
        policy=None,
        checks=("hallucination",),
        generation={"columns": {"references": "right"}, "sampling": {"samples": 0}},
        quiet=True,
    )
    assert dict(run.by_group("topic")["error_rate"]) == {"x": 0.0, "y": 1.0}


def test_groups_that_were_not_measured_are_an_error() -> None:
    run = run_of(people(300))
    for attributes in (("age",), ()):
        with pytest.raises(DataError, match="Name a group attribute of the data"):
            run.by_group(*attributes)


def test_a_run_is_shown_in_a_line() -> None:
    shown = repr(run_of(people(300)))
    assert shown.startswith("Run('model', not judged, record ")
    assert len(shown) < 100
