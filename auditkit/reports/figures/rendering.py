"""A chart as a small, inert SVG element."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import altair as alt

from auditkit.reports.text import clean, visible

# Everything that Vega needs for the marks used here. What is not listed does not reach the page:
# links, images, scripts and event handlers among it, should a later Vega write any.
ELEMENTS = frozenset({"svg", "g", "path", "rect", "line", "text", "tspan", "title"})
ATTRIBUTES = frozenset(
    {
        "d", "x", "y", "x2", "y2", "dx", "dy", "width", "height", "viewBox", "transform",
        "fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity",
        "stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "opacity",
        "text-anchor", "font-family", "font-size", "font-style", "font-weight",
    }
)  # fmt: skip
_DEFAULTS = {
    ("opacity", "1"), ("font-style", "normal"), ("font-weight", "normal"), ("x2", "0"),
    ("text-anchor", "start"),
}  # fmt: skip
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")


def rendered(chart: alt.TopLevelMixin, title: str) -> str:
    """The chart as an `<svg>` element without namespaces, for a page of HTML.

    Args:
        chart: any Altair chart whose data are inside it.
        title: read out by screen readers in place of the picture.
    """
    import vl_convert

    # A control character in a label would abort the whole process inside the renderer.
    specification: dict[str, Any] = clean(chart.to_dict())
    text = vl_convert.vegalite_to_svg(specification, allowed_base_urls=[])
    return inert(text, title)


def inert(svg: str, title: str) -> str:
    """The drawing alone, rebuilt from the elements and attributes that are known to be harmless.

    Example:
        >>> inert('<svg width="9"><script>x</script><path d="M0,0" onload="x"/></svg>', "a")
        '<svg width="9" role="img" aria-label="a"><path d="M0,0" /></svg>'
    """
    root = _copied(ElementTree.fromstring(svg))
    if root is None:
        raise ValueError("the renderer returned something else than an SVG element")
    family = next((text.get("font-family") for text in root.iter("text")), None)
    for text in root.iter("text"):
        if text.get("font-family") == family:
            text.attrib.pop("font-family", None)
    root.attrib.update({"role": "img", "aria-label": visible(title)})
    if family:
        root.set("font-family", family)
    return ElementTree.tostring(root, encoding="unicode")


def _copied(element: ElementTree.Element) -> ElementTree.Element | None:
    name = element.tag.rpartition("}")[2]
    if name not in ELEMENTS:
        return None
    copy = ElementTree.Element(name)
    copy.text = element.text
    for key, value in element.attrib.items():
        if key in ATTRIBUTES and (key, value) not in _DEFAULTS and "(#" not in value:
            copy.set(key, _LONG_NUMBER.sub(_shorter, value))
    copy.extend([child for child in map(_copied, element) if child is not None])
    return None if _draws_nothing(element, copy) else copy


def _shorter(match: re.Match[str]) -> str:
    """A hundredth of a pixel is as fine as anybody sees."""
    return f"{float(match.group()):.2f}".rstrip("0").rstrip(".")


def _draws_nothing(element: ElementTree.Element, copy: ElementTree.Element) -> bool:
    if copy.tag == "g":
        return not len(copy)
    unpainted = copy.get("fill") is None and copy.get("stroke") is None
    background = element.get("class") == "background" and unpainted
    return copy.tag == "path" and (background or element.get("d") in {"", "M0,0h0v0h0Z"})
