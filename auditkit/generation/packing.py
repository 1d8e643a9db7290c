"""Generations as bytes and back: a JSON header, then raw numbers. Nothing in them can run.

Layout: 8 bytes of magic, 8 bytes length of the header (little endian), the header, the int32,
float32 and float16 numbers one kind after the other, 32 bytes SHA-256 of all that. The header holds
texts, and of each array its shape alone: arrays follow each other in the order of the header.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from auditkit.generation.evidence import GenerationEvidence, Hidden, Question
from auditkit.models.generators.answer import Answer

if TYPE_CHECKING:
    from auditkit.generation.generations import Generations

_MAGIC = b"akgener\x01"
"""Its last byte is the version of the layout."""
_PREFIX, _SUM = len(_MAGIC) + 8, hashlib.sha256().digest_size
_DTYPES = ("<i4", "<f4", "<f2")
_NUMBERS = {"tokens": "<i4", "log_probs": "<f4", "entropies": "<f4", "certainties": "<f4"}
_HEARD = ("without_context", "lookback")
_HIDDEN = ("prompt", "answer", "samples")
_LISTS = ("context", "references", "choices", "right_passages", "supported")


def pack(generations: Generations) -> bytes:
    """See `Generations.to_bytes`."""
    pool = _Writer()
    header = {
        "reasons": dict(generations.reasons),
        "seed": generations.seed,
        "model": generations.model,
        "sampled": generations.sampled,
        "rows": [_row(row, pool) for row in generations.rows],
    }
    counts = pool.counts()
    # Escaped, so that half a surrogate pair, which UTF-8 cannot write, comes back too.
    text = json.dumps({"numbers": counts, **header}, allow_nan=False).encode()
    whole = b"".join([_MAGIC, len(text).to_bytes(8, "little"), text, *pool.bodies()])
    return whole + hashlib.sha256(whole).digest()


def unpack(data: bytes) -> Generations:
    """See `Generations.from_bytes`."""
    from auditkit.generation.generations import Generations

    header, body = _opened(bytes(data))
    try:
        pool = _Reader(header["numbers"], body)
        rows = [_row_of(plain, pool) for plain in header["rows"]]
        pool.finish()
        reasons, seed, model = header["reasons"], header["seed"], header["model"]
        _check_texts([model, *reasons.keys(), *reasons.values()])
        if type(seed) is not int or type(header["sampled"]) is not bool:
            raise ValueError("seed and sampled must be a whole number and a truth value")
        return Generations.of(rows, reasons, seed=seed, model=model, sampled=header["sampled"])
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise ValueError(f"damaged generations: {type(error).__name__}: {error}") from error


def _opened(data: bytes) -> tuple[dict[str, Any], bytes]:
    if len(data) < _PREFIX + _SUM or data[: len(_MAGIC) - 1] != _MAGIC[:-1]:
        raise ValueError("these bytes are no generations of auditkit")
    if data[: len(_MAGIC)] != _MAGIC:
        found = data[len(_MAGIC) - 1]
        raise ValueError(f"expected version {_MAGIC[-1]} of generations, found {found}")
    if hashlib.sha256(data[:-_SUM]).digest() != data[-_SUM:]:
        raise ValueError("damaged generations: the checksum differs")
    end = _PREFIX + int.from_bytes(data[len(_MAGIC) : _PREFIX], "little")
    try:
        header = json.loads(data[_PREFIX:end].decode())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"damaged generations: the header is not JSON ({error})") from None
    if not isinstance(header, dict):
        raise ValueError("damaged generations: the header is no JSON object")
    return header, data[end:-_SUM]


class _Writer:
    """Collects numbers by kind; of each array the header keeps its shape."""

    def __init__(self) -> None:
        self._found: dict[str, list[np.ndarray]] = {dtype: [] for dtype in _DTYPES}

    def put(self, array: np.ndarray | None, dtype: str) -> list[int] | None:
        if array is None:
            return None
        self._found[dtype].append(np.ascontiguousarray(array, dtype=dtype))
        return list(array.shape)

    def counts(self) -> dict[str, int]:
        return {dtype: sum(one.size for one in found) for dtype, found in self._found.items()}

    def bodies(self) -> list[bytes]:
        return [one.tobytes() for dtype in _DTYPES for one in self._found[dtype]]


class _Reader:
    """Hands numbers out again, in the same order."""

    def __init__(self, counts: Mapping[str, int], body: bytes) -> None:
        sizes = [counts[dtype] * np.dtype(dtype).itemsize for dtype in _DTYPES]
        if min(sizes) < 0 or sum(sizes) != len(body):
            raise ValueError("damaged generations: another number of bytes than the header says")
        starts = [0, sizes[0], sizes[0] + sizes[1]]
        self._found = {
            dtype: np.frombuffer(body, dtype=dtype, count=counts[dtype], offset=start)
            for dtype, start in zip(_DTYPES, starts, strict=True)
        }
        self._next = dict.fromkeys(_DTYPES, 0)

    def take(self, shape: list[int] | None, dtype: str) -> np.ndarray | None:
        if shape is None:
            return None
        if not all(type(size) is int and size >= 0 for size in shape):
            raise ValueError(f"damaged generations: an array has the shape {shape!r}")
        start, size = self._next[dtype], math.prod(shape)
        values = self._found[dtype][start : start + size]
        if len(values) < size:
            raise ValueError("damaged generations: an array is cut short")
        self._next[dtype] = start + size
        return values.astype(values.dtype.newbyteorder("=")).reshape(shape)

    def must(self, shape: list[int], dtype: str) -> np.ndarray:
        found = self.take(shape, dtype)
        if found is None:
            raise ValueError("damaged generations: hidden states are missing")
        return found

    def finish(self) -> None:
        if any(self._next[dtype] != len(self._found[dtype]) for dtype in _DTYPES):
            raise ValueError("damaged generations: numbers are left over")


def _row(row: GenerationEvidence, pool: _Writer) -> dict[str, Any]:
    asked = row.question
    return {
        "question": {**vars(asked), "groups": dict(asked.groups)},
        "greedy": _answer(row.greedy, pool),
        "samples": [_answer(one, pool) for one in row.samples],
        "verification": row.verification,
        "hidden": [
            [layer, *(pool.put(getattr(states, part), "<f2") for part in _HIDDEN)]
            for layer, states in row.hidden.items()
        ],
        **{name: pool.put(getattr(row, name), "<f4") for name in _HEARD},
        "facts": dict(row.facts),
    }


def _row_of(plain: Mapping[str, Any], pool: _Reader) -> GenerationEvidence:
    # In the order in which they were put.
    greedy = _answer_of(plain["greedy"], pool)
    samples = tuple(_answer_of(one, pool) for one in plain["samples"])
    if strange := [layer for layer, *_ in plain["hidden"] if type(layer) is not int]:
        raise ValueError(f"damaged generations: {strange[0]!r} is no layer")
    hidden = {
        layer: Hidden(*(pool.must(shape, "<f2") for shape in shapes))
        for layer, *shapes in plain["hidden"]
    }
    heard = {name: pool.take(plain[name], "<f4") for name in _HEARD}
    verification = plain["verification"]
    return GenerationEvidence(
        _question_of(plain["question"]),
        greedy,
        samples,
        None if verification is None else float(verification),
        hidden,
        **heard,
        facts={str(name): float(value) for name, value in plain["facts"].items()},
    )


def _question_of(plain: Mapping[str, Any]) -> Question:
    known = {**plain, **{name: tuple(plain[name]) for name in _LISTS}}
    asked = Question(**known)
    _check_texts([asked.id, asked.prompt, asked.given, *asked.context, *asked.references])
    _check_texts([*asked.choices, *asked.groups.keys(), *asked.groups.values()])
    for number in (asked.key, asked.cluster, *asked.right_passages):
        if number is not None and (type(number) is not int or not 0 <= number < 2**64):
            raise ValueError(f"damaged generations: {number!r} is no key or place")
    flags = [asked.held_out, *asked.supported, *([] if asked.label is None else [asked.label])]
    if any(type(flag) is not bool for flag in flags):
        raise ValueError("damaged generations: held_out, label, supported must be truth values")
    return asked


def _answer(answer: Answer, pool: _Writer) -> dict[str, Any]:
    arrays = {name: pool.put(getattr(answer, name), kind) for name, kind in _NUMBERS.items()}
    return {"text": answer.text, "pieces": answer.pieces, "finished": answer.finished, **arrays}


def _answer_of(plain: Mapping[str, Any], pool: _Reader) -> Answer:
    arrays = {name: pool.take(plain[name], kind) for name, kind in _NUMBERS.items()}
    pieces = tuple(plain["pieces"])
    _check_texts([plain["text"], plain["finished"], *pieces])
    return Answer(plain["text"], pieces=pieces, finished=plain["finished"], **arrays)


def _check_texts(found: list[Any]) -> None:
    if strange := [one for one in found if not isinstance(one, str)]:
        raise ValueError(f"damaged generations: {strange[0]!r} is no text")


__all__ = ["pack", "unpack"]
