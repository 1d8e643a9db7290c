"""Everything that was measured, or could not be: a table that can be filtered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import streamlit as st

from auditkit.measurement import Measurement
from auditkit.records.record import AuditRecord
from auditkit.reports.formatting import count
from auditkit.reports.measurement_view import MetricTable, families
from auditkit.reports.text import visible
from reviewing.literal import literal

STATES = ("measured", "not measured", "sampled")


def show_measurements(record: AuditRecord) -> None:
    """Filter, table, and the definitions of the metrics in it."""
    if not record.measurements:
        st.info("This run measured nothing.", icon=":material/info:")
        return
    rows = list(_rows(record))
    family, state, search = _filter(sorted({name for name, _, _, _ in rows}))
    lines, tables = [], {}
    for name, table, measurement, line in rows:
        shown = family in {None, name} and _is(state, measurement)
        if shown and search.casefold() in " ".join(map(str, line.values())).casefold():
            lines.append(line)
            tables[table.id] = table
    st.caption(f"{count(len(lines))} of {count(len(rows))} measurements")
    if not lines:
        st.info("No measurement matches this filter.", icon=":material/filter_alt_off:")
        return
    _show_table(lines)
    _show_definitions(list(tables.values()))


def _filter(names: Sequence[str]) -> tuple[str | None, str | None, str]:
    family = st.pills("Check", names, key="family")
    left, right = st.columns(2)
    state = left.pills("Status", STATES, key="state")
    search = right.text_input("Search", key="find", placeholder="metric, group, reason")
    return family, state, search.strip()


def _is(state: str | None, measurement: Measurement) -> bool:
    absent = measurement.value is None
    matches = {"measured": not absent, "not measured": absent, "sampled": measurement.sampled}
    return state is None or matches[state]


def _rows(
    record: AuditRecord,
) -> Iterator[tuple[str, MetricTable, Measurement, dict[str, str | float | None]]]:
    """Family, metric, measurement and line of the table, in the order of the record by metric."""
    by_metric: dict[str, list[Measurement]] = {}
    for measurement in record.measurements:
        by_metric.setdefault(measurement.key.metric, []).append(measurement)
    for family in families(record):
        for table in family.tables:
            for row, measurement in zip(table.rows, by_metric[table.id], strict=True):
                interval = measurement.interval
                yield (
                    family.name,
                    table,
                    measurement,
                    {
                        "Metric": visible(table.title),
                        "On": row.subject,
                        "Value": row.absent or row.value,
                        "Interval": row.span,
                        "n": row.n,
                        "Share": row.share,
                        "Method": row.method,
                        "Remark": visible(row.note),
                        "value": measurement.value,
                        "low": None if interval is None else interval.low,
                        "high": None if interval is None else interval.high,
                        "metric": visible(table.id),
                    },
                )


def _show_table(lines: list[dict[str, str | float | None]]) -> None:
    import pandas as pd

    number = st.column_config.NumberColumn(format="%.6g", help="Unrounded, for sorting and export")
    st.dataframe(
        pd.DataFrame(lines),
        hide_index=True,
        height=min((len(lines) + 1) * 35 + 3, 640),
        column_config={
            "Metric": st.column_config.TextColumn(width=200),
            "On": st.column_config.TextColumn(width=250),
            "Interval": st.column_config.TextColumn(width=150),
            "Remark": st.column_config.TextColumn(width=200),
            **dict.fromkeys(("value", "low", "high"), number),
        },
        key="measurement_table",
    )


def _show_definitions(tables: Sequence[MetricTable]) -> None:
    with st.expander("What these metrics mean", icon=":material/menu_book:"):
        for table in tables:
            facts = [table.unit, table.direction, table.source and f"Source: {table.source}"]
            head = f"**{literal(table.title)}** ({literal(table.id)})"
            more = literal("; ".join(fact for fact in facts if fact))
            st.markdown(f"{head}  \n{literal(table.definition)}  \n{more}")
