"""Which number a text gives, and whether two are the same."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_SHORT = {"k": 1e3, "mn": 1e6, "bn": 1e9, "tn": 1e12}
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS = {word: place for place, word in enumerate(_ONES)} | {
    word: 10 * place for place, word in enumerate(_TENS, start=2)
}
_NUMBER = re.compile(
    r"(?<![\w.,/])(?P<sign>[-−]?)(?:[$€£¥]\s?)?"
    r"(?P<digits>\d{1,3}(?:[, _]\d{3})+(?:\.\d+)?(?![\d,])|\d+(?:[.,]\d+)?(?![,.]?\d)|\.\d+)"
    r"(?:e(?P<power>[+-]?\d{1,2})\b|\s?[x×*]\s?10\^?(?P<ten>[-−]?\d{1,2})\b)?"
    r"(?:/(?P<under>\d+))?(?!/?\d|e[+-]?\d)"
    r"(?:\s?(?P<percent>%|percent\b|per cent\b)|\s?(?P<scale>hundred|thousand|million|billion"
    r"|trillion)\b|(?P<short>k|\s?mn|\s?bn|\s?tn)\b)?",
    re.IGNORECASE,
)
_SPELT = re.compile(
    rf"\b(?:minus\s+)?(?:(?:hundred\s+and|{'|'.join([*_WORDS, *_SCALES])})\b[\s-]*)+",
    re.IGNORECASE,
)
_READ = 2000
"""Characters from the end that are read."""


@dataclass(frozen=True)
class Number:
    """A number that a text gives: its value as written, and whether it is in percent."""

    value: float
    percent: bool = False


def number_in(text: str) -> Number | None:
    """The number that a text ends on, the one that an answer comes to; None where it has none.

    Read are digits with thousands marked ("1,234.5", "1 234"), a comma of decimals ("3,5"), powers
    ("1e5", "2 × 10^6"), fractions ("3/4"), scales ("1.5 million", "3k") and percent; where there is
    no digit, English words up to trillions.

    Example:
        >>> number_in("3 + 4 = 7, so it is $1.5 million."), number_in("twenty-one percent")
        (Number(value=1500000.0, percent=False), Number(value=21.0, percent=True))
    """
    plain = unicodedata.normalize("NFKC", text[-_READ:]).replace("⁄", "/")
    found = list(_NUMBER.finditer(plain))
    if found:
        return _of_digits(found[-1])
    return _of_words(plain)


def same_number(answer: Number, reference: Number, tolerance: float) -> bool:
    """Whether the answer is the reference within a relative tolerance of it.

    45 % is 0.45, and it is 45 where only one of the two says percent.
    """
    values = {answer.value}
    if answer.percent != reference.percent:
        values |= {answer.value / 100 if answer.percent else answer.value * 100}
    room = max(tolerance, 1e-9) * abs(reference.value)
    return any(abs(one - reference.value) <= room for one in values)


def _of_digits(found: re.Match[str]) -> Number:
    digits, under = found["digits"], int(found["under"] or 1)
    if re.fullmatch(r"\d+,\d+", digits) and not re.fullmatch(r"\d{1,3},\d{3}", digits):
        digits = digits.replace(",", ".")
    value = float(re.sub(r"[, _]", "", digits))
    power = (found["power"] or found["ten"] or "0").replace("−", "-")
    value *= 10.0 ** int(power) / (under or 1)
    value *= _SCALES.get((found["scale"] or "").lower(), 1.0)
    value *= _SHORT.get((found["short"] or "").strip().lower(), 1.0)
    return Number(-value if found["sign"] else value, bool(found["percent"]))


def _of_words(text: str) -> Number | None:
    spelt = [one for one in _SPELT.finditer(text) if _WORDS.keys() & _parts(one[0])]
    if not spelt:
        return None
    last = spelt[-1]
    total = part = 0.0
    for word in re.split(r"[\s-]+", last[0].lower()):
        if word in _WORDS:
            part += _WORDS[word]
        elif word == "hundred":
            part = max(part, 1) * 100
        elif word in _SCALES:
            total, part = total + max(part, 1) * _SCALES[word], 0.0
    value = total + part
    percent = re.match(r"\s*(?:%|percent|per cent)", text[last.end() :]) is not None
    return Number(-value if last[0].lower().startswith("minus") else value, percent)


def _parts(spelt: str) -> set[str]:
    return set(re.split(r"[\s-]+", spelt.lower()))


__all__ = ["Number", "number_in", "same_number"]
