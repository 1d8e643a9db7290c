"""Settings of a generative audit that cannot be meant, told before anything is generated."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

from auditkit.errors import ConfigurationError
from auditkit.generation.correctness.matchers import KINDS as OF_CORRECTNESS
from auditkit.generation.correctness.refusals import Refusals
from auditkit.generation.equivalence.entailment import refuse_classifier
from auditkit.generation.equivalence.judging import KINDS as OF_EQUIVALENCE
from auditkit.generation.equivalence.local_models import configured
from auditkit.generation.scores.registry import SCORES
from auditkit.generation.settings import GenerationSettings, Matching, Sampling, Verification

_MOST_SAMPLES = 100
_PLACES = ("{prompt}", "{answer}")
_DECIDING = tuple(score.name for score in SCORES if not score.control)
_ASKED = "p_true"  # the score that the model itself is asked for


def refuse_settings(settings: GenerationSettings) -> None:
    """Refuse settings that are of a wrong kind, out of range, or name what is not there.

    Raises:
        ConfigurationError: names the first of them.
    """
    _refuse_sampling(settings.sampling)
    _refuse_verification(settings.verification)
    _refuse_correctness(settings)
    _refuse_equivalence(settings.equivalence)
    _refuse_score(settings.score, settings.verification)
    refusals: Any = settings.refusals
    if isinstance(refusals, str):
        raise ConfigurationError(
            f"generation.refusals is the text {refusals!r}; expected a list.",
            mend="Write a list of regular expressions.",
        )
    Refusals(refusals)


def _refuse_sampling(sampling: Sampling) -> None:
    at = "generation.sampling"
    _refuse_number(f"{at}.samples", sampling.samples, 0, _MOST_SAMPLES)
    _refuse_number(f"{at}.max_tokens", sampling.max_tokens, 1, math.inf)
    _refuse_number(f"{at}.tokens_at_once", sampling.tokens_at_once, 1, math.inf)
    temperature = sampling.temperature
    if not _real(temperature) or not math.isfinite(temperature) or temperature <= 0:
        raise ConfigurationError(
            f"{at}.temperature is {temperature!r}; expected a number above 0.",
            mend="Write 1.0 for the model's own distribution.",
        )
    if not isinstance(sampling.adaptive, bool):
        raise ConfigurationError(
            f"{at}.adaptive is {sampling.adaptive!r}; expected true or false.",
            mend="Write true or false.",
        )
    layers: Any = sampling.layers
    if not isinstance(layers, tuple | list) or not all(map(_whole, layers)):
        raise ConfigurationError(
            f"{at}.layers is {layers!r}; expected a list of whole numbers.",
            mend="Count the blocks from 0, or from the end as -1, -2.",
        )


def _refuse_verification(verification: Verification) -> None:
    at, template = "generation.verification", verification.template
    if not isinstance(template, str):
        raise ConfigurationError(f"{at}.template is {template!r}; expected a text.")
    if template:
        try:
            made = template.format(prompt="\0", answer="\1")
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            raise ConfigurationError(
                f"{at}.template has another place than {' and '.join(_PLACES)}, or a single brace "
                f"({type(error).__name__}: {error}).",
                mend="Write a brace that is meant as such twice.",
            ) from error
        for place, mark in zip(_PLACES, "\0\1", strict=True):
            if mark not in made:
                raise ConfigurationError(
                    f"{at}.template has no place for the {place.strip('{}')}.",
                    mend=f"Write {place} where it belongs.",
                )
        words = (verification.yes_word, verification.no_word)
        if not all(isinstance(one, str) and one.strip() for one in words) or len(set(words)) < 2:
            raise ConfigurationError(
                f"{at} sets {words[0]!r} against {words[1]!r}; expected two different words.",
                mend="Name the words that the model answers with.",
            )
    _refuse_share(f"{at}.least", verification.least)


def _refuse_correctness(settings: GenerationSettings) -> None:
    matching, at = settings.correctness, "generation.correctness"
    _refuse_kind(at, matching, tuple(OF_CORRECTNESS))
    if matching.kind == "function":
        _refuse_function(at, matching, "(answer, references) -> bool")
    if matching.kind == "label" and not settings.columns.label:
        raise ConfigurationError(
            f"{at} is by labels, and no column of labels is named.",
            mend="Name it as generation.columns.label.",
        )
    if matching.kind == "choice" and not settings.columns.choices:
        raise ConfigurationError(
            f"{at} is by choice, and no column of choices is named.",
            mend="Name it as generation.columns.choices.",
        )
    if matching.least is not None and matching.kind in ("numeric", "token_f1"):
        _refuse_share(f"{at}.least", matching.least)


def _refuse_equivalence(matching: Matching) -> None:
    at = "generation.equivalence"
    _refuse_kind(at, matching, OF_EQUIVALENCE)
    if matching.kind == "canonical":
        _refuse_function(at, matching, "text -> canonical text")
    if matching.least is not None and matching.kind in ("token_f1", "embedding"):
        _refuse_share(f"{at}.least", matching.least)
    folders: dict[str, Callable[[str], Any]] = {
        "embedding": lambda folder: configured(folder, f"{at}.folder"),
        "nli": refuse_classifier,
    }
    if matching.kind in folders:
        folders[matching.kind](matching.folder)


def _refuse_score(name: Any, verification: Verification) -> None:
    at = "generation.score"
    if name and name not in _DECIDING:
        raise ConfigurationError(
            f"{at} is {name!r}; a threshold is found for one of {', '.join(_DECIDING)}. Of a score "
            "that is fitted to right and wrong answers itself, the half that it is fitted on shows "
            "too little.",
            mend="Name one of them, or leave score out.",
        )
    if name == _ASKED and not verification.template:
        raise ConfigurationError(
            f"{at} is {_ASKED}, and the model is not asked about its answers.",
            mend="Give generation.verification.template.",
        )


def _refuse_kind(at: str, matching: Matching, known: tuple[str, ...]) -> None:
    if matching.kind not in known:
        raise ConfigurationError(
            f"{at}.kind is {matching.kind!r}; there are {', '.join(known)}.",
            mend="Name one of them.",
        )


def _refuse_function(at: str, matching: Matching, form: str) -> None:
    if not callable(matching.function):
        raise ConfigurationError(
            f"{at}.kind is {matching.kind}, and {at}.function is {matching.function!r}; expected "
            "a function.",
            mend=f"Give function: {form}.",
        )


def _refuse_share(name: str, value: Any) -> None:
    if not _real(value) or not 0 <= value <= 1:
        raise ConfigurationError(
            f"{name} is {value!r}; expected a number from 0 to 1.", mend="Mend the number."
        )


def _refuse_number(name: str, value: Any, least: int, most: float) -> None:
    if not _whole(value) or not least <= value <= most:
        expected = f"from {least} to {most}" if math.isfinite(most) else f"of at least {least}"
        raise ConfigurationError(
            f"{name} is {value!r}; expected a whole number {expected}.", mend="Mend the number."
        )


def _whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _real(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


__all__ = ["refuse_settings"]
