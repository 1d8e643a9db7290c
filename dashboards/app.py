"""The reviewers' pages: which runs there are, and what one of them found.

Everything shown comes from the store's records. No row of data and no model is touched, and torch
is never loaded. Start it with `auditkit dashboard`; with `--answers` there is one page instead, on
which people judge answers, and nothing on it says what any audit found.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent
if str(HERE) not in sys.path:  # for `reviewing`, wherever this folder is installed
    sys.path.insert(0, str(HERE))

from reviewing.answers import ANSWERS_VARIABLE  # noqa: E402
from reviewing.looks import apply_style  # noqa: E402

# A file of our own: Streamlit fetches named icons for this place from the network.
st.set_page_config(page_title="auditkit", page_icon=str(HERE / "icon.png"), layout="wide")
apply_style()

RUNS = st.Page("pages_/runs.py", title="Runs", icon=":material/list:", default=True)
RUN = st.Page("pages_/run.py", title="Run", icon=":material/fact_check:", url_path="run")

LABEL = st.Page("pages_/label.py", title="Judge answers", icon=":material/rule:", default=True)

if os.environ.get(ANSWERS_VARIABLE):
    st.navigation([LABEL], position="hidden").run()
else:
    chosen = st.navigation([RUNS, RUN], position="top")
    if chosen is RUNS and "run" in st.query_params:
        st.switch_page(RUN, query_params={"run": st.query_params["run"]})
    chosen.run()
