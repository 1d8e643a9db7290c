"""Are our scores those of lm-polygraph where both define one?

    pip install lm-polygraph==0.7.0     # into an environment of its own, beside auditkit
    python benchmarks/lm_polygraph_scores.py --prompts 500 > lm_polygraph_scores.md

Both get the same made-up answers: log-probabilities, entropies, samples, classes of meaning, hidden
states. Where the definitions differ by a known term, the inputs are made so that it drops out, and
the table says which. Nothing of this asks a model or a network.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from auditkit.generation.equivalence.classes import Classes
from auditkit.generation.evidence import GenerationEvidence, Hidden, Question
from auditkit.generation.generations import Generations
from auditkit.generation.scores.registry import SCORES, score_of
from auditkit.generation.scores.score import Material
from auditkit.generation.settings import GenerationSettings
from auditkit.models.generators.answer import Answer
from auditkit.statistics import estimates
from auditkit.statistics.rejection import prediction_rejection
from auditkit.statistics.selective import risk_coverage

VOCABULARY = 50
WIDTH = 64
SAMPLES = 10

Array = np.ndarray


def made_answer(rng: np.random.Generator) -> tuple[Answer, Array]:
    """An answer of one to six words and its end, and the distributions of its tokens."""
    n = int(rng.integers(1, 7))
    logits = rng.normal(0, 2, (n + 1, VOCABULARY))
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    tokens = np.append(rng.integers(1, VOCABULARY, n), 0).astype(np.int32)
    taken = logs[np.arange(n + 1), tokens]
    entropies = -(np.exp(logs) * logs).sum(axis=1)
    certainties = -logs.mean(axis=1) - np.log(VOCABULARY)
    text = " ".join(f"w{token}" for token in tokens[:-1])
    numbers = (np.float32(one) for one in (taken, entropies, certainties))
    pieces = (*text.split(), "</s>")
    return Answer(text, tokens, pieces, *numbers, finished="stop"), logs


def made_row(place: int, rng: np.random.Generator) -> tuple[GenerationEvidence, Array]:
    """A prompt; its samples are drawn from a few answers, so that some come twice."""
    drawn = [made_answer(rng)[0] for _ in range(int(rng.integers(1, 8)))]
    few = list({one.text: one for one in drawn}.values())  # one likelihood for each text
    samples = tuple(few[one] for one in rng.integers(0, len(few), SAMPLES))
    greedy, logs = made_answer(rng)
    assert greedy.log_probs is not None
    without = np.float32(greedy.log_probs - rng.gamma(1, 1, len(greedy.log_probs)))
    without[0] = 0.0  # lm-polygraph has no such term of the first token
    state = rng.normal(size=WIDTH).astype(np.float16)
    cloud = rng.normal(size=(SAMPLES, WIDTH)).astype(np.float16)
    row = GenerationEvidence(
        Question(str(place), place),
        greedy,
        samples,
        verification=float(rng.random()),
        hidden={1: Hidden(state, state, cloud)},
        without_context=without,
    )
    return row, logs


def made(prompts: int, seed: int) -> tuple[Material, list[Array]]:
    """The material, and the distributions of the tokens of each greedy answer."""
    rng = np.random.default_rng(seed)
    both = [made_row(place, rng) for place in range(prompts)]
    of = []
    for row, _ in both:
        # Answers of one number of words mean the same: several texts in a class.
        sizes = [len(one.text.split()) for one in (row.greedy, *row.samples)]
        names: dict[int, int] = {}
        of.append(np.array([names.setdefault(size, len(names)) for size in sizes]))
    generations = Generations.of([row for row, _ in both])
    material = Material(generations, Classes(tuple(of), "number of words"), GenerationSettings())
    return material, [logs for _, logs in both]


def classes_of(material: Material) -> dict[str, Any]:
    """Classes of the samples as lm-polygraph keeps them."""
    assert material.classes is not None
    samples = [np.unique(one[1:], return_inverse=True)[1] for one in material.classes.of]
    return {
        "sample_to_class": [one.tolist() for one in samples],
        "class_to_sample": [
            [np.flatnonzero(one == place).tolist() for place in range(int(one.max()) + 1)]
            for one in samples
        ],
    }


def statistics_of(material: Material, logs: list[Array]) -> dict[str, Any]:
    """The same as lm-polygraph's statistics."""
    rows = material.generations.rows
    assert material.classes is not None
    same = [(one[1:, None] == one[None, 1:]).astype(float) for one in material.classes.of]
    return {
        "greedy_log_likelihoods": [row.greedy.log_probs.astype(float) for row in rows],
        "greedy_lm_log_likelihoods": [row.without_context.astype(float) for row in rows],
        "greedy_log_probs": logs,
        "entropy": [row.greedy.entropies.astype(float) for row in rows],
        "sample_log_probs": [[one.log_likelihood for one in row.samples] for row in rows],
        "sample_tokens": [[one.tokens for one in row.samples] for row in rows],
        "sample_texts": [[one.text for one in row.samples] for row in rows],
        # Ours is divided by the width, theirs is not.
        "sample_embeddings": [row.hidden[1].samples.astype(float) / np.sqrt(WIDTH) for row in rows],
        "semantic_classes_entail": classes_of(material),
        "semantic_matrix_entail": np.stack(same),
        "semantic_matrix_contra": 1 - np.stack(same),
        "p_true": [row.verification for row in rows],
    }


@dataclass(frozen=True)
class Pair:
    """One score of ours beside one of theirs.

    Attributes:
        ours: name.
        theirs: what makes the estimator, and its name.
        to_ours: from their numbers and their statistics to ours, where a known term differs.
        differs: how the two definitions differ.
    """

    ours: str
    theirs: Callable[[], Any]
    to_ours: Callable[[Any, dict[str, Any]], Array] = lambda found, _: np.asarray(found)
    differs: str = "nothing"


def with_last(name: str, sign: float) -> Callable[[Any, dict[str, Any]], Array]:
    """The largest of their numbers of tokens, with the last one that they leave out."""

    def largest(found: Any, statistics: dict[str, Any]) -> Array:
        ends = [sign * one[-1] for one in statistics[name]]
        pairs = zip(found, ends, strict=True)
        return np.array([max([*tokens, end]) for tokens, end in pairs])

    return largest


def raised(found: Any, _: dict[str, Any]) -> Array:
    """From minus a share to the rest of it."""
    return 1 + np.asarray(found)


def pairs() -> list[Pair]:
    """All that both define."""
    from lm_polygraph import estimators as peer

    return [
        Pair("sequence_nll", peer.MaximumSequenceProbability),
        Pair("perplexity", peer.Perplexity),
        Pair(
            "min_token_probability",
            peer.MaximumTokenProbability,
            with_last("greedy_log_likelihoods", -1.0),
            "theirs is of each token but the last",
        ),
        Pair("mean_token_entropy", peer.MeanTokenEntropy),
        Pair(
            "max_token_entropy",
            peer.TokenEntropy,
            with_last("entropy", 1.0),
            "theirs is of each token but the last",
        ),
        Pair("self_certainty", peer.SelfCertainty),
        Pair("predictive_entropy", peer.MonteCarloSequenceEntropy),
        Pair("predictive_entropy_normalised", peer.MonteCarloNormalizedSequenceEntropy),
        Pair(
            "semantic_entropy",
            lambda: peer.SemanticEntropy(class_probability_estimation="frequency"),
        ),
        Pair("distinct_meanings", peer.NumSemSets),
        Pair(
            "lexical_dissimilarity",
            lambda: peer.LexicalSimilarity("rouge1"),
            raised,
            "theirs is minus the similarity, and stems words",
        ),
        Pair(
            "eigenscore",
            peer.EigenScore,
            differs="theirs is not divided by the width: given states / √d",
        ),
        Pair("p_true", peer.PTrue, raised, "theirs is minus the probability"),
        Pair(
            "context_shift",
            peer.MeanPointwiseMutualInformation,
            differs="theirs has no term of the first token: given 0 there",
        ),
    ]


def compared(prompts: int, seed: int) -> list[str]:
    """One line of the table for each pair."""
    material, logs = made(prompts, seed)
    statistics = statistics_of(material, logs)
    scores = {one.name: one for one in SCORES}
    lines = []
    for pair in pairs():
        estimator = pair.theirs()
        start = time.process_time()
        found = estimator(statistics)
        middle = time.process_time()
        ours = score_of(scores[pair.ours], material)
        end = time.process_time()
        assert isinstance(ours, np.ndarray), ours
        gap = np.abs(pair.to_ours(found, statistics) - ours).max()
        lines.append(
            f"| `{pair.ours}` | {estimator} | {gap:.1e} | {pair.differs} | {end - middle:.3f} | "
            f"{middle - start:.3f} |"
        )
    return lines


def weighted(prompts: int, seed: int) -> float:
    """How far semantic entropies by likelihood lie apart, on masses that sum to one.

    Theirs is −mean over samples of ln m of their class, m not normalised: a cross entropy between
    shares and masses. Weighing each sample by its class's m over its share makes it the entropy.
    """
    from lm_polygraph.estimators import SemanticEntropy

    material, logs = made(prompts, seed)
    theirs, statistics = SemanticEntropy(use_unique_responses=True), statistics_of(material, logs)
    kept, likelihoods, weights = statistics["semantic_classes_entail"], [], []
    rows = zip(
        statistics["sample_texts"], statistics["sample_log_probs"], kept["sample_to_class"],
        strict=True,
    )  # fmt: skip
    for texts, found, codes in rows:
        places = np.array(codes)
        distinct = np.array([texts.index(text) == place for place, text in enumerate(texts)])
        logs_of = np.array(found) - np.log(np.exp(found)[distinct].sum())
        masses = np.bincount(places, np.exp(logs_of) * distinct)
        likelihoods.append(logs_of.tolist())
        weights.append(np.log(masses[places] / (np.bincount(places)[places] / len(places))))
    theirs._class_to_sample, theirs._sample_to_class = (
        kept["class_to_sample"],
        kept["sample_to_class"],
    )
    found = theirs.batched_call(statistics["sample_texts"], likelihoods, weights)
    (score,) = [one for one in SCORES if one.name == "semantic_entropy_weighted"]
    return float(np.abs(found - score_of(score, material)).max())


def rejection(prompts: int, seed: int) -> float:
    """How far the prediction rejection ratios lie apart, without ties."""
    from lm_polygraph.ue_metrics import PredictionRejectionArea
    from lm_polygraph.ue_metrics.ue_metric import normalize_metric

    rng = np.random.default_rng(seed)
    risk = rng.random(prompts)
    wrong = rng.random(prompts) < risk
    area, right = PredictionRejectionArea(), 1.0 - wrong
    # Their order that says nothing is the mean of shuffles; its expectation is the mean.
    theirs = normalize_metric(area(risk, right), area(-right, right), right.mean())
    ours = estimates.value(prediction_rejection(risk_coverage(-risk, wrong)))
    return abs(float(theirs) - ours)


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--prompts", type=int, default=500)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    print("| score | of lm-polygraph | largest difference | what differs | ours, CPU s | theirs |")
    print("|---|---|---|---|---|---|")
    print("\n".join(compared(given.prompts, given.seed)))
    print(f"\nSemantic entropy by likelihood: {weighted(given.prompts, given.seed):.1e} apart.")
    print(f"Prediction rejection ratio: {rejection(given.prompts, given.seed):.1e} apart.")


if __name__ == "__main__":
    main()
