"""How far the words of the sampled answers differ; asks nobody what they mean."""

from __future__ import annotations

from collections import Counter
from functools import partial

import numpy as np

from auditkit.generation.normal_form import words
from auditkit.generation.parts import SAMPLES
from auditkit.generation.scores.absence import without_samples
from auditkit.generation.scores.score import Material, Score, Values
from auditkit.models.generators.answer import Answer


def lexical_dissimilarity(material: Material) -> Values:
    """1 − mean F1 of the words over all pairs of samples."""
    return np.array([1 - _mean_f1(row.samples) for row in material.generations.rows])


def _mean_f1(samples: tuple[Answer, ...]) -> float:
    """Over all pairs, though each distinct text is compared but once.

    The F1 of two bags of words is 2 |A ∩ B| / (|A| + |B|), an answer's with itself 1. What has no
    words is an answer of its own.
    """
    times = Counter(words(one.text) or ("",) for one in samples)
    if len(times) == 1:
        return 1.0
    texts = sorted(times)  # one order of adding up, whatever that of the samples
    counts = np.array([times[one] for one in texts], dtype=np.float64)
    bags = _bags(texts)
    sizes = bags.sum(axis=1)
    shared = np.minimum(bags[:, None], bags[None]).sum(axis=2)
    f1 = 2 * shared / (sizes[:, None] + sizes)
    n = counts.sum()
    # Every pair of different samples twice, without those of a sample with itself.
    return float(counts @ f1 @ counts - n) / float(n * (n - 1))


def _bags(texts: list[tuple[str, ...]]) -> np.ndarray:
    """How often each text has each word, shape (texts, words)."""
    places: dict[str, int] = {}
    coded = [[places.setdefault(word, len(places)) for word in text] for text in texts]
    bags = np.zeros((len(texts), len(places)))
    for bag, codes in zip(bags, coded, strict=True):
        np.add.at(bag, codes, 1)
    return bags


SCORES = (
    Score(
        "lexical_dissimilarity",
        "Difference in words",
        "1 − the mean over pairs of samples of the F1 of their words without articles, 2|A∩B| / "
        "(|A| + |B|) (ROUGE-1).",
        "Fomicheva et al., TACL 8 (2020) 539–555; Lin, Hilton and Evans, TMLR 2022",
        frozenset({SAMPLES}),
        partial(without_samples, least=2),
        lexical_dissimilarity,
    ),
)
