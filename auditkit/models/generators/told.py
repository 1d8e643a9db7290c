"""An answer as somebody else tells it, a function or a file: read leniently, refused exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from auditkit.models.generators.answer import Answer, Numbers

KEYS = frozenset(
    {
        "text", "tokens", "pieces", "log_probs", "entropies", "certainties", "finished", "segments",
        "facts",
    }
)  # fmt: skip
"""What may be told of one answer."""

_SEGMENT_KEYS = {"text": "text", "log_prob": "log_prob", "avg_logprob": "log_prob",
                 "no_speech": "no_speech", "no_speech_prob": "no_speech"}  # fmt: skip
_ROUNDING = 1e-4
"""How far a log-probability may lie above 0: half precision rounds so."""
_FINISHED = ("", "stop", "length")


class ToldError(ValueError):
    """What is wrong with what was told: found and expected, as the end of a sentence."""


def told_answer(told: Any) -> tuple[Answer, dict[str, float]]:
    """One answer, and what else was told of it.

    Args:
        told: the text; or (text, log-probabilities of its tokens); or a mapping with some of
            `KEYS`. `tokens` are ids or the tokens' texts. `segments`, of a speech recogniser, are
            mappings with `text`, `log_prob` (mean log-probability of its tokens; `avg_logprob` as
            Whisper calls it) and `no_speech` (or `no_speech_prob`): each is one piece of the
            answer, with one number. `facts` are numbers by name.

    Returns:
        The answer, and its facts: those told, and of segments their number (`segments`) and the
        highest `no_speech`.

    Raises:
        ToldError: it is something else, or its numbers mean nothing.

    Example:
        >>> answer, _ = told_answer(("blue", [-0.5, -0.25]))
        >>> answer.text, answer.log_likelihood
        ('blue', -0.75)
        >>> parts = [{"text": "good", "avg_logprob": -0.5}, {"text": "night", "avg_logprob": -0.25}]
        >>> told_answer({"segments": parts})[0].text
        'good night'
    """
    if isinstance(told, str):
        return Answer(told), {}
    if isinstance(told, tuple) and len(told) == 2 and isinstance(told[0], str):
        told = {"text": told[0], "log_probs": told[1]}
    if not isinstance(told, Mapping):
        raise ToldError(f"is a {type(told).__name__}, expected a text, (text, log_probs) or a "
                        "mapping with 'text'")  # fmt: skip
    if unknown := [key for key in told if key not in KEYS]:
        raise ToldError(f"has the key {unknown[0]!r}, known are {', '.join(sorted(KEYS))}")
    facts = _facts(told.get("facts"))
    if told.get("segments") is not None:
        return _of_segments(told, facts)
    return _of_tokens(told), facts


def _of_tokens(told: Mapping[str, Any]) -> Answer:
    ids, pieces = _tokens(told.get("tokens"))
    given = told.get("pieces")
    pieces = pieces if given is None else tuple(_texts(given, "pieces"))
    try:
        return Answer(
            _text(told),
            ids,
            pieces,
            _numbers(told.get("log_probs"), "log_probs", highest=0.0),
            _numbers(told.get("entropies"), "entropies", lowest=0.0),
            _numbers(told.get("certainties"), "certainties", lowest=0.0),
            _finished(told.get("finished")),
        )
    except ToldError:
        raise
    except ValueError as error:
        raise ToldError(f"contradicts itself: {error}") from error


def _of_segments(
    told: Mapping[str, Any], facts: dict[str, float]
) -> tuple[Answer, dict[str, float]]:
    if both := [key for key in ("tokens", "pieces", "log_probs") if told.get(key) is not None]:
        raise ToldError(f"has segments and {both[0]}, expected one of the two")
    parts = [_segment(one) for one in _listed(told["segments"], "segments")]
    pieces = tuple(_text(part) for part in parts)
    text = _text(told) if "text" in told else " ".join(filter(None, map(str.strip, pieces)))
    told_of = [part["log_prob"] for part in parts if part.get("log_prob") is not None]
    if told_of and len(told_of) < len(parts):
        raise ToldError(f"has {len(parts)} segments, {len(told_of)} of them with a log_prob")
    log_probs = _numbers(told_of, "log_prob of its segments", highest=0.0) if told_of else None
    silent = [part["no_speech"] for part in parts if part.get("no_speech") is not None]
    found = {"segments": float(len(parts)), **facts}
    if silent:
        shares = _numbers(silent, "no_speech of its segments", lowest=0.0, highest=1.0)
        assert shares is not None  # there are some
        found["no_speech"] = float(shares.max())
    return Answer(text, None, pieces, log_probs, finished=_finished(told.get("finished"))), found


def _segment(one: Any) -> dict[str, Any]:
    """Names as ours; what else a recogniser tells of a segment (start, end …) is passed over."""
    if not isinstance(one, Mapping):
        raise ToldError(f"has a segment that is a {type(one).__name__}, expected a mapping")
    return {ours: one[theirs] for theirs, ours in _SEGMENT_KEYS.items() if theirs in one}


def _text(told: Mapping[str, Any]) -> str:
    text = told.get("text")
    if not isinstance(text, str):
        raise ToldError(f"has a {type(text).__name__} as its text, expected a text")
    return text


def _tokens(told: Any) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Ids, or the texts of the tokens, whichever they are."""
    if told is None:
        return None, ()
    tokens = _listed(told, "tokens")
    if tokens and all(isinstance(one, str) for one in tokens):
        return None, tuple(tokens)
    whole = [isinstance(one, int | np.integer) and not isinstance(one, bool) for one in tokens]
    if not all(whole) or any(not 0 <= one < 2**31 for one in tokens):
        raise ToldError("has tokens that are neither all ids (whole numbers from 0) nor all texts")
    return np.array(tokens, dtype=np.int32), ()


def _texts(told: Any, name: str) -> list[str]:
    found = _listed(told, name)
    if not all(isinstance(one, str) for one in found):
        raise ToldError(f"has {name} that are not all texts")
    return found


def _numbers(
    told: Any, name: str, *, lowest: float = -np.inf, highest: float = np.inf
) -> Numbers | None:
    if told is None:
        return None
    listing = _listed(told, name)
    if any(isinstance(one, str | bool) for one in listing):
        raise ToldError(f"has {name} that are not all numbers")
    try:
        values = np.array(listing, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ToldError(f"has {name} that are not all numbers") from error
    if values.ndim != 1:
        raise ToldError(f"has {name} of the shape {values.shape}, expected one number a token")
    wrong = ~np.isfinite(values) | (values < lowest - _ROUNDING) | (values > highest + _ROUNDING)
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        raise ToldError(
            f"has {values[place]:g} in place {place} of {name}, expected finite numbers"
            f"{_range(lowest, highest)}"
        )
    return np.clip(values, lowest, highest).astype(np.float32)


def _range(lowest: float, highest: float) -> str:
    parts = [f"{lowest:g} or more"] if np.isfinite(lowest) else []
    parts += [f"{highest:g} or less"] if np.isfinite(highest) else []
    return f" of {' and '.join(parts)}" if parts else ""


def _listed(told: Any, name: str) -> list[Any]:
    """A list from a sequence, an array or a tensor, wherever it is."""
    if hasattr(told, "tolist"):
        told = told.tolist()  # tensors too, on whatever device
    if isinstance(told, str | bytes) or not isinstance(told, Sequence):
        raise ToldError(f"has a {type(told).__name__} as {name}, expected a list")
    return list(told)


def _finished(told: Any) -> str:
    found = "" if told is None else told
    if found not in _FINISHED:
        raise ToldError(f"has finished={told!r}, expected 'stop', 'length' or ''")
    return str(found)


def _facts(told: Any) -> dict[str, float]:
    if told is None:
        return {}
    if not isinstance(told, Mapping):
        raise ToldError(f"has a {type(told).__name__} as facts, expected numbers by name")
    values = _numbers(list(told.values()), "facts")
    assert values is not None  # there is a list
    return {str(name): float(value) for name, value in zip(told, values, strict=True)}


__all__ = ["KEYS", "ToldError", "told_answer"]
