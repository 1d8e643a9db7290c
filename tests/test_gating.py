"""A record is judged again as the audit judged it, with whatever its data declared."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import auditkit
from auditkit.gating import gate
from auditkit.policy import VerdictStatus
from tests.worlds import people, scorer


def audited(frame: pd.DataFrame) -> auditkit.Run:
    data = auditkit.dataset(
        frame,
        label="y",
        features=["score", "noise"],
        groups={"group": {"reference": "a"}},
        controls={"noise": {"cuts": [0.0]}},
        proxy_groups={"origin": {"columns": {"x": "p_x", "y": "p_y"}, "reference": "x"}},
        weight="weight",
    )
    return auditkit.audit(scorer(), data, quiet=True)


def described(rows: int = 6000) -> pd.DataFrame:
    p = np.random.default_rng(3).uniform(size=rows)
    return people(rows).assign(p_x=p, p_y=1 - p, weight=1.0)


@pytest.fixture(scope="module")
def run() -> auditkit.Run:
    return audited(described())


def test_the_record_says_what_was_declared(run: auditkit.Run) -> None:
    data = run.record.data
    assert data["proxy_groups"] == {
        "origin": {"columns": {"x": "p_x", "y": "p_y"}, "reference": "x"}
    }
    assert data["controls"] == {"noise": {"column": "noise", "cuts": [0.0]}}
    assert (data["weight"], data["query"], data["top"]) == ("weight", None, None)
    assert data["splits"]["evaluation"]["proxy_groups"] == data["proxy_groups"]


def test_gate_and_audit_agree_on_groups_given_as_probabilities(run: auditkit.Run) -> None:
    """The baseline asks the ratio of them by the metric that they have, in both places."""
    assert run.verdict == "pass"
    again = gate(run.record)
    assert again.outcome is VerdictStatus.PASS
    assert again.verdicts == run.judgement.verdicts
    of_origin = [one.subject for one in again.verdicts if "origin" in one.subject]
    assert len(of_origin) == 1
    assert of_origin[0].startswith("bias.proxy_impact_ratio")


def test_records_of_earlier_versions_have_no_proxy_groups(run: auditkit.Run) -> None:
    plain = {key: value for key, value in run.record.data.items() if key != "proxy_groups"}
    measured = tuple(m for m in run.record.measurements if "proxy" not in m.key.metric)
    earlier = dataclasses.replace(run.record, data=plain, measurements=measured)
    assert gate(earlier).outcome is VerdictStatus.PASS


def test_rows_of_unknown_group_do_not_make_a_comparison_missing() -> None:
    frame = described()
    frame.loc[:299, "group"] = None
    found = audited(frame)
    assert found.verdict == "pass"
    (note,) = found.judgement.small_groups
    assert note.startswith("group=(missing): for 300 rows (5 %) a value is unknown")
