"""A tokenizer from a folder: read as data, by the `tokenizers` library; nothing in it runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auditkit.errors import ConfigurationError, DataError
from auditkit.packages import SCHEME, package_file

_FILE = "tokenizer.json"
_SETTINGS = ("tokenizer_config.json", "special_tokens_map.json")


class FolderTokenizer:
    """The tokenizer that a folder's `tokenizer.json` describes.

    Only that file and, for the padding token, `tokenizer_config.json` and `special_tokens_map.json`
    are read. Classes that these name are not loaded.

    Args:
        folder: as `save_pretrained` of transformers writes it; a path, or `package://PKG/path`.
        length: the most tokens of a text; the end of a longer one is cut off, special tokens stay.

    Raises:
        DataError: there is no such folder or file, or it is damaged.
        ConfigurationError: the library is not installed.
    """

    def __init__(self, folder: str | Path, length: int) -> None:
        named = str(folder)
        found = package_file(named) if named.startswith(SCHEME) else Path(folder)
        place = found / _FILE
        if not place.is_file():
            raise DataError(
                f"There is no {_FILE} in {str(folder)!r}.",
                mend="Save the tokenizer there with save_pretrained of a fast tokenizer; other "
                "kinds can be named as a function of yours.",
            )
        content = place.read_bytes()
        self._tokenizer = _read(content, place)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(length)
        self.vocabulary = int(self._tokenizer.get_vocab_size())
        self.pad = self._pad(found)
        self.about = {
            "sha256": hashlib.sha256(content).hexdigest(),
            "class": type(self._tokenizer).__name__,
        }

    def __call__(self, texts: list[str]) -> Mapping[str, Any]:
        """Token ids and attention mask, one list for each text."""
        found = self._tokenizer.encode_batch(texts)
        return {
            "input_ids": [one.ids for one in found],
            "attention_mask": [one.attention_mask for one in found],
        }

    def _pad(self, folder: Path) -> int | None:
        """The id of the padding token; None where the folder names none."""
        for name in _SETTINGS:
            place = folder / name
            token = _settings(place).get("pad_token") if place.is_file() else None
            token = token.get("content") if isinstance(token, Mapping) else token
            if isinstance(token, str) and (found := self._tokenizer.token_to_id(token)) is not None:
                return int(found)
        return None


def _read(content: bytes, place: Path) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise ConfigurationError(
            "Tokenizers are read by the library tokenizers, which is not installed.",
            mend="Install auditkit-torch[hf], or name a function of yours.",
        ) from error
    try:
        return Tokenizer.from_buffer(content)
    except Exception as error:  # the library raises plain exceptions
        raise DataError(
            f"{place} is no tokenizer that can be read: {error}.",
            mend="Save it again, with a version of tokenizers that is not newer than this one.",
        ) from error


def _settings(place: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise DataError(
            f"{place} cannot be read as JSON: {error}.", mend="Save the tokenizer again."
        ) from error
    return found if isinstance(found, Mapping) else {}
