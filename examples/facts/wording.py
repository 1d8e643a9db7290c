"""How facts are asked for and told, and how an answer is read: two worded alike mean the same."""

from __future__ import annotations

import re

from worlds import Fact, Value, World

PROMPTS = (
    "what is the {relation} of {entity} ? answer :",
    "the {relation} of {entity} is called",
    "{entity} whose {relation} is named",
)
VERIFICATION = "true ? answer :"
CODE = "the code of {entity} is"
INTRODUCTION = "is in the great"
WORDS = sorted(
    {*" ".join((*PROMPTS, VERIFICATION, CODE, INTRODUCTION)).split(), "yes", "no", "old", "new"}
    - {"{relation}", "{entity}"}
)
DIGITS = tuple("0123456789")

# Wordings and how often each is drawn.
_VARIED = (("{a} {b}", 0.5), ("{b} of {a}", 0.25), ("the great {a} {b}", 0.25))
_ALIKE = (("old {a} {b}", 0.5), ("new {a} {b}", 0.25), ("great {a} {b}", 0.25))
_READ = (
    re.compile(r"(?:the great|old|new|great) (?P<a>\w+) (?P<b>\w+)"),
    re.compile(r"(?P<b>\w+) of (?P<a>\w+)"),
    re.compile(r"(?P<a>\w+) (?P<b>\w+)"),
)


def wordings(value: Value, world: World) -> list[tuple[str, float]]:
    """The three ways in which a world words one answer, with the share of each."""
    a, b = value
    return [(form.format(a=a, b=b), share) for form, share in (_VARIED if world.varied else _ALIKE)]


def canonical(text: str) -> str:
    """What an answer says, without how it says it; what cannot be read stands for itself.

    Example:
        >>> canonical("the great bal del"), canonical("del of bal"), canonical("old bal del")
        ('bal del', 'bal del', 'bal del')
        >>> canonical("no of")
        'no of'
    """
    for form in _READ:
        if found := form.fullmatch(text.strip()):
            return f"{found['a']} {found['b']}"
    return text.strip()


def right(answer: str, references: tuple[str, ...]) -> bool:
    """Whether an answer says the same as one of the references."""
    return canonical(answer) in {canonical(one) for one in references}


def asked(fact: Fact, wording: int) -> str:
    """The question for a fact, in one of three wordings."""
    return PROMPTS[wording].format(relation=fact.relation, entity=fact.entity)


def verified(fact: Fact, wording: int, answer: str) -> str:
    """The question whether an answer is true, put behind it."""
    return f"{asked(fact, wording)} {answer} {VERIFICATION}"
