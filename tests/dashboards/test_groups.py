"""The section that slices stored counts again, as Streamlit runs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from auditkit.data import Group
from auditkit.records import Store
from tests.checks.audits import BINARY, stored
from tests.dashboards.conftest import Visit, seen
from tests.dashboards.test_pages import READ_AS_MARKDOWN
from tests.reports.counted import DATA, MODEL, audited, people
from tests.samples import HOSTILE_MARKDOWN, sample_record


@pytest.fixture(scope="module")
def states() -> Mapping[str, bytes]:
    return audited(people(1500))[1]


@pytest.fixture
def section(visit: Visit, store: Store, states: Mapping[str, bytes]) -> AppTest:
    store.save(sample_record(model=MODEL, data=DATA), states)
    return visit("run", section="Groups")


def choose(test: AppTest, label: str, value: Any) -> None:
    (box,) = (box for box in test.selectbox if box.label == label)
    box.select(value)
    test.run()
    assert not test.exception


def cross(test: AppTest, *attributes: str) -> None:
    test.multiselect[0].set_value(list(attributes)).run()
    assert not test.exception


def test_it_says_what_it_is(section: AppTest) -> None:
    shown = seen(section)
    assert "Read from the stored counts; no verdict rests on it." in shown
    assert "chosen after seeing the data proves nothing until other data confirm it" in shown
    assert "Nothing is changed and nothing is advised by this" in shown


def test_cells_with_rate_interval_and_n(section: AppTest) -> None:
    rows = people(1500)
    table = section.dataframe[0].value
    assert list(table.columns) == [
        "race", "n", "Rate", "90 % interval", "value", "low", "high", "Remark"
    ]  # fmt: skip
    for _, line in table.iterrows():
        part = rows[rows["race"] == line["race"]]
        assert line["n"] == f"{len(part):,}"
        assert line["value"] == pytest.approx(part["chosen"].mean())
        assert line["low"] < line["value"] < line["high"]
    assert len(section.get("vega_lite_chart")) == 4


def test_another_crossing_rate_and_filter(section: AppTest) -> None:
    rows = people(1500)
    cross(section, "group:race", "group:sex")
    choose(section, "Rate", "base_rate")
    choose(section, r"Only hours \(control\)", "≥ 40")
    table = section.dataframe[0].value
    assert list(table.columns[:3]) == ["race", "sex", "n"]
    part = rows[(rows["race"] == "b") & (rows["sex"] == "M") & (rows["hours"] >= 40)]
    line = table[(table["race"] == "b") & (table["sex"] == "M")].iloc[0]
    assert (line["n"], line["value"]) == (str(len(part)), pytest.approx(part["y"].mean()))


def test_what_is_alike_in_a_control_stands_together(section: AppTest) -> None:
    cross(section, "group:sex", "control:hours")
    choose(section, "Compared by", "difference")
    table = section.dataframe[0].value
    assert list(table.columns[:2]) == ["hours (control)", "sex"]
    assert list(table["hours (control)"]) == [
        "< 20",
        "< 20",
        "[20, 40)",
        "[20, 40)",
        "≥ 40",
        "≥ 40",
    ]
    assert list(table["Difference"] == "reference") == [False, True] * 3


def test_comparison_with_the_declared_reference(section: AppTest) -> None:
    choose(section, "Compared by", "ratio")
    table = section.dataframe[0].value
    assert table["Ratio"].iloc[0] == "reference"
    assert (table["Its interval"].str.contains(" to ")).tolist() == [False, True, True]
    choose(section, "Compared by", "difference")
    choose(section, "Reference", 2)
    assert list(section.dataframe[0].value["Difference"])[2] == "reference"
    assert "points" in section.dataframe[0].value["Difference"].iloc[0]


def test_another_threshold(section: AppTest) -> None:
    rows = people(1500)
    (slider,) = section.slider
    assert (slider.label, slider.value) == ("Threshold (in use: 0.5)", 0.5)
    before = section.dataframe[1].value
    slider.set_value(0.8).run()
    after = section.dataframe[1].value
    assert (after["value"] < before["value"]).all()
    for _, line in after.iterrows():
        part = rows[rows["race"] == line["race"]]
        assert line["value"] == pytest.approx((part["score"] >= 0.8).mean(), abs=0.01)


def test_few_are_withheld(visit: Visit, store: Store) -> None:
    store.save(sample_record(model=MODEL, data=DATA), audited(people(900, rare=3))[1])
    test = visit("run", section="Groups")
    table = test.dataframe[0].value.set_index("race")
    assert list(table.loc["d", ["n", "Rate"]]) == ["–", "withheld"]
    assert "fewer than 5 could tell about a person" in table.loc["d", "Remark"]
    assert table.loc["d", ["value", "low", "high"]].isna().all()
    assert table.loc["c", "Rate"] == "withheld"
    assert "would tell about them by subtraction" in seen(test)


@pytest.mark.parametrize("roles", [{"cluster": "person"}, {"weight": "weight"}])
def test_clusters_and_weights_are_named(visit: Visit, store: Store, roles: dict[str, str]) -> None:
    record = sample_record(model=MODEL, data={**DATA, **roles})
    store.save(record, audited(people(900), **roles)[1])
    shown = seen(visit("run", section="Groups"))
    assert ("Intervals take the declared clusters into account." in shown) == ("cluster" in roles)
    assert ("Rows count as their weights say" in shown) == ("weight" in roles)


def test_nothing_crossed(section: AppTest) -> None:
    cross(section)
    assert "Choose at least one attribute." in seen(section)


def test_too_many_cells(section: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reviewing.cells.MOST_CELLS", 2)
    section.run()
    assert "This crossing has 3 cells, and at most 2 are shown" in seen(section)


def test_attributes_that_were_not_counted_together(visit: Visit, store: Store) -> None:
    kept = audited(people(600), intersections=(), controls=())[1]
    store.save(sample_record(model=MODEL, data=DATA), kept)
    test = visit("run", section="Groups")
    (box, _) = (box for box in test.selectbox if box.label == "Counted together")
    assert box.options == ["evaluation data: sex", "evaluation data: race"]
    assert list(test.dataframe[0].value["sex"]) == ["F", "M"]
    box.select(1).run()
    assert list(test.dataframe[0].value["race"]) == ["a", "b", "c"]


def test_no_counts_by_group(visit: Visit, store: Store) -> None:
    store.save(sample_record())
    test = visit("run", section="Groups")
    assert "This run keeps no counts by group" in seen(test)
    assert not test.error


def test_a_changed_state(visit: Visit, store: Store, states: Mapping[str, bytes]) -> None:
    record = sample_record(model=MODEL, data=DATA)
    store.save(record, states)
    assert not visit("run", section="Groups").error  # and is kept in the cache
    path = store.folder / "records" / record.id / "state-evaluation.counts.0.bin"
    path.write_bytes(path.read_bytes() + b" ")
    test = visit("run", section="Groups")
    assert f"{path} was changed after it was stored" in test.error[0].value.replace("\\", "")
    assert test.title[0].value == record.name


def test_hostile_names_are_shown_letter_by_letter(visit: Visit, store: Store) -> None:
    rows = people(600).rename(columns={"sex": HOSTILE_MARKDOWN})
    rows["race"] = rows["race"].map({"a": HOSTILE_MARKDOWN, "b": "<b>x</b>", "c": ":smile:"})
    groups = (Group(HOSTILE_MARKDOWN, HOSTILE_MARKDOWN), Group("race", "race"))
    kept = audited(
        rows, stored(**{**BINARY, "decision": {"threshold": 0.5, "favourable": "1"}}),
        groups=groups, intersections=((HOSTILE_MARKDOWN, "race"),), controls=(),
    )[1]  # fmt: skip
    store.save(sample_record(model=MODEL, data={}), kept)
    test = visit("run", section="Groups")
    cross(test, "group:race")
    choose(test, "Compared by", "ratio")
    table = test.dataframe[0].value
    assert HOSTILE_MARKDOWN in set(table["race"])
    labels = [box.label for box in test.selectbox]
    (label,) = (label for label in labels if label.startswith("Only "))
    assert label.replace("\\", "").replace("\u2060", "").startswith(f"Only {HOSTILE_MARKDOWN[:8]}")
    assert "](" not in label
    assert not READ_AS_MARKDOWN.search(label)
