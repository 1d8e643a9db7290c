"""How English answers refuse: regular expressions of a whole answer."""

from __future__ import annotations

_GUESS = r"(?:but|however|though|although|maybe|perhaps|probably|likely|guess|think|believe)"
_TAIL = rf"\b(?:(?!\b{_GUESS}\b).)*"
"""What may follow: anything but a guess, since who guesses has answered."""

_REGRET = r"(?:sorry|i apologi[sz]e|(?:i'?m|i am) (?:so |very )?sorry)"
_SORRY = rf"(?:(?:well|unfortunately|{_REGRET})\W+(?:but )?)*"
_MODEL = r"(?:as an? (?:ai|artificial|large|language|assistant|chatbot)\b[^,.]*,\s*)?"
_DO_NOT = r"(?:do not|don'?t|did not|didn'?t)"
_CANNOT = r"(?:can ?not|can'?t|could not|couldn'?t|will not|won'?t)"
_KNOWLEDGE = (
    r"(?:idea|clue|information|info|knowledge|access|answer|data|details|context|opinions?)"
)
_SOURCE = r"(?:context|text|passages?|documents?|article|information|sources?)"
_TELL = r"(?:say|state|mention|contain|provide|specify|include|give|answer|tell|indicate|have)"
_HELP = (
    r"(?:answer|say|tell|determine|provide|help|assist|give|verify|find|confirm|comply|know|access"
    r"|be (?:sure|certain)|discuss|share|respond|recall|remember|do that)"
)

_SENTENCES = (
    rf"i (?:\w+ )?{_DO_NOT} (?:\w+ )?(?:know|remember|recall)",
    rf"i (?:\w+ )?{_DO_NOT} (?:\w+ )?have (?:\w+ ){{0,3}}?{_KNOWLEDGE}",
    rf"i (?:have no|lack|have not|haven'?t) (?:\w+ ){{0,2}}?{_KNOWLEDGE}",
    r"(?:i am|i'?m) (?:\w+ )?(?:not (?:sure|certain|able|aware|familiar)"
    r"|unable|unsure|uncertain|unaware)",
    rf"i {_CANNOT} (?:\w+ )?{_HELP}",
    r"i (?:(?:must|have to) (?:decline|refuse)|decline|refuse)",
    rf"(?:it|this|that|the(?: \w+){{1,4}}) {_CANNOT} be (?:answered|determined|known|found|said)",
    rf"the (?:\w+ )?{_SOURCE} (?:\w+ )?(?:does not|doesn'?t|do not|don'?t) (?:\w+ )?{_TELL}",
    r"(?:it|this|that|the(?: \w+){1,4}) (?:is|was)(?: not (?:known|given|stated|mentioned"
    r"|specified|provided)| unknown| unclear| unanswerable)",
    rf"there (?:is|was) (?:no|not enough|insufficient) (?:\w+ ){{0,2}}?(?:{_KNOWLEDGE}|mention)",
    r"it is (?:impossible|not possible) to (?:say|tell|know|determine|answer)",
)
_PHRASES = (
    r"unknown|unanswerable|undetermined|no answer|no idea|n/?a|don'?t know",
    r"not (?:known|sure|given|stated|mentioned|specified|provided|answerable|enough info\w*)",
    r"(?:not enough|insufficient) (?:info|information|context|data)",
    rf"{_CANNOT} (?:be )?(?:determined?|answer(?:ed)?|say|said|tell|known)",
)

ENGLISH = (
    rf"{_SORRY}{_MODEL}{_SORRY}(?:{'|'.join(_SENTENCES)}){_TAIL}",
    rf"{_SORRY}(?:{'|'.join(_PHRASES)})\W*",
    rf"{_SORRY}{_REGRET}\W*",
)
"""A sentence that says so ("I don't know", "As an AI, I cannot answer", "The context does not
mention it") with whatever follows but a guess; a short phrase alone ("unknown"); an apology alone.
Matched without regard to case, apostrophes being straight and spaces single."""

__all__ = ["ENGLISH"]
