"""Charts: each kind drawn with its n and the policy's region, and none costs the report."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
from functools import cache
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditkit.measurement import Figure, Interval, Slice
from auditkit.policy.verdict import VerdictStatus
from auditkit.reports.figures import DRAWINGS, chart, group_rates, picture, svg, tables
from auditkit.reports.figures.rendering import ATTRIBUTES, ELEMENTS, inert
from tests.reports.hostile import STRINGS
from tests.samples import sample_figures, sample_judgement, sample_verdicts

FIGURES = {figure.title: figure for figure in sample_figures()}
GENDER, ETHNICITY = list(FIGURES.values())[:2]
JUDGEMENT = sample_judgement()


def texts(drawing: str) -> list[str]:
    """Every line of text, as drawn."""
    root = ElementTree.fromstring(drawing)
    return [e.text for e in root.iter() if e.tag in ("text", "tspan") and e.text]


@cache
def gender_texts() -> list[str]:
    return texts(svg(GENDER, JUDGEMENT))


def of_kind(kind: str) -> Figure:
    return next(figure for figure in FIGURES.values() if figure.kind == kind)


def changed(figure: Figure, **data: Any) -> Figure:
    return dataclasses.replace(figure, data={**figure.data, **data})


@pytest.mark.parametrize("kind", sorted(DRAWINGS))
def test_every_kind_is_drawn_with_title_and_n(kind: str) -> None:
    figure = of_kind(kind)
    drawing = picture(figure, JUDGEMENT)
    assert drawing is not None
    assert figure.title in texts(drawing)
    assert "n = " in " ".join(texts(drawing))


def test_the_samples_hold_every_kind() -> None:
    assert {figure.kind for figure in sample_figures()} == set(DRAWINGS)


def test_group_rates_name_value_interval_n_and_verdict() -> None:
    shown = gender_texts()
    assert "36.0 % (35.5 to 36.5 %),  n = 21,790" in shown
    assert "8.0 % (7.6 to 8.4 %),  n = 10,771" in shown
    assert "0.222 (0.210 to 0.235)  fail" in shown
    assert "reference" in shown
    assert "Shaded: what the policy requires, between 0.8 and 1.25." in shown


def test_a_group_without_a_number_keeps_its_row() -> None:
    shown = gender_texts()
    assert "(missing)" in shown
    assert "not measured,  n = 0" in shown


def layers(figure: Figure, **judged: Any) -> list[dict[str, Any]]:
    return chart(figure, **judged).to_dict()["hconcat"][1]["layer"]


def test_the_shaded_region_is_the_policys() -> None:
    specification = chart(GENDER, JUDGEMENT).to_dict()
    datasets = specification["datasets"].values()
    assert [{"low": 0.8, "high": 1.25}] in [list(rows) for rows in datasets]
    assert [{"limit": 0.8}, {"limit": 1.25}] in [list(rows) for rows in datasets]


def test_without_a_judgement_nothing_is_shaded_and_nobody_fails() -> None:
    assert "rect" not in json.dumps(layers(GENDER))
    shown = texts(svg(GENDER))
    assert "0.222 (0.210 to 0.235)" in shown
    assert "The policy sets no limit on this comparison." in shown


def test_a_region_without_an_upper_end_is_shaded_to_the_end_of_the_axis() -> None:
    verdicts = tuple(
        dataclasses.replace(verdict, region=(0.8, math.inf)) for verdict in sample_verdicts()
    )
    specification = chart(GENDER, sample_judgement(verdicts=verdicts)).to_dict()
    bands = [rows for rows in specification["datasets"].values() if set(rows[0]) == {"low", "high"}]
    assert bands[0][0]["low"] == 0.8
    assert (
        bands[0][0]["high"]
        == specification["hconcat"][1]["layer"][0]["encoding"]["x"]["scale"]["domain"][1]
    )


def test_verdicts_on_other_attributes_or_references_are_not_drawn() -> None:
    other = changed(GENDER, attribute="sex")
    assert group_rates.matching(other.data, JUDGEMENT) == []
    assert group_rates.matching(changed(GENDER, reference="Other").data, JUDGEMENT) == []
    assert len(group_rates.matching(GENDER.data, JUDGEMENT)) == 1


@pytest.mark.parametrize("reference", ["Male", "gender=Male"])
def test_the_reference_may_be_named_with_its_attribute(reference: str) -> None:
    shown = texts(svg(changed(GENDER, reference=reference), JUDGEMENT))
    assert "0.222 (0.210 to 0.235)  fail" in shown
    assert "reference" in shown


def test_intersections_find_their_verdicts() -> None:
    verdict = sample_verdicts()[1]
    assert verdict.measurement is not None
    women = Slice.of(gender="Female", ethnicity="Black")
    men = Slice.of(gender="Male", ethnicity="White")
    key = dataclasses.replace(verdict.measurement.key, slice=women, reference=men)
    judged = dataclasses.replace(
        verdict, measurement=dataclasses.replace(verdict.measurement, key=key)
    )
    figure = changed(
        GENDER,
        attribute="gender × ethnicity",
        reference="ethnicity=White, gender=Male",
        rows=[
            {**GENDER.data["rows"][0], "group": name} for name in ("White, Male", "Black, Female")
        ],
        ratios=[{**GENDER.data["ratios"][0], "group": "Black, Female"}],
    )
    shown = texts(svg(figure, sample_judgement(verdicts=(judged,))))
    assert "0.222 (0.210 to 0.235)  fail" in shown
    assert "reference" in shown


def test_the_worst_verdict_on_a_group_is_the_one_drawn() -> None:
    fail = sample_verdicts()[1]
    lenient = dataclasses.replace(fail, requirement="b", status=VerdictStatus.PASS, region=(0.1, 9))
    shown = texts(svg(GENDER, sample_judgement(verdicts=(lenient, fail))))
    assert "0.222 (0.210 to 0.235)  fail" in shown


def test_one_absent_end_is_an_open_interval() -> None:
    row = {"group": "Female", "value": 0.22, "low": 0.2, "high": None, "n": 10}
    assert "0.22 (0.20 to ∞)" in texts(svg(changed(GENDER, ratios=[row])))


def test_a_huge_interval_does_not_hide_the_region() -> None:
    figure = changed(GENDER, ratios=[{"group": "Female", "value": 1.1, "n": 3}])
    wide = Interval(0.01, 900.0, 0.975, "koopman")
    judgement = sample_judgement(
        verdicts=(dataclasses.replace(sample_verdicts()[1], interval=wide),)
    )
    ends = layers(figure, judgement=judgement)[0]["encoding"]["x"]["scale"]["domain"]
    assert ends[1] < 5
    assert "1 (0 to 900)  fail" in texts(svg(figure, judgement))


def test_the_line_is_the_interval_that_was_judged() -> None:
    judged = Interval(0.2, 0.25, 0.975, "koopman")
    verdict = dataclasses.replace(sample_verdicts()[1], interval=judged)
    shown = texts(svg(GENDER, sample_judgement(verdicts=(verdict,))))
    assert "0.22 (0.20 to 0.25)  fail" in shown
    note = "lines: 90 % intervals on the left, 97.5 % intervals, as judged, on the right."
    assert any(text.endswith(note) for text in shown)


@pytest.mark.parametrize("kind", ["nobody_knows", "", "curve"])
def test_an_unknown_kind_is_a_table(kind: str) -> None:
    figure = Figure(kind, "A title", "", "x", {"rows": [{"a": 1, "b": "two"}], "n": 3})
    assert picture(figure) is None
    assert tables(figure) == [(["", "value"], [["n", "3"]]), (["a", "b"], [["1", "two"]])]
    assert {"a", "b", "1", "two", "A title"} <= set(texts(svg(figure)))


def test_numbers_in_tables_have_digits_that_tell_them_apart_and_no_more() -> None:
    figure = Figure("odd", "Odd", "", "cost", {"rows": [{"a": 1.25e-4, "b": 1.6e-4, "c": 14999.6}]})
    assert tables(figure) == [(["a", "b", "c"], [["0.000125", "0.00016", "15,000"]])]


@pytest.mark.parametrize("data", [{}, {"rows": []}, {"rows": None}, {"rows": 3}, {"bins": [{}]}])
@pytest.mark.parametrize("kind", [*sorted(DRAWINGS), "unknown"])
def test_data_that_lack_something_never_crash(kind: str, data: dict[str, Any]) -> None:
    figure = Figure(kind, "Title", "", "x", data)
    ElementTree.fromstring(svg(figure, JUDGEMENT))
    assert isinstance(tables(figure), list)


ODD = st.sampled_from([None, "text", -1, 0, 1e300, math.nan, math.inf, True, [], {}, [1], ["a"]])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, item in items:
        found.append((*path, key))
        if isinstance(item, dict | list):
            found += places(item, (*path, key))
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(list(FIGURES.values())), st.data())
def test_one_odd_value_anywhere_never_crashes(figure: Figure, data: st.DataObject) -> None:
    content = copy.deepcopy(dict(figure.data))
    *path, last = data.draw(st.sampled_from(places(content)))
    target: Any = content
    for key in path:
        target = target[key]
    target[last] = data.draw(ODD)
    odd = dataclasses.replace(figure, data=content)
    specification = chart(odd, JUDGEMENT).to_dict(validate=False)
    json.dumps(specification, allow_nan=False)
    assert isinstance(tables(odd), list)


def test_hostile_names_are_text_and_nothing_else() -> None:
    row = ETHNICITY.data["rows"][0]
    everything = "".join(STRINGS)
    figure = changed(
        dataclasses.replace(ETHNICITY, title=everything),
        rows=[{**row, "group": f"g {text}"} for text in STRINGS],
        attribute=everything,
        reference=f"g {everything}",
    )
    root = ElementTree.fromstring(svg(figure, JUDGEMENT))
    assert {element.tag for element in root.iter()} <= ELEMENTS
    names = {name for element in root.iter() for name in element.attrib}
    assert names <= ATTRIBUTES | {"role", "aria-label"}
    labels = [e.text for e in root.iter("text") if (e.text or "").startswith("g")]
    assert len(set(labels)) == len(STRINGS)
    assert "g <script>alert(1)</script>" in labels


def test_features_named_like_vega_fields_are_drawn_by_their_names() -> None:
    names = ["a.b[0]", "datum.value", 'it\'s \\ "quoted"', "x\u202ey", "<b>", "value", "a.b[0]"]
    rows = [{"feature": name, "value": 0.1, "low": 0.0, "high": 0.2} for name in names]
    shown = texts(svg(changed(of_kind("ranking"), rows=rows)))
    for label in ("a.b[0]", "datum.value", 'it\'s \\ "quoted"', "x⟨U+202E⟩y", "<b>", "value"):
        assert label in shown
    assert "a.b[0] (2)" in shown


def test_long_rankings_and_many_groups_say_what_is_left_out() -> None:
    rows = [{"feature": f"f{i}", "value": 1.0, "low": 0.9, "high": 1.1} for i in range(300)]
    assert "The first 25 of 300 are drawn." in texts(svg(changed(of_kind("ranking"), rows=rows)))
    groups = [{**GENDER.data["rows"][0], "group": f"g{i}"} for i in range(60)]
    assert "The first 40 of 60 groups are drawn." in texts(svg(changed(GENDER, rows=groups)))
    bins = [{"bin": f"b{i}", "training": 0.01, "evaluation": 0.01 * i} for i in range(90)]
    shown = texts(svg(changed(of_kind("distribution_shift"), rows=bins)))
    assert "The 20 bins of 90 that differ most are drawn." in shown


def test_nothing_is_fetched() -> None:
    for figure in FIGURES.values():
        specification = chart(figure, JUDGEMENT).to_dict(validate=False)
        specification.pop("$schema")
        assert "http" not in json.dumps(specification)
        assert '"url"' not in json.dumps(specification)


def test_the_renderers_output_is_rebuilt_from_harmless_parts() -> None:
    dirty = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" onload="a()"><style>x</style>'
        '<a href="javascript:b()"><path d="M1,1h2"/></a><image href="http://x"/>'
        '<path d="M0,0h9" fill="url(#gradient)" stroke="#123"/><text font-family="F">t</text></svg>'
    )
    assert inert(dirty, 'a "title"') == (
        '<svg width="9" role="img" aria-label="a &quot;title&quot;" font-family="F">'
        '<path d="M0,0h9" stroke="#123" /><text>t</text></svg>'
    )


def test_whatever_is_no_svg_is_refused() -> None:
    with pytest.raises(ValueError, match="something else than an SVG"):
        inert("<html/>", "a")


def test_a_frontier_has_a_panel_for_each_choice_and_names_what_is_marked() -> None:
    shown = texts(svg(of_kind("frontier")))
    assert shown.count("today") == 2
    assert shown.count("asked for: 0.8") == 2
    assert "a threshold for each group" in shown
    assert "Lowest over highest" in shown
    assert "n = 16,280 on the held-out half; bands and bars: 90 % intervals." in shown


def test_a_frontier_without_a_limit_or_numbers_is_drawn_all_the_same() -> None:
    figure = of_kind("frontier")
    nothing = [{**row, "value": None, "low": None, "high": None} for row in figure.data["points"]]
    shown = texts(svg(changed(figure, asked=None, points=nothing)))
    assert figure.title in shown
    assert not [text for text in shown if "asked for" in text]
