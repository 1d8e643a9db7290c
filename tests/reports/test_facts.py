"""Descriptions of models and data, whatever shape they have."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.reports.facts import audited, flattened
from tests.samples import sample_record

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)


def test_the_facts_that_matter() -> None:
    facts = dict(audited(sample_record()))
    assert facts["Model"].startswith("adult.pth, nn.Module, 10,101 parameters, loaded as legacy")
    assert facts["Task"] == (
        "binary; favourable outcome: >50K; decided by threshold 0.5; outputs: probabilities; "
        "classes: <=50K, >50K"
    )
    assert facts["Data, evaluation"] == "adult.csv, 32,561 rows"
    assert facts["Groups, gender"] == "Male 21,790 (reference), Female 10,771"
    assert facts["Digest of the model"] == "sha256:0a0a0a0a0a0a…"
    assert facts["Policy"] == "baseline (sha256:bbbbbbbbbbbb…)"


def test_levels_may_stand_with_the_split() -> None:
    levels = {
        "groups": {"sex": {"levels": {"f": "fewer than 5", "m": 4}}},
        "rows": 7,
        "location": "a.csv",
    }
    data = {"splits": {"evaluation": levels}, "groups": {"sex": {"reference": "m"}}}
    facts = dict(audited(sample_record(data=data)))
    assert facts["Groups, sex"] == "f fewer than 5, m 4 (reference)"
    assert facts["Data, evaluation"] == "a.csv, 7 rows"


def test_what_is_declared_beside_groups_is_named() -> None:
    data = {
        "groups": {"sex": {"reference": "m", "levels": ["f", "m"]}},
        "proxy_groups": {"race": {"columns": {"a": "p_a", "b": "p_b"}, "reference": "a"}},
        "controls": {"grade": {}, "seniority": {}},
        "weight": "w",
        "query": "search",
        "top": 3,
        "labelled": "accepted applicants",
    }
    facts = dict(audited(sample_record(data=data)))
    assert facts["Groups, sex"] == "f, m (reference)"
    assert facts["Groups, race"] == "a (reference), b; known as probabilities"
    assert facts["Controls"] == "grade, seniority"
    assert (facts["Weights"], facts["Ranked lists"], facts["Shown of each list"]) == (
        "w",
        "search",
        "3",
    )
    assert facts["Outcome known of"] == "accepted applicants"
    assert "Previous predictions" not in facts
    assert "Controls" not in dict(audited(sample_record(data={"controls": {}})))


def test_many_levels_are_counted_not_hidden() -> None:
    levels = {f"l{i}": 5 for i in range(30)}
    data = {"groups": {"area": {"levels": levels}}}
    assert dict(audited(sample_record(data=data)))["Groups, area"].endswith("l7 5, 22 more")


def test_several_heads_are_named() -> None:
    heads = [{"name": "a", "task": "regression"}, {"name": "b", "task": "binary"}]
    facts = dict(audited(sample_record(model={"heads": heads})))
    assert (facts["Task, a"], facts["Task, b"]) == ("regression", "binary")
    assert "Model" not in facts


def leaves(value: Any) -> int:
    if isinstance(value, dict) and value:
        return sum(map(leaves, value.values()))
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return sum(map(leaves, value))
    return 1


@given(st.dictionaries(st.text(max_size=5), PLAIN, max_size=4))
def test_every_leaf_of_a_description_is_shown(description: dict[str, Any]) -> None:
    facts = list(flattened(description))
    if description:
        assert len(facts) == leaves(description)
    assert all(isinstance(term, str) and text for term, text in facts)


@pytest.mark.parametrize("odd", [None, 3, "text", [], ["a"], {"splits": 3, "groups": [1]}])
def test_odd_descriptions_are_no_reason_to_fail(odd: Any) -> None:
    data = odd if isinstance(odd, dict) else {"splits": odd, "groups": odd}
    record = sample_record(data=data, model={"heads": odd if isinstance(odd, list) else []})
    assert isinstance(audited(record), list)
