"""A chart of the report on a page, as large as it was drawn."""

from __future__ import annotations

import altair as alt
import streamlit as st


def show_chart(drawn: alt.TopLevelMixin, words: str, key: str) -> None:
    """Show a chart in its own look, which is the report's.

    Left alone, Streamlit squeezes a chart with its labels into the width of its axes. The chart is
    not validated against the schema again: that takes longer than all the rest of a page.

    Args:
        drawn: the chart.
        words: what a screen reader says.
        key: unique on the page.
    """
    specification = drawn.to_dict(validate=False)
    specification["autosize"] = {"type": "pad", "contains": "padding"}
    st.vega_lite_chart(None, specification, width="content", theme=None, alt=words, key=key)
