"""A chart of the report on a page, as large as it was drawn."""

from __future__ import annotations

import altair as alt
import streamlit as st


def show_chart(drawn: alt.TopLevelMixin, words: str, key: str) -> None:
    """Show a chart in its own look, which is the report's.

    Left alone, Streamlit squeezes a chart with its labels into the width of its axes.

    Args:
        drawn: the chart.
        words: what a screen reader says.
        key: unique on the page.
    """
    natural = drawn.properties(autosize=alt.AutoSizeParams(type="pad", contains="padding"))
    st.altair_chart(natural, width="content", theme=None, alt=words, key=key)
