"""How well a sentence is supported by its context: detectors, each with what it needs.

Of every detector higher means better supported. Their order is the one in which the first that can
be had is chosen where the user names none; it was fixed before any of them was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from auditkit.generation.grounding.claims import Claim
from auditkit.generation.grounding.local_encoder import support_by_encoder
from auditkit.generation.grounding.overlap import overlap
from auditkit.generation.parts import LOOKBACK, WITHOUT_CONTEXT
from auditkit.generation.settings import Matching

Values: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Detector:
    """One way to tell supported sentences from others.

    Attributes:
        kind: as in `GenerationSettings.grounding`: `nli`, `shift`, `lookback`, `overlap`.
        title: what a reviewer reads.
        definition: one sentence.
        source: paper; "" where there is none.
        parts: what must have been heard: some of `auditkit.generation.parts.PARTS`.
        needs: what it needs of each sentence, in words: "…is not known of N of M sentences".
        has: whether a sentence has that.
        support: of sentences that have it, float64 of shape (n,); higher is better supported.
    """

    kind: str
    title: str
    definition: str
    source: str
    parts: frozenset[str]
    needs: str
    has: Callable[[Claim], bool]
    support: Callable[[Sequence[Claim], Matching], Values]


def _shift(claims: Sequence[Claim], _: Matching) -> Values:
    return np.array([_mean(one.log_probs) - _mean(one.without_context) for one in claims])


def _lookback(claims: Sequence[Claim], _: Matching) -> Values:
    return np.array([_mean(one.lookback) for one in claims])


def _overlap(claims: Sequence[Claim], _: Matching) -> Values:
    return np.array([overlap(one.text, one.passages) for one in claims])


def _encoder(claims: Sequence[Claim], settings: Matching) -> Values:
    return support_by_encoder(
        [one.text for one in claims], [one.passages for one in claims], settings.folder
    )


def _mean(numbers: NDArray[np.float32] | None) -> float:
    assert numbers is not None  # see `Detector.has`
    return float(numbers.mean(dtype=np.float64))


DETECTORS = (
    Detector(
        "nli",
        "support by a local encoder",
        "The highest probability over the passages that the passage entails the sentence (by a "
        "classifier of tokens: that its least supported token is supported).",
        "Laban et al. 2022 (SummaC); Kovács and Recski 2025 (LettuceDetect)",
        frozenset(),
        "The folder of an encoder",
        lambda _: True,
        _encoder,
    ),
    Detector(
        "shift",
        "log-probability shift",
        "The mean over the sentence's tokens of ln p(token) with the context less that without it, "
        "in nats.",
        "Shi et al. 2024 (context-aware decoding)",
        frozenset({WITHOUT_CONTEXT}),
        "The log-probability of each token with and without the context",
        lambda one: one.log_probs is not None and one.without_context is not None,
        _shift,
    ),
    Detector(
        "lookback",
        "attention on the context",
        "The mean over the sentence's tokens of the share of attention that lies on the context, "
        "over heads and layers.",
        "after Chuang et al. 2024 (Lookback Lens): the plain mean in place of a ratio for each "
        "head and weights of heads learnt from labels",
        frozenset({LOOKBACK}),
        "The attention on the context",
        lambda one: one.lookback is not None,
        _lookback,
    ),
    Detector(
        "overlap",
        "words found in a passage",
        "The largest share over the passages of the sentence's content words that stand in the "
        "passage; where it has numbers or names, the mean of that and of their share.",
        "",
        frozenset(),
        "The text of the context",
        lambda one: bool(one.passages),
        _overlap,
    ),
)


def detector(kind: str) -> Detector:
    """The detector of a kind.

    Raises:
        KeyError: there is none.
    """
    return {one.kind: one for one in DETECTORS}[kind]


@dataclass(frozen=True, eq=False)
class Supported:
    """What a detector says of some sentences.

    Attributes:
        values: of those it could judge, float64 of shape (m,).
        known: which these are, bool of shape (n,).
        reason: why there are not all, a full sentence; "" if there are.
    """

    values: Values
    known: NDArray[np.bool_]
    reason: str = ""

    @property
    def everywhere(self) -> Values:
        """Of all sentences, float64 of shape (n,); NaN of those that it could not judge."""
        found = np.full(len(self.known), np.nan)
        found[self.known] = self.values
        return found


def supported(one: Detector, claims: Sequence[Claim], settings: Matching) -> Supported:
    """What a detector says of each sentence that has what it needs.

    Args:
        one: the detector.
        claims: n sentences.
        settings: with the folder of an encoder.

    Raises:
        ConfigurationError: the encoder cannot be read or used.
    """
    if one.kind == "nli" and not settings.folder:
        return Supported(np.zeros(0), np.zeros(len(claims), dtype=bool), NO_ENCODER)
    known = np.array([one.has(claim) for claim in claims], dtype=bool)
    chosen = [claim for claim, has in zip(claims, known, strict=True) if has]
    lacking = len(claims) - len(chosen)
    reason = f"{one.needs} is not known of {lacking:,} of {len(claims):,} sentences."
    values = one.support(chosen, settings) if chosen else np.zeros(0)
    return Supported(values, known, reason if lacking else "")


NO_ENCODER = "No folder of a local encoder is declared; declare generation.grounding.folder for it."

__all__ = ["DETECTORS", "NO_ENCODER", "Detector", "Supported", "detector", "supported"]
