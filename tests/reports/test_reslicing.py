"""Cells of a crossing from stored states: against the rows, and against what the check said."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from auditkit.reports.reslicing import (
    Cell,
    Compared,
    Question,
    Resliced,
    StoredTable,
    cell_names,
    decision_tables,
    rate_chart,
    rates_of,
)
from auditkit.statistics.group_rates import GROUP_RATES
from tests.checks.audits import found
from tests.reports.counted import audited, people

ALL = ("group:race", "group:sex", "control:hours")
EVENTS = {"selected": "chosen", "qualified": "y"}


def table_of(states: Any, *attributes: str) -> StoredTable:
    """The one table of decisions over these attributes."""
    (table,) = (one for one in decision_tables(states) if one.attributes == attributes)
    return table


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    table = people()
    levels = pd.cut(table["hours"], [0, 20, 40, 99], right=False)
    names = levels.cat.rename_categories(["< 20", "[20, 40)", "≥ 40"]).astype(str)
    return table.assign(level=names, right=(table["chosen"] == table["y"]).astype(int))


@pytest.fixture(scope="module")
def plain(rows: pd.DataFrame) -> StoredTable:
    return table_of(audited(rows)[1], *ALL)


@pytest.fixture(scope="module")
def weighed(rows: pd.DataFrame) -> StoredTable:
    return table_of(audited(rows, weight="weight")[1], *ALL)


def share(part: pd.DataFrame, rate: str, weight: str | None) -> tuple[int, float]:
    """Rows among which, and the share, counted row by row."""
    columns = {"selected": "chosen", "qualified": "y", "correct": "right"}
    kind = GROUP_RATES[rate]
    among = part
    for outcome, held in kind.among.items():
        among = among[among[columns[outcome]] == int(held)]
    hit = pd.Series(True, index=among.index)
    for outcome, held in kind.event.items():
        hit &= among[columns[outcome]] == int(held)
    weights = among[weight] if weight else pd.Series(1.0, index=among.index)
    return len(among), float((weights * hit).sum() / weights.sum())


@pytest.mark.parametrize("weight", [None, "weight"])
@pytest.mark.parametrize("rate", list(GROUP_RATES))
def test_every_rate_of_a_crossing_is_that_of_the_rows(
    rows: pd.DataFrame, plain: StoredTable, weighed: StoredTable, rate: str, weight: str | None
) -> None:
    table = weighed if weight else plain
    assert table.weighted == bool(weight)
    sliced = Resliced.of(table, Question(rate, ("group:sex", "control:hours")), clustered=False)
    cells = sliced.cells()
    assert [cell.levels for cell in cells] == [
        (sex, level) for level in ("< 20", "[20, 40)", "≥ 40") for sex in ("F", "M")
    ]
    for cell in cells:
        sex, level = cell.levels
        n, expected = share(rows[(rows["sex"] == sex) & (rows["level"] == level)], rate, weight)
        assert cell.n == n
        assert cell.value == pytest.approx(expected, rel=1e-12)
        assert cell.interval is not None
        assert cell.interval.low <= expected <= cell.interval.high


def test_a_level_held_is_a_filter_of_the_rows(rows: pd.DataFrame, plain: StoredTable) -> None:
    question = Question("accuracy", ("group:race",), {"group:sex": "F", "control:hours": "≥ 40"})
    for cell in Resliced.of(plain, question, clustered=False).cells():
        part = rows.query("sex == 'F' and level == '≥ 40' and race == @cell.levels[0]")
        assert (cell.n, cell.value) == (len(part), pytest.approx(part["right"].mean(), rel=1e-12))


@pytest.mark.parametrize("roles", [{}, {"weight": "weight"}, {"cluster": "person"},
                                   {"weight": "weight", "cluster": "person"}],
                         ids=["rows", "weights", "clusters", "weighted clusters"])  # fmt: skip
def test_it_says_what_the_check_said(rows: pd.DataFrame, roles: dict[str, str]) -> None:
    """The numbers of the record: value, n and interval, of rates, ratios and differences."""
    findings, states = audited(rows, **roles)
    table = table_of(states, *ALL)
    question = Question("true_positive_rate", ("group:race", "group:sex"))
    sliced = Resliced.of(table, question, clustered="cluster" in roles)
    metrics = ("true_positive_rate", "true_positive_rate_ratio", "true_positive_rate_difference")
    answers = [sliced.cells(), *(sliced.compared(("a", "M"), form) for form in
                                 ("ratio", "difference"))]  # fmt: skip
    checked = 0
    for metric, cells in zip(metrics, answers, strict=True):
        reference = None if metric == metrics[0] else {"race": "a", "sex": "M"}
        for cell in (cell for cell in cells if not cell.reference):
            where = dict(zip(("race", "sex"), cell.levels, strict=True))
            said = found(findings, f"bias.{metric}", where, reference)
            assert (cell.value, cell.n) == (pytest.approx(said.value, rel=1e-12), said.rows)
            assert said.interval is not None
            assert cell.interval is not None
            ends = (said.interval.low, said.interval.high)
            assert (cell.interval.low, cell.interval.high) == pytest.approx(ends, rel=1e-9)
            checked += 1
    assert checked == 6 + 5 + 5


def test_groups_are_compared_at_the_same_level_of_a_control(plain: StoredTable) -> None:
    question = Question("selection_rate", ("group:sex", "control:hours"))
    sliced = Resliced.of(plain, question, clustered=False)
    assert sliced.anchored == ("group:sex",)
    assert sliced.references() == [("F",), ("M",)]
    rates = {cell.levels: cell.value for cell in sliced.cells()}
    for cell in sliced.compared(("M",), "difference"):
        sex, level = cell.levels
        if sex == "M":
            assert cell.reference
        else:
            expected = rates["F", level] - rates["M", level]
            assert cell.value == pytest.approx(expected, rel=1e-9)


def test_controls_alone_are_compared_with_one_of_their_levels(plain: StoredTable) -> None:
    sliced = Resliced.of(plain, Question("accuracy", ("control:hours",)), clustered=False)
    assert sliced.references() == [("< 20",), ("[20, 40)",), ("≥ 40",)]
    assert [cell.reference for cell in sliced.compared(("≥ 40",), "ratio")] == [False, False, True]


class TestFew:
    """A planted small cell, three women of race d among 900, is not told, nor told by others."""

    @pytest.fixture(scope="class")
    @staticmethod
    def table() -> StoredTable:
        return table_of(audited(people(900, rare=3), controls=())[1], "group:race", "group:sex")

    def test_it_is_withheld_with_what_would_tell_about_it(self, table: StoredTable) -> None:
        sliced = Resliced.of(
            table, Question("selection_rate", ("group:race", "group:sex")), clustered=False
        )
        assert sliced.holds_back
        hidden = {cell.levels: cell for cell in sliced.cells() if cell.n is None}
        assert "fewer than 5 could tell about a person" in hidden["d", "F"].reason
        others = [cell for levels, cell in hidden.items() if levels != ("d", "F")]
        assert [cell.levels for cell in others] == [("c", "F")]  # the smallest of the women
        assert "less the other cells" in others[0].reason
        assert all(cell.value is None and cell.interval is None for cell in hidden.values())

    def test_a_filter_does_not_get_around_it(self, table: StoredTable) -> None:
        question = Question("selection_rate", ("group:race",), {"group:sex": "F"})
        cells = {c.levels[0]: c.n for c in Resliced.of(table, question, clustered=False).cells()}
        assert cells["c"] is None
        assert cells["d"] is None
        assert cells["a"] is not None

    def test_nor_does_a_comparison(self, table: StoredTable) -> None:
        question = Question("selection_rate", ("group:race", "group:sex"))
        sliced = Resliced.of(table, question, clustered=False)
        against = {cell.levels: cell for cell in sliced.compared(("d", "F"), "ratio")}
        assert against["a", "M"].value is None
        assert against["a", "M"].reason == "The rate of the reference is withheld."
        assert sliced.compared(("a", "M"), "ratio")[-1].value is None

    def test_a_rate_of_few_is_withheld_in_a_large_cell(self) -> None:
        rows = people(400)
        rows.loc[rows["sex"] == "F", "y"] = 0
        rows.loc[rows.index[rows["sex"] == "F"][:3], "y"] = 1
        table = table_of(audited(rows, controls=())[1], "group:race", "group:sex")
        rate = Resliced.of(table, Question("true_positive_rate", ("group:sex",)), clustered=False)
        women, men = rate.cells()
        assert (women.n, women.value) == (None, None)
        assert men.n is None  # all less men would be the three
        accuracy = Resliced.of(table, Question("accuracy", ("group:sex",)), clustered=False)
        assert not accuracy.holds_back

    def test_a_chart_says_so(self, table: StoredTable) -> None:
        question = Question("selection_rate", ("group:race", "group:sex"))
        sliced = Resliced.of(table, question, clustered=False)
        compared = Compared.of(sliced, ("a", "M"), "ratio")
        drawn = rate_chart(sliced, sliced.cells(), compared).to_json()
        assert '"withheld"' in drawn
        assert '"Ratio to a, M"' in drawn
        assert "without what is withheld" in drawn


def test_what_has_no_rate_says_why() -> None:
    rows = people(300).assign(sex="F")
    rows.loc[:99, "sex"] = "M"
    rows.loc[:99, ["y", "score"]] = [0, 0.1]
    table = table_of(audited(rows, controls=())[1], "group:race", "group:sex")
    rates = Resliced.of(table, Question("true_positive_rate", ("group:sex",)), clustered=False)
    men = rates.cells()[1]
    assert (men.n, men.value) == (0, None)
    assert men.reason == "There are no units whose true outcome is favourable here."
    selection = Resliced.of(table, Question("selection_rate", ("group:sex",)), clustered=False)
    women = selection.compared(("M",), "ratio")[0]
    assert women.value is None
    assert women.reason == "The rate of the reference is 0: a ratio cannot divide by it."
    assert selection.cells()[1].value == 0


def test_too_few_clusters_leave_no_interval(rows: pd.DataFrame) -> None:
    few = rows.assign(person=rows["person"] % 5)
    table = table_of(audited(few, cluster="person")[1], *ALL)
    cells = Resliced.of(table, Question("accuracy", ("group:sex",)), clustered=True).cells()
    for cell in cells:
        assert cell.value is not None
        assert cell.interval is None
        assert "needs at least 10 independent units" in cell.reason


def test_cells_are_named_by_control_and_group(plain: StoredTable) -> None:
    question = Question("accuracy", ("group:race", "group:sex", "control:hours"))
    sliced = Resliced.of(plain, question, clustered=False)
    names = cell_names(sliced, sliced.cells())
    assert names[:2] == ["< 20: a, F", "< 20: a, M"]
    assert len(names) == len(set(names)) == 18
    assert "The first" not in rate_chart(sliced, sliced.cells()).to_json()


def test_a_chart_draws_no_more_than_can_be_read(plain: StoredTable) -> None:
    sliced = Resliced.of(plain, Question("accuracy", ("group:race",)), clustered=False)
    many = [Cell((f"level {place}",), 10, 0.5) for place in range(50)]
    assert "The first 40 of 50 cells are drawn." in rate_chart(sliced, many).to_json()


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (lambda: Question("accuracy", ()), "at least one attribute"),
        (lambda: Question("accuracy", ALL, {"group:sex": "F"}), "crossed and held"),
    ],
)
def test_questions_that_make_no_sense(question: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        question()


def test_a_rate_that_was_not_counted(plain: StoredTable) -> None:
    assert rates_of(plain.outcomes) == tuple(GROUP_RATES)
    from tests.checks.audits import BINARY, stored

    undeclared = {**BINARY, "decision": {"threshold": 0.5}}
    _, states = audited(people(300), stored(**undeclared), controls=())
    table = table_of(states, "group:race", "group:sex")
    assert rates_of(table.outcomes) == ("accuracy",)
    with pytest.raises(ValueError, match="does not hold what 'base_rate' is counted from"):
        Resliced.of(table, Question("base_rate", ("group:sex",)), clustered=False)
    cells = Resliced.of(table, Question("accuracy", ("group:sex",)), clustered=False).cells()
    assert all(cell.interval for cell in cells)
