"""A figure as it is drawn in a page, taken apart."""

from __future__ import annotations

from xml.etree import ElementTree

from auditkit.measurement import Figure
from auditkit.reports.figures import picture


def drawn(figure: Figure) -> ElementTree.Element:
    """The drawing of a figure that must have one."""
    drawing = picture(figure)
    assert drawing is not None
    return ElementTree.fromstring(drawing)


def texts(figure: Figure) -> list[str]:
    """Every line of text in it."""
    return [e.text for e in drawn(figure).iter() if e.tag in ("text", "tspan") and e.text]
