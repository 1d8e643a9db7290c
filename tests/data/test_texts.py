from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from auditkit.data import dataset, text
from auditkit.data.damage import UnreadableError
from auditkit.data.token_rows import TokenRows
from auditkit.errors import ConfigurationError, DataError

TEXTS = ["a bc", "d", None, "  ", "e f g"]
ODD = [float("nan"), 7, np.arange(3), ["a"], "a"]


def letters(texts: list[str]) -> dict[str, Any]:
    """A tokenizer: a letter is a token."""
    return {"input_ids": [[ord(one) - 96 for one in text if one != " "] for text in texts]}


def padded(texts: list[str]) -> dict[str, Any]:
    """The same as tensors, filled up to the longest of them."""
    rows = letters(texts)["input_ids"]
    width = max(map(len, rows))
    ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    return {"input_ids": ids, "attention_mask": (ids > 0).long(), "token_type_ids": ids * 0}


@pytest.mark.parametrize("tokenizer", [letters, padded])
def test_a_column_of_text_by_a_function(tokenizer: Any, batches_of: Callable[..., Any]) -> None:
    table = {"body": TEXTS, "y": [0, 1, 0, 1, 1]}
    data = dataset(
        text(table, column="body", tokenizer=tokenizer, length=4, damaged=0.5), label="y"
    )
    data.check()
    batches = batches_of(data["evaluation"], 2)
    assert [len(batch) for batch in batches] == [2, 1]
    ids = np.concatenate([batch.inputs["input_ids"] for batch in batches])
    mask = np.concatenate([batch.inputs["attention_mask"] for batch in batches])
    assert ids.tolist() == [[1, 2, 3, 0], [4, 0, 0, 0], [5, 6, 7, 0]]
    assert mask.tolist() == [[1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 0]]
    assert (ids.dtype, batches[0].medium) == (np.int64, "text")
    assert ("token_type_ids" in batches[0].inputs) == (tokenizer is padded)
    assert batches[1].row_ids.tolist() == [4]
    assert "'row 2' (there is no text); 'row 3' (the text is empty)" in data.notes[0]


@pytest.mark.parametrize("kind", [pa.string(), pa.binary()], ids=["string", "binary"])
def test_bytes_that_are_no_text(tmp_path: Path, batches_of: Callable[..., Any], kind: Any) -> None:
    """Parquet does not check that its text is UTF-8."""
    contents = [b"ab", b"\xff\xfe", b"c"]
    ends = np.cumsum([0, *map(len, contents)]).astype(np.int32)
    buffers = [None, pa.py_buffer(ends.tobytes()), pa.py_buffer(b"".join(contents))]
    body = pa.Array.from_buffers(kind, 3, buffers)
    pq.write_table(pa.table({"body": body}), tmp_path / "texts.parquet")
    data = dataset(
        text(tmp_path / "texts.parquet", column="body", tokenizer=letters, length=2, damaged=0.5)
    )
    data.check()
    (batch,) = batches_of(data["evaluation"])
    assert batch.inputs["input_ids"].tolist() == [[1, 2], [3, 0]]
    assert "'row 1' (its bytes are no UTF-8)" in data.notes[0]


def test_cells_that_are_no_text(batches_of: Callable[..., Any]) -> None:
    cells = pd.DataFrame({"body": pd.Series(ODD, dtype=object)})
    data = dataset(text(cells, column="body", tokenizer=letters, length=2, damaged=0.9))
    (batch,) = batches_of(data["evaluation"])
    assert batch.row_ids.tolist() == [4]
    for said in ("there is no text", "it is a int", "it is a ndarray", "it is a list"):
        assert said in data.notes[0]


def test_a_function_is_known_by_its_name_alone() -> None:
    table = {"body": ["a", "b"]}
    data = dataset(text(table, column="body", tokenizer=letters, length=4))
    assert data.digest().startswith("manifest:")
    assert "letters" in repr(data["evaluation"].identity())


@pytest.mark.parametrize(
    ("tokenizer", "error", "said"),
    [
        (lambda texts: [1], ConfigurationError, "returned list; expected name → one row of token"),
        (lambda texts: {}, ConfigurationError, "expected name → one row of token ids"),
        (lambda texts: {"input_ids": [[1]] * 9}, ConfigurationError, "'input_ids': '9 rows'"),
        (lambda texts: {"input_ids": 7}, ConfigurationError, "'input_ids': 'int'"),
        (lambda texts: 1 / 0, ConfigurationError, r"tokenizer failed on 1 texts \(ZeroDivision"),
        (lambda texts: {"input_ids": [[1] * 9]}, DataError, "Row 0 has 9 tokens, and text.length"),
        (
            lambda texts: {"input_ids": [[1, 2]], "attention_mask": [[1]]},
            DataError,
            "The parts of row 0 differ in length: {'input_ids': 2, 'attention_mask': 1}",
        ),
        (lambda texts: {"input_ids": [["a"]]}, DataError, "its input_ids are no list of whole"),
        (lambda texts: {"input_ids": [[]]}, DataError, "it has no tokens"),
    ],
)
def test_tokenizers_that_are_wrong(tokenizer: Any, error: Any, said: str) -> None:
    data = dataset(text({"body": ["a"]}, column="body", tokenizer=tokenizer, length=8))
    with pytest.raises(error, match=said):
        data.check()


def test_lists_of_ids_in_parquet(tmp_path: Path, batches_of: Callable[..., Any]) -> None:
    ids = [[5, 6, 7], [8], None, [], [9, -1], [9, 30], [1, 2]]
    table = pa.table({"ids": pa.array(ids, pa.list_(pa.int32())), "y": [0, 1, 0, 1, 0, 1, 0]})
    pq.write_table(table, tmp_path / "tokens.parquet", row_group_size=4)
    data = dataset(
        text(tmp_path / "tokens.parquet", ids="ids", length=4, vocabulary=30, pad=29, damaged=0.7),
        label="y",
    )
    data.check()
    batches = batches_of(data["evaluation"], 8)
    found = np.concatenate([batch.inputs["input_ids"] for batch in batches])
    assert found.tolist() == [[5, 6, 7, 29], [8, 29, 29, 29], [1, 2, 29, 29]]
    assert batches[1].inputs["attention_mask"].tolist() == [[1, 1, 0, 0]]
    assert data.digest().startswith("sha256:")
    for said in (
        "'row 2' (it has no input_ids)",
        "'row 3' (it has no tokens)",
        "'row 4' (it holds the token id -1, below 0)",
        "'row 5' (it holds the token id 30, beyond the vocabulary of 30)",
    ):
        assert said in data.notes[0]


def test_a_mask_of_their_own(batches_of: Callable[..., Any]) -> None:
    table = {"ids": [[5, 0], [6, 7]], "seen": [[1, 0], [1, 1]]}
    (batch,) = batches_of(dataset(text(table, ids="ids", mask="seen"))["evaluation"])
    assert batch.inputs["attention_mask"].tolist() == [[1, 0], [1, 1]]


def test_rows_of_several_lengths_name_the_mend(batches_of: Callable[..., Any]) -> None:
    source = dataset(text({"ids": [[5, 6], [7]]}, ids="ids"))["evaluation"]
    with pytest.raises(DataError, match=r"'row 1' .* Declare text\.length: shorter rows"):
        batches_of(source)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "Declare column and tokenizer, or ids"),
        ({"column": "body"}, "Declare column and tokenizer, or ids"),
        ({"column": "body", "tokenizer": letters, "ids": "ids"}, "Declare column and tokenizer"),
        ({"column": "body", "tokenizer": letters}, "Declare length"),
        ({"column": "body", "tokenizer": letters, "length": 4, "mask": "m"}, "and no mask"),
        ({"ids": "ids", "length": 0}, r"text\.length is 0"),
        ({"ids": "ids", "vocabulary": "many"}, r"text\.vocabulary is 'many'"),
    ],
)
def test_options_that_mean_nothing(options: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        dataset(text({"body": ["a"], "ids": [[1]]}, **options))


@given(st.lists(st.integers(-2, 12), max_size=6), st.integers(1, 6), st.integers(1, 12))
def test_a_row_is_padded_or_refused(ids: list[int], length: int, vocabulary: int) -> None:
    rows = TokenRows(length, vocabulary, pad=0)
    unknown = not ids or min(ids) < 0 or max(ids) >= vocabulary
    if unknown or len(ids) > length:
        with pytest.raises((UnreadableError, DataError)):
            rows({"input_ids": ids})
        return
    found = rows({"input_ids": ids})
    assert found["input_ids"].tolist() == ids + [0] * (length - len(ids))
    assert found["attention_mask"].tolist() == [1] * len(ids) + [0] * (length - len(ids))


class _Encoding:
    def __init__(self, ids: list[int]) -> None:
        self.ids = ids
        self.attention_mask = [1] * len(ids)


class _Tokenizer:
    """Stands in for that of the library `tokenizers`: words by a vocabulary, cut to a length."""

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        self.vocabulary = vocabulary
        self.most = 0

    @classmethod
    def from_buffer(cls, content: bytes) -> _Tokenizer:
        return cls(json.loads(content)["model"]["vocab"])

    def no_padding(self) -> None:
        pass

    def enable_truncation(self, length: int) -> None:
        self.most = length

    def get_vocab_size(self) -> int:
        return len(self.vocabulary)

    def token_to_id(self, token: str) -> int | None:
        return self.vocabulary.get(token)

    def encode_batch(self, texts: list[str]) -> list[_Encoding]:
        rows = [[self.vocabulary.get(word, 1) for word in text.split()] for text in texts]
        return [_Encoding(row[: self.most]) for row in rows]


WORDS = {"one": 0, "[UNK]": 1, "two": 2, "[PAD]": 3}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as `save_pretrained` writes it, with a word-level tokenizer."""
    plain = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [],
        "normalizer": None, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None,
        "decoder": None, "model": {"type": "WordLevel", "vocab": WORDS, "unk_token": "[UNK]"},
    }  # fmt: skip
    (tmp_path / "tokenizer").mkdir()
    (tmp_path / "tokenizer" / "tokenizer.json").write_text(json.dumps(plain))
    config = {"pad_token": {"content": "[PAD]"}, "auto_map": {"AutoTokenizer": "evil.py--Evil"}}
    (tmp_path / "tokenizer" / "tokenizer_config.json").write_text(json.dumps(config))
    return tmp_path / "tokenizer"


@pytest.fixture(params=["stand-in", "library"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library, and what stands in for it where it is not installed."""
    if request.param == "library":
        pytest.importorskip("tokenizers")
        return
    stand_in = ModuleType("tokenizers")
    stand_in.Tokenizer = _Tokenizer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tokenizers", stand_in)


@pytest.mark.usefixtures("library")
def test_a_tokenizer_from_a_folder(folder: Path, batches_of: Callable[..., Any]) -> None:
    table = {"body": ["one two two one", "two", "one stranger"]}
    data = dataset(text(table, column="body", tokenizer=folder, length=3))
    data.check()
    (batch,) = batches_of(data["evaluation"])
    assert batch.inputs["input_ids"].tolist() == [[0, 2, 2], [2, 3, 3], [0, 1, 3]]
    assert batch.inputs["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
    assert data.digest().startswith("sha256:")
    decoder = data["evaluation"].identity()["decoder"]
    assert (decoder["vocabulary"], decoder["pad"]) == (4, 3)
    before = decoder["tokenizer"]["sha256"]
    content = (folder / "tokenizer.json").read_text()
    (folder / "tokenizer.json").write_text(content + "\n")
    again = dataset(text(table, column="body", tokenizer=folder, length=3))
    assert again["evaluation"].identity()["decoder"]["tokenizer"]["sha256"] != before


@pytest.mark.usefixtures("library")
def test_a_tokenizer_inside_an_installed_package(
    folder: Path, batches_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    package = folder.parent / "word_model"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('a package is never imported')")
    folder.rename(package / "tokenizer")
    monkeypatch.syspath_prepend(folder.parent)
    given = text({"body": ["two"]}, column="body", tokenizer="package://word_model/tokenizer",
                 length=2)  # fmt: skip
    (batch,) = batches_of(dataset(given)["evaluation"])
    assert batch.inputs["input_ids"].tolist() == [[2, 3]]


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("name", "said"),
    [("tokenizer.json", "is no tokenizer that can be read"),
     ("tokenizer_config.json", "cannot be read as JSON")],
)  # fmt: skip
def test_a_damaged_tokenizer(folder: Path, name: str, said: str) -> None:
    (folder / name).write_bytes(b"\x80\x04N.")
    with pytest.raises(DataError, match=said):
        dataset(text({"body": ["one"]}, column="body", tokenizer=folder, length=3))


def test_a_folder_without_a_tokenizer_and_without_the_library(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened() -> None:
        dataset(text({"body": ["one"]}, column="body", tokenizer=folder, length=3))

    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ConfigurationError, match=r"Install auditkit-torch\[hf\], or name"):
        opened()
    (folder / "tokenizer.json").rename(folder / "tokenizer.pkl")
    with pytest.raises(DataError, match=r"There is no tokenizer\.json in"):
        opened()
