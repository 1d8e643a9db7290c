"""The list of runs: filter, one line a run with a link, pages by SQL."""

from __future__ import annotations

import streamlit as st

from auditkit.records import RunFilter, RunSummary, Store
from auditkit.reports.formatting import count, digest
from reviewing.literal import literal
from reviewing.looks import LOOKS, badge, signed_badge, worded

PAGE = 25
COLUMNS = ("Outcome", "Name", "When (UTC)", "Policy", "Rows", "Model", "Sign-off")
WIDTHS = (1.5, 3.4, 1.6, 1.4, 0.9, 2.2, 1.4)
NAME = 46


def show_runs(opened: Store) -> None:
    """The runs of a store, newest first."""
    if opened.count() == 0:
        st.info(
            "This store holds no run yet. Run an audit, and it will appear here.",
            icon=":material/inbox:",
        )
        st.code(f"auditkit audit audit.yaml --store {opened.folder}", language="bash")
        return
    which = _filter()
    found = opened.count(which)
    st.caption(
        f"{count(found)} of {count(opened.count())} runs · store {literal(str(opened.folder))}"
    )
    if not found:
        st.info("No run matches this filter.", icon=":material/filter_alt_off:")
        return
    with st.container(key="heading"):
        for column, title in zip(st.columns(WIDTHS), COLUMNS, strict=True):
            column.markdown(title)
    lines = st.container(gap=None)
    page = _page(found, which)  # drawn under the lines
    with lines:
        for run in opened.runs(which, limit=PAGE, offset=(page - 1) * PAGE):
            _show_line(run)


def _page(found: int, which: RunFilter) -> int:
    """The page chosen; another filter begins at its first page, by the widget's key."""
    if found <= PAGE:
        return 1
    return int(st.pagination(-(-found // PAGE), key=f"page {which.search} {which.outcomes}"))


def _filter() -> RunFilter:
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    search = left.text_input(
        "Search", key="search", placeholder="name, policy, id or digest", bind="query-params"
    )
    outcomes = right.pills(
        "Outcome",
        list(LOOKS),
        selection_mode="multi",
        format_func=worded,
        key="outcome",
        bind="query-params",
    )
    return RunFilter(search=search.strip(), outcomes=tuple(outcomes))


def _show_line(run: RunSummary) -> None:
    with st.container(key=f"row-{run.id}"):
        outcome, name, when, policy, rows, model, sign = st.columns(
            WIDTHS, vertical_alignment="center"
        )
    with outcome:
        badge(run.outcome)
    name.page_link(
        "pages_/run.py",
        label=literal(run.name, NAME) or "\\(no name\\)",
        query_params={"run": run.id},
        help=f"Record {run.id}",
    )
    when.markdown(run.created[:16].replace("T", " "))
    policy.markdown(literal(run.policy, 30) or "–")
    rows.markdown("–" if run.rows is None else count(run.rows))
    model.markdown(f"`{_safe_code(digest(run.model))}`" if run.model else "–")
    with sign:
        signed_badge(run.signed)


def _safe_code(text: str) -> str:
    """Text for between back ticks, where escapes don't count."""
    return "".join(character for character in text[:40] if character.isalnum() or character in ":…")
