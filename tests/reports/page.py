"""A page taken apart, for tests: elements, attributes and text, with a check that tags match."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "img", "input", "hr", "link", "col", "wbr"}


@dataclass
class Element:
    """An element as it was opened."""

    tag: str
    attributes: dict[str, str]


@dataclass
class Page(HTMLParser):
    """What a browser would see of a document, without running anything."""

    elements: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    @classmethod
    def of(cls, html: str) -> Page:
        page = cls()
        page.feed(html)
        page.close()
        page.problems += [f"never closed: {tag}" for tag in page._open]
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.problems.append(f"closed out of turn: {tag}")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        """The text of the page, spaces collapsed."""
        return " ".join(" ".join(self.texts).split())

    def tags(self) -> set[str]:
        return {element.tag for element in self.elements}

    def references(self) -> list[str]:
        """Everything that a browser might fetch or run."""
        names = ("src", "href", "xlink:href", "action", "data", "poster", "srcset", "formaction")
        found = [
            value
            for element in self.elements
            for name, value in element.attributes.items()
            if name in names
        ]
        styles = [e.attributes["style"] for e in self.elements if "style" in e.attributes]
        return found + [
            match for style in styles for match in re.findall(r"url\([^)]*\)|@import[^;]*", style)
        ]
