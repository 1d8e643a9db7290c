"""Answers mean the same where they are near each other: in words, or in an encoder's space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from auditkit.generation.equivalence.clusters import Pair, Verdict
from auditkit.generation.equivalence.local_models import (
    AT_ONCE,
    LocalModel,
    local_model,
    on_device,
)
from auditkit.generation.token_overlap import token_f1

LEAST_F1 = 0.7
LEAST_COSINE = 0.9


@dataclass(frozen=True)
class OverlapJudge:
    """The same where F1 of the words is at least so much."""

    least: float = LEAST_F1

    @property
    def words(self) -> str:
        """What decides, in words for a reviewer."""
        return f"at least {self.least:g} of their words in common (F1)"

    def judge(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """One verdict for each pair."""
        return [Verdict(token_f1(one.first, one.second) >= self.least) for one in pairs]


@dataclass(frozen=True)
class EmbeddingJudge:
    """The same where the cosine of the mean token embeddings is at least so much.

    Answers are read without their prompt, which would make all of them alike. Each text is read
    once. A cosine knows little of contradiction: by MiniLM "The drug is safe." and "… is not safe."
    have .88, "Paris" and "It is Paris." .86. The default errs towards apart.

    Args:
        folder: of an encoder such as MiniLM.
        least: cosine from which on.

    Raises:
        ConfigurationError: the folder cannot be read.
    """

    folder: str
    least: float = LEAST_COSINE
    _known: dict[str, tuple[NDArray[np.float32], bool]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def words(self) -> str:
        """What decides, in words for a reviewer."""
        return f"a cosine of at least {self.least:g} of their embeddings by a local encoder"

    def judge(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """One verdict for each pair."""
        self._read({text for pair in pairs for text in (pair.first, pair.second)})
        found = []
        for pair in pairs:
            (one, cut), (other, cut_too) = self._known[pair.first], self._known[pair.second]
            found.append(Verdict(float(one @ other) >= self.least, cut or cut_too))
        return found

    def _read(self, texts: set[str]) -> None:
        model = local_model(self.folder, "AutoModel", "generation.equivalence.folder")
        new = sorted(texts - self._known.keys(), key=lambda text: (len(text), text))
        for start in range(0, len(new), AT_ONCE):
            some = new[start : start + AT_ONCE]
            vectors, cut = embedded(model, some)
            self._known.update(zip(some, zip(vectors, cut, strict=True), strict=True))


def embedded(model: LocalModel, texts: Sequence[str]) -> tuple[NDArray[np.float32], list[bool]]:
    """The mean over a text's tokens of the last hidden state, at length 1; zeros of no tokens.

    Returns:
        float32 of shape (n, width), and which texts had to be cut.
    """
    batch, cut = model.encoded(texts)
    batch = on_device(model, batch)
    with torch.inference_mode():
        hidden = model.network(**batch).last_hidden_state.float()
    seen = batch["attention_mask"].unsqueeze(-1)
    mean = (hidden * seen).sum(dim=1) / seen.sum(dim=1).clamp(min=1)
    found: NDArray[np.float32] = torch.nn.functional.normalize(mean, dim=-1).cpu().numpy()
    return found, cut


__all__ = ["LEAST_COSINE", "LEAST_F1", "EmbeddingJudge", "OverlapJudge", "embedded"]
