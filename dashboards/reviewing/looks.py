"""How verdicts look: word, icon and colour, never the colour alone; and the one style sheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from auditkit.policy.verdict import VerdictStatus
from auditkit.records.runs import NOT_JUDGED
from auditkit.reports.wording import VERDICTS


@dataclass(frozen=True)
class Look:
    """The look of one outcome.

    Attributes:
        word: what it is called.
        icon: a Material icon, from the fonts that Streamlit brings along.
        sign: one character for places that take only text.
        badge: Streamlit's name of the colour, see `launch.SETTINGS`.
        colour: the same as the report's.
    """

    word: str
    icon: str
    sign: str
    badge: str
    colour: str


def _look(status: VerdictStatus, icon: str, sign: str, badge: str) -> Look:
    words = VERDICTS[status]
    return Look(words.word, f":material/{icon}:", sign, badge, words.colour)


LOOKS: Mapping[str, Look] = {
    "fail": _look(VerdictStatus.FAIL, "cancel", "✕", "red"),
    "missing": _look(VerdictStatus.MISSING, "unknown_document", "∅", "red"),
    "inconclusive": _look(VerdictStatus.INCONCLUSIVE, "help", "?", "orange"),
    "waived": _look(VerdictStatus.WAIVED, "handshake", "◆", "violet"),
    "pass": _look(VerdictStatus.PASS, "check_circle", "✓", "blue"),
    NOT_JUDGED: Look("Not judged", ":material/remove:", "–", "gray", "#56616d"),
}

SIGNED: Mapping[str, tuple[str, str, str]] = {
    "approve": ("Approved", ":material/check:", "blue"),
    "reject": ("Rejected", ":material/close:", "red"),
    "comment": ("Commented", ":material/chat_bubble:", "gray"),
    "": ("Not signed", ":material/edit_off:", "gray"),
}


def look(outcome: VerdictStatus | str | None) -> Look:
    """The look of an outcome; None for a run without a policy."""
    return LOOKS[NOT_JUDGED if outcome is None else str(outcome)]


def worded(text: str) -> str:
    """The outcome as one word with its sign, for tables.

    >>> worded("fail")
    '✕ Fail'
    """
    return f"{look(text).sign} {look(text).word}"


def badge(outcome: VerdictStatus | str | None, *, more: str = "") -> None:
    """The outcome as a coloured badge with icon and word."""
    seen = look(outcome)
    st.badge(f"{seen.word}{more}", icon=seen.icon, color=seen.badge)  # type: ignore[arg-type]


def signed_badge(decision: str) -> None:
    """The last decision of a reviewer as a badge."""
    word, icon, colour = SIGNED[decision]
    st.badge(word, icon=icon, color=colour)  # type: ignore[arg-type]


def apply_style() -> None:
    """The style sheet. It is the same for every record: no text of a record comes into it."""
    rules = [
        f'[class*="st-key-{part}-{name.replace(" ", "-")}"] '
        f"{{ border-left: {width}px solid {seen.colour}; }}"
        for part, width in (("banner", 10), ("card", 6))
        for name, seen in LOOKS.items()
    ]
    st.html("<style>" + "\n".join([*rules, *_RULES]) + "</style>")


_RULES = (
    ".block-container { max-width: 1400px; padding: 4.2rem 2rem 4rem; }",
    '[class*="st-key-banner-"] { background: #f4f6f8; padding: 1.1rem 1.4rem; }',
    '[class*="st-key-row-"] { border-bottom: 1px solid #e4e8ec; padding: 0.35rem 0; }',
    '[class*="st-key-row-"] p, .st-key-heading p { font-size: 0.92rem; }',
    '[class*="st-key-row-"] code { font-size: 0.8rem; color: #56616d; background: none; }',
    '[class*="st-key-row-"] code { padding: 0; }',
    '[class*="st-key-row-"] a { padding: 0; }',
    '[class*="st-key-row-"] a p { color: #0b5e8a; text-decoration: underline; }',
    '[data-testid="stTable"] td * { max-width: none !important; overflow-wrap: anywhere; }',
    '[data-testid="stTable"] td:first-child { width: 13rem; color: #56616d; }',
    '[data-testid="stVegaLiteChart"] { max-width: calc(100vw - 6rem); overflow-x: auto; }',
    ".st-key-heading { border-bottom: 2px solid #1b2530; }",
    ".st-key-heading p { color: #56616d; }",
)
