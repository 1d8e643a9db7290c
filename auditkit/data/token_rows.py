"""Token ids of one text as a row of fixed length: checked, padded, and masked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from auditkit.data.damage import UnreadableError
from auditkit.errors import ConfigurationError, DataError

IDS, MASK = "input_ids", "attention_mask"


@dataclass(frozen=True)
class TokenRows:
    """How token ids become rows of one length.

    Attributes:
        length: tokens of a row; None leaves rows as long as they are.
        vocabulary: how many tokens the model knows; None where that is not declared.
        pad: the id that fills rows up; the mask is 0 there.

    Raises:
        ConfigurationError: one of them is no whole number of tokens.

    Example:
        >>> row = TokenRows(length=4)({"input_ids": [7, 8]})
        >>> row["input_ids"].tolist(), row["attention_mask"].tolist()
        ([7, 8, 0, 0], [1, 1, 0, 0])
    """

    length: int | None = None
    vocabulary: int | None = None
    pad: int = 0

    def __post_init__(self) -> None:
        least = {"length": 1, "vocabulary": 1, "pad": 0}
        for name, value in (
            ("length", self.length),
            ("vocabulary", self.vocabulary),
            ("pad", self.pad),
        ):
            whole = isinstance(value, int) and not isinstance(value, bool)
            if value is not None and (not whole or value < least[name]):
                raise ConfigurationError(
                    f"text.{name} is {value!r}; expected a whole number of at least {least[name]}.",
                    mend="Correct it, or leave it out.",
                )

    def __call__(self, parts: Mapping[str, Any], name: str = "the row") -> dict[str, np.ndarray]:
        """One text's ids, mask and whatever else its tokenizer gives, int64 [length].

        Args:
            parts: name → one whole number for each token; without a mask all tokens are real.
            name: what errors call the text.

        Raises:
            UnreadableError: there are no ids, no whole numbers, or ids that the vocabulary lacks.
            DataError: the row is longer than it may be, or its parts differ in length.
        """
        arrays = {part: _whole(values, part) for part, values in parts.items()}
        if MASK not in arrays and IDS in arrays:
            arrays[MASK] = np.ones(len(arrays[IDS]), dtype=np.int64)
        sizes = {part: len(values) for part, values in arrays.items()}
        if len(set(sizes.values())) > 1:
            raise DataError(
                f"The parts of {name} differ in length: {sizes}.",
                mend="Give one number for each token in every part.",
            )
        self._refuse_unknown(arrays.get(IDS))
        return {part: self._filled(values, part, name) for part, values in arrays.items()}

    def _filled(self, values: np.ndarray, part: str, name: str) -> np.ndarray:
        if self.length is None:
            return values
        if len(values) > self.length:
            raise DataError(
                f"{name.capitalize()} has {len(values)} tokens, and text.length is {self.length}.",
                mend="Raise text.length, or cut the text where it is tokenised, so that its last "
                "special token stays.",
            )
        fill = self.pad if part == IDS else 0
        return np.pad(values, (0, self.length - len(values)), constant_values=fill)

    def _refuse_unknown(self, ids: np.ndarray | None) -> None:
        if ids is None:
            return
        if not len(ids):
            raise UnreadableError("it has no tokens")
        if ids.min() < 0:
            raise UnreadableError(f"it holds the token id {ids.min()}, below 0")
        if self.vocabulary is not None and ids.max() >= self.vocabulary:
            raise UnreadableError(
                f"it holds the token id {ids.max()}, beyond the vocabulary of {self.vocabulary}"
            )


def _whole(values: Any, part: str) -> np.ndarray:
    if values is None or (isinstance(values, float) and values != values):
        raise UnreadableError(f"it has no {part}")
    if hasattr(values, "detach"):  # a tensor, without importing torch
        values = values.detach().cpu().numpy()
    array = np.asarray(values)
    if not array.size:
        return np.zeros(0, dtype=np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise UnreadableError(f"its {part} are no list of whole numbers")
    return array.astype(np.int64)
