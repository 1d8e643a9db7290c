"""Where the pages get their records from, and what they say when there are none."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import streamlit as st

from auditkit.errors import AuditkitError
from auditkit.records import Store, open_store
from auditkit.records.record import AuditRecord
from auditkit.records.store import DEFAULT
from auditkit.reports.reslicing import StoredTable, decision_tables, score_tables
from reviewing.literal import literal

STORE_VARIABLE = "AUDITKIT_STORE"


def store() -> Store:
    """The store that the dashboard was started on.

    Opened anew each time, which takes milliseconds, so that a page shows what is there now.
    """
    return open_store(os.environ.get(STORE_VARIABLE, DEFAULT), create=False)


def record(opened: Store, reference: str) -> AuditRecord:
    """A record, read and compared with its digest once for each version of its file."""
    record_id = opened.resolve(reference)
    path = opened.folder / "records" / record_id / "record.json"
    try:
        state = path.stat()
    except OSError:
        return opened.load(record_id)  # says what is wrong with it
    return _record(opened, record_id, str(path), (state.st_mtime_ns, state.st_size))


@st.cache_resource(max_entries=16, show_spinner=False)
def _record(_opened: Store, record_id: str, path: str, version: tuple[int, int]) -> AuditRecord:
    del path, version  # parts of the key
    return _opened.load(record_id)


def counted_tables(
    opened: Store, record_id: str
) -> tuple[tuple[StoredTable, ...], tuple[StoredTable, ...]]:
    """What can be sliced again: tables of decisions and of scores, once for each version of them.

    Raises:
        StoreError: a state is gone, was changed, or is damaged.
    """
    folder = opened.folder / "records" / record_id
    try:
        versions = [(path.name, path.stat()) for path in sorted(folder.glob("state-*.bin"))]
    except OSError:
        versions = []
    key = tuple((name, state.st_mtime_ns, state.st_size) for name, state in versions)
    return _counted_tables(opened, record_id, str(folder), key)


@st.cache_resource(max_entries=4, show_spinner=False)
def _counted_tables(
    _opened: Store, record_id: str, folder: str, version: tuple[tuple[str, int, int], ...]
) -> tuple[tuple[StoredTable, ...], tuple[StoredTable, ...]]:
    del folder, version  # parts of the key
    states = _opened.states(record_id)
    return decision_tables(states), score_tables(states)


@contextlib.contextmanager
def mishaps(title: str = "") -> Iterator[None]:
    """Show what the user can mend as a message with its mend, under a title; end the page there."""
    try:
        yield
    except AuditkitError as error:
        if title:
            st.title(title, anchor=False)
        st.error(literal(error.problem), icon=":material/error:")
        if error.mend:
            st.info(literal(error.mend), icon=":material/build:")
