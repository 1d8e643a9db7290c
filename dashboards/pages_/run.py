"""One run: the verdict and why, what was measured, what was not, and who signed it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from reviewing.advice import show_advice
from reviewing.banner import show_banner
from reviewing.figures import show_figures
from reviewing.gaps import show_gaps
from reviewing.groups import show_groups
from reviewing.measurements import show_measurements
from reviewing.provenance import show_provenance
from reviewing.signoff import show_signoff
from reviewing.source import mishaps, record, store
from reviewing.verdicts import show_verdicts

st.page_link("pages_/runs.py", label="All runs", icon=":material/arrow_back:")
with mishaps("This run cannot be shown"):
    opened = store()
    shown = record(opened, st.query_params.get("run", "latest"))
    signatures = opened.signatures(shown.id)

    # The section is in the address for every tab but the first, where the banner gives its reasons.
    show_banner(shown, signatures, whole="section" not in st.query_params)
    sections: dict[str, Callable[[], None]] = {
        "Verdicts": lambda: show_verdicts(shown),
        "Measurements": lambda: show_measurements(shown),
        "Figures": lambda: show_figures(shown),
        "Groups": lambda: show_groups(opened, shown),
        "Advice": lambda: show_advice(shown),
        "Not tested": lambda: show_gaps(shown),
        "Provenance": lambda: show_provenance(shown),
        "Sign-off": lambda: show_signoff(opened, shown.id, signatures),
    }
    tabs = st.tabs(list(sections), key="section", bind="query-params")
    for tab, show in zip(tabs, sections.values(), strict=True):
        if tab.open:
            with tab:
                show()
