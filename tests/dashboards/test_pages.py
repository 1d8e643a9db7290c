"""The pages as Streamlit runs them, without a browser."""

from __future__ import annotations

import dataclasses
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from auditkit.policy.verdict import VerdictStatus
from auditkit.records import Store, new_id
from auditkit.records.record import AuditRecord
from tests.dashboards.conftest import Visit, seen, texts
from tests.samples import (
    HOSTILE,
    HOSTILE_MARKDOWN,
    passing_judgement,
    sample_judgement,
    sample_record,
)

ID = sample_record().id
SECTIONS = (
    "Verdicts", "Measurements", "Figures", "Groups", "Advice", "Not tested", "Provenance",
    "Sign-off",
)  # fmt: skip


def nth(number: int, **changes: object) -> AuditRecord:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
    return sample_record(**{"id": new_id(moment), "created": moment.isoformat(), **changes})


def links(test: AppTest) -> list[str]:
    return [
        link.proto.label.replace("\\", "").replace("\u2060", "") for link in test.get("page_link")
    ]


class TestRuns:
    def test_no_store(self, visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AUDITKIT_STORE", str(tmp_path / "nowhere"))
        test = visit()
        assert f"There is no store at {tmp_path / 'nowhere'}." in seen(test)
        assert "Run `auditkit audit` first" in seen(test)
        assert not (tmp_path / "nowhere").exists()

    def test_an_empty_store(self, visit: Visit, store: Store) -> None:
        test = visit()
        assert "This store holds no run yet" in seen(test)
        assert test.code[0].value == f"auditkit audit audit.yaml --store {store.folder}"
        assert not test.error

    def test_a_line_for_each_run(self, visit: Visit, store: Store) -> None:
        store.save(nth(1, name="Credit scores", judgement=passing_judgement()))
        store.save(nth(2, name="Digits", judgement=None))
        store.save(nth(3, name=f"{HOSTILE} and more", data={}))
        store.sign("latest", "reject", "unfair", "Ada")
        test = visit()
        assert links(test) == [f"{HOSTILE} and more", "Digits", "Credit scores"]
        shown = seen(test)
        for text in ("Pass", "Not judged", "Fail", "Rejected", "Not signed", "2026-01-01 02:00"):
            assert text in shown
        for text in ("32,561", "baseline", "sha256:0a0a0a0a0a0a…", "3 of 3 runs"):
            assert text in shown

    def test_search(self, visit: Visit, store: Store) -> None:
        store.save(nth(1, name="Credit scores"))
        store.save(nth(2, name="Digits"))
        test = visit()
        test.text_input(key="search").set_value("credit").run()
        assert links(test) == ["Credit scores"]
        test.text_input(key="search").set_value("nobody").run()
        assert "No run matches this filter" in seen(test)
        assert "0 of 2 runs" in seen(test)

    def test_filter_by_outcome(self, visit: Visit, store: Store) -> None:
        store.save(nth(1, name="Credit scores", judgement=passing_judgement()))
        store.save(nth(2, name="Digits", judgement=None))
        store.save(nth(3))
        test = visit()
        pills = test.get("button_group")[0]
        pills.set_value(["pass", "not judged"]).run()
        assert links(test) == ["Digits", "Credit scores"]

    def test_pages_of_25(self, visit: Visit, store: Store) -> None:
        for number in range(27):
            store.save(nth(number, name=f"run {number}", figures=(), measurements=()))
        assert links(visit()) == [f"run {number}" for number in range(26, 1, -1)]

    def test_a_deep_link_at_the_root(self, visit: Visit, stored: Store) -> None:
        stored.save(nth(1, name="older"))
        test = visit(run=stored.runs()[-1].id)
        assert test.title[0].value == "older"

    def test_a_corrupt_store(self, visit: Visit, stored: Store) -> None:
        (stored.folder / "store.sqlite").write_bytes(b"no database" * 1000)
        test = visit()
        assert "is corrupt, or not a SQLite database" in seen(test)
        assert "Restore it from a backup" in seen(test)


class TestRun:
    def test_the_head_says_what_and_why(self, visit: Visit, stored: Store) -> None:
        test = visit("run", run=ID)
        shown = seen(test)
        assert test.title[0].value == "Income classifier"
        assert "## :red[:material/cancel: Fail]" in shown
        assert "Groups are selected at similar rates" in shown
        assert "8.0 % for Female (n = 10,771) against 36.0 % for Male (n = 21,790)" in shown
        assert f"22 November 2026, 10:15 UTC · record {ID} · policy baseline · look 2" in shown
        assert "Exploratory" in shown

    @pytest.mark.parametrize(
        ("changes", "word"),
        [
            ({"judgement": passing_judgement()}, ":blue[:material/check_circle: Pass]"),
            ({"judgement": None}, ":gray[:material/remove: Not judged]"),
            (
                {"judgement": sample_judgement(outcome=VerdictStatus.WAIVED)},
                ":violet[:material/handshake: Waived]",
            ),
            (
                {"judgement": sample_judgement(outcome=VerdictStatus.INCONCLUSIVE)},
                ":orange[:material/help: Inconclusive]",
            ),
        ],
    )
    def test_each_outcome(
        self, visit: Visit, store: Store, changes: dict[str, object], word: str
    ) -> None:
        store.save(sample_record(**changes))
        assert f"## {word}" in seen(visit("run"))

    def test_without_an_id_the_newest(self, visit: Visit, stored: Store) -> None:
        stored.save(nth(1, name="older"))
        assert visit("run").title[0].value == "Income classifier"

    @pytest.mark.parametrize("reference", ["1999", "../../etc/passwd", HOSTILE, "%"])
    def test_an_unknown_id(self, visit: Visit, stored: Store, reference: str) -> None:
        test = visit("run", run=reference)
        assert f"has no record {reference!r}" in seen(test)
        assert f"The newest are: {ID}." in seen(test)
        assert test.title[0].value == "This run cannot be shown"

    def test_an_empty_store(self, visit: Visit, store: Store) -> None:
        assert "holds no record. Run" in seen(visit("run")).replace("\n", " ")

    def test_a_changed_record(self, visit: Visit, stored: Store) -> None:
        path = stored.folder / "records" / ID / "record.json"
        assert visit("run").title  # and is kept in the cache
        path.write_bytes(path.read_bytes().replace(b'"fail"', b'"pass"'))
        test = visit("run", run=ID)
        assert f"{path} was changed after it was stored" in seen(test)
        assert test.title[0].value == "This run cannot be shown"
        assert links(visit()) == ["Income classifier"]

    def test_a_lost_record(self, visit: Visit, stored: Store) -> None:
        shutil.rmtree(stored.folder / "records" / ID)
        assert "record.json does not exist" in seen(visit("run", run=ID))

    def test_the_sections(self, visit: Visit, stored: Store) -> None:
        assert [tab.label for tab in visit("run").tabs] == list(SECTIONS)

    def test_only_the_first_section_repeats_the_reasons(self, visit: Visit, stored: Store) -> None:
        assert "To bear in mind" in seen(visit("run"))
        assert "To bear in mind" not in seen(visit("run", section="Provenance"))


class TestVerdicts:
    def test_what_blocks_comes_first(self, visit: Visit, stored: Store) -> None:
        (table,) = visit("run").dataframe
        verdicts = list(table.value["Verdict"])
        assert verdicts == [
            "✕ Fail, blocks", "∅ Missing, blocks", "? Inconclusive, blocks", "✕ Fail", "◆ Waived",
            "✓ Pass", "✓ Pass",
        ]  # fmt: skip
        first = table.value.iloc[0]
        assert first["Clause"] == "29 CFR 1607.4 D"
        assert (first["Severity"], first["Basis"]) == ("block", "convention")
        assert (first["Value"], first["Interval"]) == ("0.222", "0.210 to 0.235")
        assert first["Required"] == "between 0.8 and 1.25"

    def test_reasons_in_words(self, visit: Visit, stored: Store) -> None:
        shown = seen(visit("run"))
        assert "wholly outside the region." in shown
        assert "waiver W-7 tolerates" in shown
        assert "Practice uses this number; no law sets it for this case." in shown
        assert "A model that is wrong too often" not in shown  # a requirement that is met

    def test_filter(self, visit: Visit, stored: Store) -> None:
        test = visit("run")
        test.get("button_group")[0].set_value(["waived"]).run()
        (table,) = test.dataframe
        assert list(table.value["Verdict"]) == ["◆ Waived"]
        assert "wholly outside the region." not in seen(test).partition("Why")[2]

    def test_strips_for_what_has_a_value(self, visit: Visit, stored: Store) -> None:
        from reviewing.strips import strip_chart, wanting

        record = sample_record()
        chart = strip_chart(wanting(record, "four-fifths", 8), record)
        assert chart is not None
        spec = chart.to_json()
        assert '"0.222 (0.210 to 0.235)  fail"' in spec
        assert '"0.78 (0.65 to 0.94)  inconclusive"' in spec
        assert strip_chart(wanting(record, "generalises", 8), record) is None
        assert strip_chart(wanting(record, "rates-reported", 8), record) is None
        assert len(visit("run").get("vega_lite_chart")) == 3

    def test_many_verdicts_of_one_requirement(self, visit: Visit, store: Store) -> None:
        verdict = sample_judgement().verdicts[1]
        many = sample_judgement(verdicts=(verdict,) * 60)
        store.save(sample_record(judgement=many))
        test = visit("run")
        assert len(test.dataframe[0].value) == 60
        assert "52 more in the table." in seen(test)

    def test_nothing_judged(self, visit: Visit, store: Store) -> None:
        store.save(sample_record(judgement=None))
        assert "No policy was asked, so nothing was judged." in seen(visit("run"))

    def test_a_policy_without_requirements(self, visit: Visit, store: Store) -> None:
        store.save(sample_record(judgement=sample_judgement(verdicts=())))
        assert "The policy has no requirement for this model." in seen(visit("run"))

    def test_all_met(self, visit: Visit, store: Store) -> None:
        store.save(sample_record(judgement=passing_judgement()))
        assert "Why" not in [element.value for element in visit("run").subheader]


class TestMeasurements:
    def test_all_are_shown_with_what_is_absent(self, visit: Visit, stored: Store) -> None:
        test = visit("run", section="Measurements")
        (table,) = test.dataframe
        assert len(table.value) == len(sample_record().measurements)
        assert "19 of 19 measurements" in seen(test)
        by_metric = table.value.set_index("metric")
        failed = by_metric.loc["explanation.completeness_gap"]
        assert failed["Value"] == "measuring failed"
        assert failed[["value", "low", "high"]].isna().all()
        assert by_metric.loc["performance.accuracy", "Interval"] == "81.6 to 82.3 %"
        assert by_metric.loc["performance.accuracy", "value"] == pytest.approx(26700 / 32561)

    def test_filters_add_up(self, visit: Visit, stored: Store) -> None:
        test = visit("run", section="Measurements")
        family, state = test.get("button_group")
        family.set_value("bias").run()
        assert set(test.dataframe[0].value["metric"].str.partition(".")[0]) == {"bias"}
        state = test.get("button_group")[1]
        state.set_value("not measured").run()
        assert list(test.dataframe[0].value["Value"]) == ["undefined"]
        test.text_input(key="find").set_value("no such thing").run()
        assert "No measurement matches this filter." in seen(test)

    def test_search_reads_the_remarks(self, visit: Visit, stored: Store) -> None:
        test = visit("run", section="Measurements")
        test.text_input(key="find").set_value("ONLY 3 POSITIVE").run()
        assert list(test.dataframe[0].value["Value"]) == ["too few"]

    def test_sampled(self, visit: Visit, stored: Store) -> None:
        test = visit("run", section="Measurements")
        test.get("button_group")[1].set_value("sampled").run()
        (remark,) = test.dataframe[0].value["Remark"]
        assert remark.startswith("sampled")

    def test_none(self, visit: Visit, store: Store) -> None:
        store.save(sample_record(measurements=()))
        assert "This run measured nothing." in seen(visit("run", section="Measurements"))


class TestOtherSections:
    def test_figures(self, visit: Visit, stored: Store) -> None:
        test = visit("run", section="Figures")
        assert len(test.get("vega_lite_chart")) == len(sample_record().figures)
        assert "Women are selected about a fifth as often as men." in seen(test)

    def test_a_figure_that_nothing_draws(self, visit: Visit, store: Store) -> None:
        strange = dataclasses.replace(sample_record().figures[0], kind="unheard-of")
        store.save(sample_record(figures=(strange,)))
        assert len(visit("run", section="Figures").get("vega_lite_chart")) == 1

    def test_no_figures(self, visit: Visit, store: Store) -> None:
        store.save(sample_record(figures=()))
        assert "This run drew no figures." in seen(visit("run", section="Figures"))

    def test_advice(self, visit: Visit, stored: Store) -> None:
        test = visit("run", section="Advice")
        shown = seen(test)
        assert test.warning[0].value.startswith("**Advice, never applied.** Thresholds that differ")
        assert "costs 0.5 points of accuracy" in shown
        assert "these groups are too small" in shown
        assert len(test.get("vega_lite_chart")) == 1
        table = test.dataframe[0].value
        assert list(table.iloc[:, 0])[:2] == ["Accuracy", "Change of accuracy"]
        assert table.iloc[1, 1] == ""
        assert table.iloc[1, 2].startswith("−0.5 points (")

    def test_no_advice(self, visit: Visit, store: Store) -> None:
        store.save(sample_record(advice=()))
        assert "Nothing was advised" in seen(visit("run", section="Advice"))

    def test_what_was_not_tested(self, visit: Visit, stored: Store) -> None:
        shown = seen(visit("run", section="Not tested"))
        for sentence in sample_record().not_tested:
            assert sentence in shown
        assert "under the minimum share of 2 %: listed, not judged." in shown
        assert "not applicable**: There is no training split" in shown

    def test_nothing_was_left_out(self, visit: Visit, store: Store) -> None:
        store.save(sample_record(not_tested=(), judgement=None))
        assert "No check named anything that it did not test" in seen(
            visit("run", section="Not tested")
        )

    def test_provenance(self, visit: Visit, stored: Store) -> None:
        test = visit("run", section="Provenance")
        cells = {str(cell) for table in test.table for cell in table.value.to_numpy().ravel()}
        cells = {cell.replace("\\", "").replace("\u2060", "") for cell in cells}
        for text in (*sample_record().digests.values(), "batch_size", "4096", "2.13.0+cpu", "5.80"):
            assert text in cells
        assert test.code[0].value == sample_record().policy_text.strip()

    def test_nothing_known(self, visit: Visit, store: Store) -> None:
        bare = {"model": {}, "data": {}, "settings": {}, "environment": {}, "digests": {}}
        store.save(sample_record(**bare, timing={}, policy_text="", judgement=None))
        assert not visit("run", section="Provenance").error

    def test_the_log(self, visit: Visit, stored: Store) -> None:
        assert "Nobody has signed" in seen(visit("run", section="Sign-off"))
        stored.sign(ID, "approve", HOSTILE_MARKDOWN, f"Ada {HOSTILE}")
        test = visit("run", section="Sign-off")
        assert HOSTILE_MARKDOWN in seen(test)
        assert f"Ada {HOSTILE}" in seen(test)
        assert "Approved" in seen(test)
        assert f"auditkit sign {ID} --decision approve" in test.code[0].value

    def test_the_check_for_changes(self, visit: Visit, stored: Store) -> None:
        test = visit("run", section="Sign-off")
        test.button[0].click().run()
        assert "Every file has the digest it was stored with" in test.success[0].value
        extra = stored.folder / "records" / ID / "extra"
        extra.write_bytes(b"")
        test.button[0].click().run()
        assert f"{extra} was not written by auditkit." in seen(test)


READ_AS_MARKDOWN = re.compile(r"(?<!\\)(\]\(javascript|<img|<script|:material/check:)")


@pytest.mark.parametrize("section", ["", *SECTIONS])
def test_hostile_text_is_never_markdown(visit: Visit, store: Store, section: str) -> None:
    record = sample_record(name=HOSTILE_MARKDOWN, version=HOSTILE_MARKDOWN)
    digests = {**record.digests, HOSTILE_MARKDOWN: HOSTILE_MARKDOWN}
    settings = {HOSTILE_MARKDOWN: {HOSTILE: HOSTILE_MARKDOWN}}
    judgement = sample_judgement(policy=HOSTILE_MARKDOWN, notes=(HOSTILE_MARKDOWN,))
    record = dataclasses.replace(record, digests=digests, settings=settings, judgement=judgement)
    store.save(record)
    store.sign("latest", "comment", HOSTILE_MARKDOWN, HOSTILE_MARKDOWN)
    test = visit("run", section=section) if section else visit()
    labels = [link.proto.label for link in test.get("page_link")]
    cells = [str(cell) for table in test.table for cell in table.value.to_numpy().ravel()]
    shown = [*texts(test), *labels, *cells]
    assert any(HOSTILE_MARKDOWN[:6] in text.replace("\\", "") for text in shown)
    assert not [text for text in shown if READ_AS_MARKDOWN.search(text)]


def test_the_search_above_can_find() -> None:
    assert READ_AS_MARKDOWN.search(HOSTILE_MARKDOWN)
    assert READ_AS_MARKDOWN.search(HOSTILE)
