"""From a name or file to a policy; what is wrong is named with its place and mend."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.errors import PolicyError
from auditkit.measurement import Direction, Metric
from auditkit.policy import check_metrics, load_policy, policy_from_text, shipped_policies
from auditkit.policy.schema import Policy, Requirement
from tests.policy.cases import ATTESTED, BOUND, FOUR_FIFTHS, changed, policy


def metric(name: str, **more: object) -> Metric:
    fields = {"title": name, "definition": "", "unit": "share", "direction": Direction.HIGHER}
    return Metric(name, **{**fields, **more})  # type: ignore[arg-type]


CATALOGUE = {
    one.id: one
    for one in (
        metric("performance.accuracy", low=0.0, high=1.0),
        metric("performance.auc", low=0.0, high=1.0),
        metric("bias.impact_ratio", low=0.0, comparison=True, unit="ratio"),
        metric("overfitting.accuracy_gap", comparison=True, low=-1.0, high=1.0),
        metric("calibration.ece", gateable=False),
    )
}

TEXT = """
id: mine
title: Mine
version: "1"
description: Words.
requirements:
  - id: accurate
    title: It is accurate
    metric: performance.accuracy
    at_least: 0.8
    basis: convention
    explanation: Because.
"""


def refusal(text: str) -> str:
    with pytest.raises(PolicyError) as raised:
        policy_from_text(text, "mine.yaml", metrics=CATALOGUE)
    return str(raised.value)


def test_a_good_text_is_read() -> None:
    read = policy_from_text(TEXT, metrics=CATALOGUE)
    assert read.requirements[0].at_least == 0.8
    assert read.text == TEXT
    assert read.alpha == 0.05


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "basis: convention",
            "severty: warn\n    basis: convention",
            "mine.yaml is no valid policy: requirements.0.severty (line 11): this key is unknown "
            "(Did you mean severity?).",
        ),
        (
            "at_least: 0.8",
            "at_least: yes",
            "requirements.0.at_least (line 10): found 'yes'; input should be a valid number.",
        ),
        (
            "at_least: 0.8",
            "at_least: true",
            "requirements.0.at_least (line 10): found true; input should be a valid number.",
        ),
        ("at_least: 0.8", "at_least: '80 %'", "found '80 %'; input should be a valid number"),
        ('version: "1"', "version: 1", "version (line 4): found the number 1;"),
        ('version: "1"', "version: 1", "Write texts that look like numbers or truth values in qu"),
        ("title: Mine\n", "", "title: this key is missing"),
        (
            "basis: convention",
            "basis: law",
            "requirements.0 (line 7): basis is law, so clause must say where it is written",
        ),
        (
            "basis: convention",
            "slices: everyone\n    basis: convention",
            "requirements.0.slices (line 11): found 'everyone'; input should be 'all', 'groups', "
            "'proxies' or",
        ),
        (
            "basis: convention",
            "slices: 7\n    basis: convention",
            "expected all, groups, proxies, intersections, {each: [attribute, …]} or "
            "{attribute: value}",
        ),
        (
            "performance.accuracy",
            "performance.acuracy",
            "mine.yaml, line 9: requirement accurate names the metric performance.acuracy, which "
            "does not exist. Did you mean performance.accuracy?",
        ),
        ("performance.accuracy", "cost.energy", "`auditkit metrics` lists the metrics that exist"),
        (
            "performance.accuracy",
            "calibration.ece",
            "puts a bound on calibration.ece, whose estimator has no honest gate",
        ),
        (
            "at_least: 0.8",
            "at_least: 80",
            "asks for 80, and performance.accuracy lies between 0 and 1 (share). Write the bound "
            "in the metric's own unit: a share of 80 % is 0.8.",
        ),
        (
            "at_least: 0.8",
            "at_least: 0.8\n    slices: groups\n    reference: highest",
            "names a reference, and performance.accuracy compares nothing",
        ),
        (
            "performance.accuracy",
            "bias.impact_ratio\n    slices: groups",
            "bias.impact_ratio compares groups, and no reference is named",
        ),
        (TEXT, "[1, 2]", "mine.yaml holds a list where a policy should be a mapping"),
        (TEXT, "", "mine.yaml holds nothing where a policy should be a mapping"),
    ],
)
def test_errors_name_place_and_mend(old: str, new: str, says: str) -> None:
    assert says in refusal(TEXT.replace(old, new))


def test_several_errors_are_listed_and_the_rest_counted() -> None:
    wrong = TEXT.replace("    basis: convention\n", "").replace("at_least: 0.8", "at_leest: 0.8")
    assert "at_leest (line 10)" in refusal(wrong)
    assert "basis (line 7): this key is missing" in refusal(wrong)
    many = TEXT + "".join(f"key{i}: 1\n" for i in range(9))
    assert refusal(many).count("unknown") == 5
    assert "and 4 more" in refusal(many)


def test_a_metric_without_a_gate_may_be_reported() -> None:
    reported = changed(BOUND, kind="reported", at_least=None, metric="calibration.ece")
    check_metrics(policy(reported, ATTESTED), CATALOGUE)


def test_comparisons_of_splits_need_no_reference() -> None:
    gap = changed(BOUND, metric="overfitting.accuracy_gap", at_least=None, at_most=0.05)
    check_metrics(policy(gap, FOUR_FIFTHS), CATALOGUE)


def test_shipped_policies_go_by_their_names(tmp_path: Path) -> None:
    assert set(shipped_policies()) >= {"baseline", "employment-us"}
    assert load_policy("baseline").id == "baseline"
    with pytest.raises(PolicyError, match=r"named 'basline'.*Did you mean baseline\?"):
        load_policy("basline")
    with pytest.raises(PolicyError, match="For a file of your own, give its path"):
        load_policy("zzz")
    own = tmp_path / "own.yaml"
    own.write_text(TEXT)
    assert load_policy(own).id == load_policy(str(own)).id == "mine"
    with pytest.raises(PolicyError, match=r"absent\.yaml cannot be read"):
        load_policy(str(tmp_path / "absent.yaml"))
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy("../baseline")


def test_json_is_yaml(tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    own.write_text(json.dumps(policy().model_dump(mode="json", exclude_none=True)))
    assert load_policy(own).id == "test"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.sampled_from(sorted({*Requirement.model_fields, "unknown"})),
    st.sampled_from(sorted({*Policy.model_fields, "unknown"})),
    values,
)
def test_no_value_anywhere_raises_anything_else(inner: str, outer: str, value: object) -> None:
    for base in (BOUND, FOUR_FIFTHS, ATTESTED):
        plain = policy(base).model_dump(mode="json", exclude_none=True)
        plain["requirements"][0][inner] = value
        for text in (json.dumps(plain), json.dumps({**plain, outer: value})):
            assert consequence(text) in ("refused", "read")


def consequence(text: str) -> str:
    """What becomes of a text, once it is clear that it is either refused well or read well."""
    try:
        read = policy_from_text(text, "it", metrics=CATALOGUE)
    except PolicyError as error:
        return "refused" if str(error).startswith("it") and error.mend else str(error)
    return "read" if policy_from_text(read.text, "it") == read else "read otherwise"


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" + "0" * 400])
def test_numbers_beyond_all_bounds_are_refused(number: str) -> None:
    assert "requirements.0.at_least (line 10)" in refusal(
        TEXT.replace("at_least: 0.8", f"at_least: {number}")
    )
