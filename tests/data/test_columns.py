"""Declarations of columns, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from auditkit.data import Columns, Group, ProxyGroup
from auditkit.errors import ConfigurationError

SEX, RACE = Group("sex", "sex"), Group("race", "ethnicity")
PROXY = ProxyGroup("origin", {"x": "p_x", "y": "p_y"}, reference="x")


@pytest.mark.parametrize(
    ("declaration", "text"),
    [
        ({"features": ("age", "age")}, "Feature 'age' is declared 2 times. Declare it once."),
        ({"label": ("y", "y")}, "Label column 'y' is declared 2 times."),
        ({"label": {"a": "y", "b": ("z", "y")}}, "Label column 'y' is declared 2 times."),
        ({"groups": (SEX, Group("sex", "gender"))}, "Group 'sex' is declared 2 times."),
        ({"features": ("age", "y")}, "Label column 'y' is also among the features"),
        ({"row_id": "y"}, "Column 'y' is declared as row id and also as label or cluster."),
        ({"row_id": "id", "cluster": "id"}, "declared as row id and also as label or cluster"),
        ({"label": ""}, "The label is declared, but names no column."),
        ({"label": {}}, "The label is declared, but names no column."),
        ({"label": ()}, "The label is declared, but names no column."),
        (
            {"groups": (SEX,), "intersections": (("sex", "rase"),)},
            "There is no group 'rase'; declared are 'sex'.",
        ),
        (
            {"groups": (SEX, RACE), "intersections": (("sex", "rase"),)},
            "Did you mean 'race'?",
        ),
        ({"groups": (SEX,), "intersections": (("sex",),)}, "names fewer than two groups"),
        (
            {"groups": (SEX,), "intersections": (("sex", "sex"),)},
            "In the intersection ['sex', 'sex'], group 'sex' is declared 2 times.",
        ),
        (
            {"groups": (SEX, RACE), "intersections": (("sex", "race"), ("race", "sex"))},
            "Intersection 'race × sex' is declared 2 times.",
        ),
        ({"groups": (SEX,), "controls": (SEX,)}, "Group or control 'sex' is declared 2 times."),
        (
            {"proxy_groups": (PROXY,), "controls": (Group("origin", "o"),)},
            "Group or control 'origin' is declared 2 times.",
        ),
        (
            {"groups": (Group("origin", "o"),), "proxy_groups": (PROXY,)},
            "Group 'origin' is declared 2 times.",
        ),
        (
            {"groups": (SEX,), "proxy_groups": (PROXY,), "intersections": (("sex", "origin"),)},
            "names 'origin', of which only probabilities are declared. Intersect groups whose",
        ),
        (
            {"controls": (Group("grade", "grade", reference="A"),)},
            "The control 'grade' has a reference, and controls are not compared.",
        ),
        ({"weight": "y"}, "Column 'y' is declared as weight and also as label."),
        ({"previous": "y"}, "Column 'y' is declared as previous prediction and also as label."),
        ({"query": "id", "row_id": "id"}, "Column 'id' is declared as query and also as row id."),
        ({"label": ("a", "p_x"), "proxy_groups": (PROXY,)}, "as probability of a group and also"),
        ({"top": 0}, "top must be a whole number of at least 1, but is 0."),
        ({"top": True}, "top must be a whole number of at least 1, but is True."),
        ({"top": 2.5}, "top must be a whole number of at least 1, but is 2.5."),
    ],
)
def test_contradictions_are_named(declaration: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Columns(**{"label": "y", **declaration})
    assert text in str(caught.value)
    assert caught.value.mend


@pytest.mark.parametrize("cuts", [(60.0, 25.0), (25.0, 25.0), (float("nan"),), (float("inf"),)])
def test_cuts_that_are_no_cuts(cuts: tuple[float, ...]) -> None:
    with pytest.raises(ConfigurationError, match="increasing finite numbers"):
        Group("age", "age", cuts=cuts)


def test_a_reference_that_the_cuts_do_not_make() -> None:
    Group("age", "age", reference="≥ 60", cuts=(60,))
    with pytest.raises(ConfigurationError) as caught:
        Group("age", "age", reference="old", cuts=(60,))
    assert "has the reference 'old', but its cuts make the levels '< 60', '≥ 60'." in str(
        caught.value
    )


@pytest.mark.parametrize(("name", "column"), [("", "sex"), ("sex", "")])
def test_a_group_needs_name_and_column(name: str, column: str) -> None:
    with pytest.raises(ConfigurationError, match="needs a name and a column"):
        Group(name, column)


def test_what_is_declared_and_what_has_another_role() -> None:
    columns = Columns(
        label={"click": "clicked", "buy": ("bought", "amount")},
        features=("age",),
        groups=(SEX, RACE),
        cluster="person",
        row_id="id",
        time="when",
    )
    assert columns.labels == ("clicked", "bought", "amount")
    assert columns.roles == ("clicked", "bought", "amount", "id", "person", "when")
    assert columns.side == ("sex", "ethnicity", "person", "when")
    assert columns.declared == (
        *("clicked", "bought", "amount", "age", "sex", "ethnicity", "person", "when", "id"),
    )


def test_a_feature_may_be_a_group_too() -> None:
    assert Columns(label="y", features=("sex",), groups=(SEX,)).declared == ("y", "sex")


def test_one_cut_makes_two_intervals() -> None:
    assert Group("age", "age", cuts=(60,)).intervals == ("< 60", "≥ 60")
    assert Group("age", "age").intervals == ()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"columns": {"x": "p_x"}}, "needs at least two levels, each with a column of its own"),
        ({"columns": {"x": "p", "y": "p"}}, "needs at least two levels, each with a column of its"),
        ({"columns": {}}, "needs at least two levels"),
        ({"reference": "z"}, "has the reference 'z', but its levels are 'x', 'y'."),
        ({"name": ""}, "has an empty name, level or column"),
        ({"columns": {"x": "p_x", "y": ""}}, "has an empty name, level or column"),
        ({"columns": {"": "p_x", "y": "p_y"}}, "has an empty name, level or column"),
    ],
)
def test_proxy_groups_that_are_none(arguments: dict[str, Any], says: str) -> None:
    given = {"name": "origin", "columns": {"x": "p_x", "y": "p_y"}, **arguments}
    with pytest.raises(ConfigurationError) as caught:
        ProxyGroup(**given)
    assert says in str(caught.value)
    assert caught.value.mend


def test_the_roles_beside_are_declared_and_are_no_features() -> None:
    columns = Columns(
        label="y",
        groups=(SEX,),
        controls=(Group("grade", "school"),),
        proxy_groups=(PROXY,),
        weight="w",
        previous="old",
        query="q",
    )
    assert columns.roles == ("y", "w", "old", "q", "p_x", "p_y")
    assert columns.side == ("sex", "school", "w", "old", "q", "p_x", "p_y")
    assert columns.declared == ("y", "sex", "school", "w", "old", "q", "p_x", "p_y")
    assert columns.references == {"sex": None, "origin": "x"}
    assert columns.proxies == ("origin",)
