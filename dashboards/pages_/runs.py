"""The list of runs: what was audited when, and what came out."""

from __future__ import annotations

import streamlit as st
from reviewing.listing import show_runs
from reviewing.source import mishaps, store

st.title("Runs", anchor=False)
with mishaps():
    show_runs(store())
