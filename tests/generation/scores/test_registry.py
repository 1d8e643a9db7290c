"""All scores at once: against slow twins of their formulas, planted signals, clean controls."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from auditkit.generation.evidence import GenerationEvidence, Hidden
from auditkit.generation.generations import Generations
from auditkit.generation.parts import PARTS
from auditkit.generation.scores.registry import SCORES, scored
from auditkit.generation.scores.score import NotScored, Values
from tests.generation.made import answer, material, population, question, wrong_of

Row = GenerationEvidence


def heard_in_full(n: int = 60, seed: int = 0, samples: int = 6) -> Generations:
    """Prompts with everything that any score needs."""
    rng = np.random.default_rng(seed)
    made = population(n, samples=samples, seed=seed)
    rows = tuple(
        replace(
            row,
            without_context=np.float32(-rng.gamma(2, 1, len(row.greedy.tokens))),  # type: ignore[arg-type]
            lookback=np.float32(rng.beta(2, 2, len(row.greedy.tokens))),  # type: ignore[arg-type]
        )
        for row in made.rows
    )
    return replace(made, rows=rows)


def shannon(masses: list[float]) -> float:
    whole = sum(masses)
    return -sum(one / whole * math.log(one / whole) for one in masses if one > 0)


def weighted(row: Row) -> float:
    masses: dict[str, float] = {}
    seen = set()
    for one in row.samples:
        if (one.text, tuple(one.tokens)) not in seen:  # type: ignore[arg-type]
            same = [other for other in row.samples if other.text == one.text]
            seen.add((one.text, tuple(one.tokens)))  # type: ignore[arg-type]
            largest = max(float(sum(map(float, other.log_probs))) for other in same)  # type: ignore[arg-type]
            masses[one.text] = masses.get(one.text, 0.0) + math.exp(largest)
    return shannon(list(masses.values()))


def f1(one: str, other: str) -> float:
    first, second = Counter(one.lower().split()), Counter(other.lower().split())
    return 2 * (first & second).total() / (first.total() + second.total())


def differing(row: Row) -> float:
    pairs = [f1(one.text, other.text) for one, other in combinations(row.samples, 2)]
    return 1 - sum(pairs) / len(pairs)


def eigen(row: Row) -> float:
    states = row.hidden[1].samples.astype(float)
    centred = [one - one.mean() for one in states]
    gram = [[float(a @ b) / len(a) for b in centred] for a in centred]
    return float(np.log(np.linalg.eigvalsh(np.array(gram) + 1e-3 * np.eye(len(gram)))).mean())


def listed(numbers: object) -> list[float]:
    return [float(one) for one in numbers]  # type: ignore[attr-defined]


def mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)


TWINS: dict[str, Callable[[Row], float]] = {
    "sequence_nll": lambda row: -sum(listed(row.greedy.log_probs)),
    "perplexity": lambda row: -mean(listed(row.greedy.log_probs)),
    "min_token_probability": lambda row: -min(listed(row.greedy.log_probs)),
    "mean_token_entropy": lambda row: mean(listed(row.greedy.entropies)),
    "max_token_entropy": lambda row: max(listed(row.greedy.entropies)),
    "self_certainty": lambda row: -mean(listed(row.greedy.certainties)),
    "predictive_entropy": lambda row: -mean([sum(listed(one.log_probs)) for one in row.samples]),
    "predictive_entropy_normalised": lambda row: (
        -mean([mean(listed(one.log_probs)) for one in row.samples])
    ),
    "semantic_entropy": lambda row: shannon(
        [float(one) for one in Counter(sample.text for sample in row.samples).values()]
    ),
    "semantic_entropy_weighted": weighted,
    "self_consistency": lambda row: mean(
        [float(one.text != row.greedy.text) for one in row.samples]
    ),
    "distinct_meanings": lambda row: len({one.text for one in row.samples}),
    "lexical_dissimilarity": differing,
    "eigenscore": eigen,
    "p_true": lambda row: 1 - float(row.verification),  # type: ignore[arg-type]
    "context_shift": lambda row: mean(
        [w - c for w, c in zip(listed(row.without_context), listed(row.greedy.log_probs))]  # noqa: B905
    ),
    "lookback": lambda row: 1 - mean(listed(row.lookback)),
    "length": lambda row: len(row.greedy.tokens),  # type: ignore[arg-type]
}


def values_of(generations: Generations) -> dict[str, Values]:
    found = scored(material(generations))
    assert not [one for one in found.values() if isinstance(one, NotScored)]
    return found  # type: ignore[return-value]


def test_every_score_is_its_formula() -> None:
    generations = heard_in_full()
    found = values_of(generations)
    assert set(found) - {"random"} == set(TWINS)
    for name, twin in TWINS.items():
        expected = [twin(row) for row in generations.rows]
        np.testing.assert_allclose(found[name], expected, rtol=1e-9, atol=1e-9, err_msg=name)


def test_the_table_says_what_each_is() -> None:
    assert len({one.name for one in SCORES}) == len(SCORES)
    for one in SCORES:
        assert all((one.title, one.source, one.definition.endswith(".")))
        assert one.parts <= {*PARTS, "log_probs", "entropies", "certainties"}
    assert {one.name for one in SCORES if one.control} == {"length", "random"}


SILENT = {"length", "random", "context_shift", "lookback"}


def test_planted_signals_are_seen_and_their_absence_too() -> None:
    for informative in (True, False):
        generations = population(600, seed=3, informative=informative)
        wrong = wrong_of(generations)
        for name, values in scored(material(generations)).items():
            if isinstance(values, NotScored):
                assert name in SILENT
                continue
            auc = roc_auc_score(wrong, values)
            if informative and name not in SILENT:
                assert auc > 0.85, name
            # Agreement knows the answer: "right" is sampled often, another "w…" is not.
            if not informative and name != "self_consistency":
                assert abs(auc - 0.5) < 0.09, name


def test_controls_see_nothing() -> None:
    generations = population(600, seed=4)
    found, wrong = scored(material(generations)), wrong_of(generations)
    for name in ("length", "random"):
        assert abs(roc_auc_score(wrong, found[name]) - 0.5) < 0.08  # type: ignore[arg-type]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_what_stands_beside_a_prompt_says_nothing(seed: int) -> None:
    """Neither the order of prompts nor that of samples: where all have equally many samples."""
    rng = np.random.default_rng(seed)
    generations = heard_in_full(12, seed=seed % 1000)
    order = rng.permutation(12)
    rows = []
    for place in order:
        row, deal = generations.rows[place], rng.permutation(6)
        states = replace(row.hidden[1], samples=row.hidden[1].samples[deal])
        samples = tuple(row.samples[one] for one in deal)
        rows.append(replace(row, samples=samples, hidden={1: states}))
    first = values_of(generations)
    second = values_of(replace(generations, rows=tuple(rows)))
    for name, values in first.items():
        np.testing.assert_allclose(second[name], values[order], atol=1e-9, err_msg=name)
    for name in ("semantic_entropy", "lexical_dissimilarity", "self_consistency"):
        assert (second[name] == first[name][order]).all()  # ties stay ties


def without(generations: Generations, some: int, **lost: object) -> Generations:
    rows = [
        replace(row, **lost) if place < some else row  # type: ignore[arg-type]
        for place, row in enumerate(generations.rows)
    ]
    return replace(generations, rows=tuple(rows))


LOST: list[tuple[dict[str, object], dict[str, str]]] = [
    (
        {"greedy": answer("right")},
        {
            "perplexity": "Of 20 prompts 3 have no log-probabilities of their answer.",
            "max_token_entropy": "Of 20 prompts 3 have no entropies of their answer.",
            "self_certainty": "Of 20 prompts 3 have no divergences from the uniform distribution "
            "of their answer.",
            "context_shift": "Of 20 prompts 3 have no log-probabilities of their answer.",
        },
    ),
    (
        {"greedy": answer("right", [-1.0, -np.inf], [1, np.nan], [1, np.inf])},
        {
            "sequence_nll": "Of 20 prompts 3 have log-probabilities that are not finite.",
            "mean_token_entropy": "Of 20 prompts 3 have entropies that are not finite.",
            "self_certainty": "Of 20 prompts 3 have divergences from the uniform distribution that "
            "are not finite.",
        },
    ),
    (
        {"samples": ()},
        {
            "predictive_entropy": "Of 20 prompts 3 have no samples.",
            "semantic_entropy": "Of 20 prompts 3 have fewer than 2 samples.",
            "self_consistency": "Of 20 prompts 3 have no samples.",
            "lexical_dissimilarity": "Of 20 prompts 3 have fewer than 2 samples.",
        },
    ),
    (
        {"samples": (answer("a"), answer("b"))},
        {
            "predictive_entropy": "Of 20 prompts 3 have a sample without log-probabilities.",
            "semantic_entropy_weighted": "Of 20 prompts 3 have a sample without log-probabilities.",
        },
    ),
    (
        {"samples": (answer("a", [-np.inf, 0]), answer("b", [-1, -1]))},
        {"predictive_entropy": "Of 20 prompts 3 have log-probabilities that are not finite."},
    ),
    ({"hidden": {}}, {"eigenscore": "Of 20 prompts 3 have no hidden states."}),
    (
        {"hidden": {1: Hidden(np.zeros(8, "f2"), np.zeros(8, "f2"), np.zeros((1, 8), "f2"))}},
        {"eigenscore": "Of 20 prompts 3 have hidden states of fewer than two samples."},
    ),
    (
        {
            "hidden": {
                1: Hidden(np.zeros(8, "f2"), np.zeros(8, "f2"), np.full((6, 8), np.inf, "f2"))
            }
        },
        {"eigenscore": "Of 20 prompts 3 have hidden states that are not finite."},
    ),
    ({"hidden": {0: None}}, {"eigenscore": "No layer was kept of all prompts."}),
    ({"verification": None}, {"p_true": "Of 20 prompts 3 have no verification."}),
    (
        {"verification": float("nan")},
        {"p_true": "Of 20 prompts 3 have a verification that is no probability."},
    ),
    ({"lookback": None}, {"lookback": "Of 20 prompts 3 have no attention on a context."}),
    (
        {"without_context": np.float32([])},
        {
            "context_shift": "Of 20 prompts 3 have no log-probability of their answer without a "
            "context."
        },
    ),
    (
        {"lookback": np.float32([np.nan])},
        {"lookback": "Of 20 prompts 3 have attention on a context that is not finite."},
    ),
]


@pytest.mark.parametrize(("lost", "expected"), LOST, ids=range(len(LOST)))
def test_what_some_prompts_lack_is_said(lost: dict[str, object], expected: dict[str, str]) -> None:
    found = scored(material(without(heard_in_full(20), 3, **lost)))
    for name, sentence in expected.items():
        assert found[name] == NotScored(sentence), name
    assert all(isinstance(found[name], np.ndarray) for name in ("length", "random"))
    assert all(isinstance(one, NotScored) or np.isfinite(one).all() for one in found.values())


def test_of_one_prompt_it_is_said_in_the_singular() -> None:
    found = scored(material(without(heard_in_full(5), 1, verification=None)))
    assert found["p_true"] == NotScored("Of 5 prompts 1 has no verification.")


def test_what_nobody_could_hear_has_the_reason_of_the_source() -> None:
    told = {"hidden": "The model shows no hidden states.", "samples": "Nothing is sampled."}
    generations = without(heard_in_full(5), 5, hidden={}, samples=())
    found = scored(material(replace(generations, reasons=told)))
    assert found["eigenscore"] == NotScored(told["hidden"])
    assert found["self_consistency"] == NotScored(told["samples"])


def test_without_classes_nothing_is_said_of_meanings() -> None:
    found = scored(replace(material(heard_in_full(5)), classes=None))
    for name in ("semantic_entropy", "semantic_entropy_weighted", "self_consistency"):
        assert found[name] == NotScored("The answers were not sorted into classes of one meaning.")


def test_of_no_prompts_there_is_no_score() -> None:
    found = scored(material(Generations(())))
    assert all(one == NotScored("There are no prompts.") for one in found.values())


def test_answers_of_nothing_but_their_end() -> None:
    """Empty answers, one sample, and a vocabulary of one token, whose entropy is 0."""
    one = answer("", [0.0], [0.0], [0.0])
    hidden = {0: Hidden(*(np.zeros(2, "f2"),) * 2, np.zeros((2, 2), "f2"))}
    rows = [Row(question(place), one, (one, one), hidden=hidden) for place in range(3)]
    found = scored(material(Generations.of(rows)))
    for name in ("sequence_nll", "self_certainty", "semantic_entropy", "semantic_entropy_weighted",
                 "lexical_dissimilarity", "self_consistency", "predictive_entropy"):  # fmt: skip
        assert (found[name] == 0).all(), name
    np.testing.assert_allclose(found["eigenscore"], math.log(1e-3))  # type: ignore[arg-type]
    alone = Generations.of([replace(row, samples=(one,)) for row in rows])
    found = scored(material(alone))
    assert found["semantic_entropy"] == NotScored("Of 3 prompts 3 have fewer than 2 samples.")
    assert (found["self_consistency"] == 0).all()


def test_what_was_never_asked_for_names_its_setting() -> None:
    made = without(heard_in_full(20), 20, lookback=None, without_context=None, verification=None)
    found = scored(material(made))
    absent = NotScored("No prompt has a context (generation.columns.context).")
    assert found["lookback"] == found["context_shift"] == absent
    assert "generation.verification.template" in found["p_true"].reason
