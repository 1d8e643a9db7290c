"""Generations to bytes and back: exactly, absent values too; hostile bytes are refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.errors import DataError, OutputError
from auditkit.generation.evidence import GenerationEvidence
from auditkit.generation.files import load_generations, save_generations
from auditkit.generation.generations import Generations
from auditkit.models.generators.answer import Answer
from tests.generation.made import population, question


def plain(value: Any) -> Any:
    """A value that can be compared, arrays with their dtype."""
    if isinstance(value, np.ndarray):
        return (str(value.dtype), value.shape, value.tobytes())
    if is_dataclass(value):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return value


def whole() -> Generations:
    """With everything that can be there, and a row with nothing that can be absent."""
    first, *rest = population(6, samples=2, per_cluster=2).rows
    full = replace(
        first,
        question=replace(
            first.question, key=2**64 - 1, context=("c",), choices=("a", "b"), label=False,
            right_passages=(0, 2), supported=(True, False),
        ),
        without_context=np.float32([-0.1, np.nan]), lookback=np.float32([]),
        facts={"no_speech": 0.1},
    )  # fmt: skip
    bare = GenerationEvidence(question(99), Answer("half \ud800 of a pair\0"))
    kinds = replace(full, question=replace(full.question, id="other", label=True, cluster=None))
    return Generations.of(
        [full, *rest, bare, kinds], {"lookback": "Why."}, seed=7, model="sha256:1", sampled=True
    )


def test_there_and_back() -> None:
    made = whole()
    back = Generations.from_bytes(made.to_bytes())
    assert plain(back) == plain(made)
    assert type(back.rows[0].question.context) is tuple
    assert back.to_bytes() == made.to_bytes()
    assert plain(Generations.from_bytes(Generations(()).to_bytes())) == plain(Generations(()))


def test_parts_through_bytes_are_the_whole() -> None:
    made = population(9, samples=1)
    parts = [made.part(np.arange(9) % 3 == part) for part in (2, 0, 1)]
    one, two, three = (Generations.from_bytes(part.to_bytes()) for part in parts)
    assert plain(one.merged(two).merged(three)) == plain(made)
    with pytest.raises(ValueError, match="different models or seeds"):
        one.merged(replace(two, model="parameters:other"))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damage_is_found(data: st.DataObject) -> None:
    found = bytearray(BYTES)
    place = data.draw(st.integers(0, len(found) - 1))
    found[place] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(0, len(BYTES) - 1))
    for broken in (bytes(found), BYTES[:cut], BYTES + b"\0"):
        with pytest.raises(ValueError, match=r"generations"):
            Generations.from_bytes(broken)


BYTES = population(3, samples=1).to_bytes()


def forged(change: Any) -> bytes:
    """The header changed, and the checksum made anew."""
    end = 16 + int.from_bytes(BYTES[8:16], "little")
    header = json.loads(BYTES[16:end])
    text = json.dumps(change(header) or header).encode()
    body = BYTES[:8] + len(text).to_bytes(8, "little") + text + BYTES[end:-32]
    return body + hashlib.sha256(body).digest()


def row(**changes: Any) -> Any:
    return lambda header: header["rows"][0].update(changes)


def asked(**changes: Any) -> Any:
    return lambda header: header["rows"][0]["question"].update(changes)


def greedy(**changes: Any) -> Any:
    return lambda header: header["rows"][0]["greedy"].update(changes)


@pytest.mark.parametrize(
    "change",
    [
        lambda header: [1],
        lambda header: header.pop("rows") and None,
        lambda header: header.update(rows=[3]),
        lambda header: header.update(seed="0"),
        lambda header: header.update(reasons={"a": 3}),
        lambda header: header.update(model=None),
        lambda header: header.update(numbers={"<i4": -1, "<f4": 0, "<f2": 0}),
        lambda header: header["numbers"].update({"<f4": 2**62}),
        row(greedy=None),
        row(samples=[]),
        row(hidden=[[1, None, None, None]]),
        row(hidden=[["x", [1], [1], [1]]]),
        row(verification="x"),
        row(facts=[1]),
        asked(key=-1),
        asked(key=1.5),
        asked(prompt=3),
        asked(label="yes"),
        asked(supported=["yes"]),
        asked(held_out=None),
        asked(colour="blue"),
        asked(references=[3]),
        greedy(text=None),
        greedy(log_probs=[10**9]),
        greedy(log_probs=[-1]),
        greedy(log_probs=[1, 2, 3]),
        greedy(pieces=["a"] * 50),
    ],
)
def test_forged_headers_are_refused(change: Any) -> None:
    with pytest.raises(ValueError, match=r"generations|lengths|convert|whole number|could not"):
        Generations.from_bytes(forged(change))


def test_another_version_says_so() -> None:
    with pytest.raises(ValueError, match="expected version 1 of generations, found 9"):
        Generations.from_bytes(BYTES[:7] + b"\x09" + BYTES[8:])


def test_files(tmp_path: Path) -> None:
    made = whole()
    save_generations(made, tmp_path / "heard.bin")
    assert plain(load_generations(tmp_path / "heard.bin")) == plain(made)
    assert [one.name for one in tmp_path.iterdir()] == ["heard.bin"]
    (tmp_path / "other").write_bytes(b"x" * 100)
    with pytest.raises(DataError, match="cannot be used: these bytes are no generations"):
        load_generations(tmp_path / "other")
    with pytest.raises(DataError, match="cannot be read: No such file"):
        load_generations(tmp_path / "none")
    with pytest.raises(OutputError, match="cannot be written"):
        save_generations(made, tmp_path / "no" / "heard.bin")
    broken = Generations.of([replace(made.rows[0], verification=float("nan"))])
    with pytest.raises(ValueError, match="not JSON compliant"):
        save_generations(broken, tmp_path / "broken")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["heard.bin", "other"]


def test_nothing_of_a_row_is_left_out() -> None:
    """A field that is added to the evidence must be given a place in the bytes too."""
    assert {one.name for one in fields(GenerationEvidence)} == {
        "question", "greedy", "samples", "verification", "hidden", "without_context", "lookback",
        "facts",
    }  # fmt: skip
    assert {one.name for one in fields(Answer)} == {
        "text", "tokens", "pieces", "log_probs", "entropies", "certainties", "finished",
    }  # fmt: skip
    assert {one.name for one in fields(Generations)} == {
        "rows", "reasons", "seed", "model", "sampled",
    }  # fmt: skip
