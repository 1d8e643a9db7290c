"""Where the labelling page gets its answers and labels from, and in which order they are shown."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from auditkit.generation.labelling.labels import LabelFile
from auditkit.generation.labelling.shown_answers import ShownAnswer, read_answers

ANSWERS_VARIABLE = "AUDITKIT_ANSWERS"


def answers_path() -> Path:
    """The file that the page was started on."""
    return Path(os.environ[ANSWERS_VARIABLE])


def answers() -> tuple[ShownAnswer, ...]:
    """The answers, read once for each version of their file."""
    path = answers_path()
    try:
        state = path.stat()
    except OSError:
        return read_answers(path)  # says what is wrong with it
    return _answers(str(path), (state.st_mtime_ns, state.st_size))


@st.cache_resource(max_entries=2, show_spinner=False)
def _answers(path: str, version: tuple[int, int]) -> tuple[ShownAnswer, ...]:
    del version  # part of the key
    return read_answers(Path(path))


def labels() -> LabelFile:
    """The labels beside the answers."""
    return LabelFile.beside(answers_path())


def in_order_of(rater: str, shown: Sequence[ShownAnswer]) -> list[ShownAnswer]:
    """The answers in an order of the rater's own, the same every time.

    In one order for all, both would be tired at the same answers, and agree or differ by that.
    """
    return sorted(
        shown,
        key=lambda one: hashlib.sha256(f"{rater.casefold()}\0{one.id}".encode()).digest(),
    )
