"""Prompts with different numbers of samples are compared on equally many."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from auditkit.generation.evidence import GenerationEvidence, Hidden
from auditkit.generation.generations import Generations
from auditkit.generation.scores.eigen import eigenscore
from auditkit.generation.scores.registry import scored
from auditkit.generation.scores.score import Values
from tests.generation.made import answer, material, population, question


def of_texts(*texts: str) -> Generations:
    """One prompt for each text; its words are the samples."""
    rows = [
        GenerationEvidence(
            question(place), answer("a"), tuple(answer(one, [-1, -1]) for one in text.split())
        )
        for place, text in enumerate(texts)
    ]
    return Generations.of(rows)


def values(generations: Generations, name: str) -> Values:
    found = scored(material(generations))[name]
    assert isinstance(found, np.ndarray)
    return found


def test_meanings_are_counted_among_equally_many_samples() -> None:
    generations = of_texts("a b c d e f", "b a c", "a a c d e")
    np.testing.assert_allclose(values(generations, "distinct_meanings"), [3, 3, 2])
    expected = [np.log(3), np.log(3), np.log(3) - 2 / 3 * np.log(2)]
    for name in ("semantic_entropy", "semantic_entropy_weighted"):
        found = values(generations, name)
        np.testing.assert_allclose(found[:2], expected[:2])
    np.testing.assert_allclose(values(generations, "semantic_entropy"), expected)


def test_agreement_is_agreement_however_often_it_was_asked_for() -> None:
    """Stopping at three samples that agree takes nothing from prompts whose answers differ."""
    generations = of_texts("a a a", "a b c d e f", "a a a a a a", "a a a a a b")
    np.testing.assert_allclose(values(generations, "distinct_meanings"), [1, 6, 1, 2])
    entropy = values(generations, "semantic_entropy")
    assert entropy[0] == entropy[2] == 0
    np.testing.assert_allclose(entropy[1], np.log(6))


def test_a_sample_drawn_twice_weighs_once() -> None:
    """Otherwise a class could weigh more than everything: "b" is drawn four times, at e⁻¹."""
    one, other = answer("b", [-1.0]), answer("c", [-1.0])
    row = GenerationEvidence(question(0), one, (one, one, one, one, other))
    found = values(Generations.of([row]), "semantic_entropy_weighted")
    np.testing.assert_allclose(found, np.log(2))


def test_tiny_likelihoods_do_not_vanish() -> None:
    samples = (answer("b", [-2000.0]), answer("c", [-2000.0]))
    row = GenerationEvidence(question(0), samples[0], samples)
    found = values(Generations.of([row]), "semantic_entropy_weighted")
    np.testing.assert_allclose(found, np.log(2))


def test_eigenscores_of_different_numbers_are_of_the_first_ones() -> None:
    """Otherwise the score of three samples that agree lies far above that of ten that do."""
    made = population(40, samples=10, seed=1)
    rows = []
    for place, row in enumerate(made.rows):
        keep = 3 if place % 2 else 10
        layer = row.hidden[1]
        kept = Hidden(layer.prompt, layer.answer, layer.samples[:keep])
        rows.append(replace(row, samples=row.samples[:keep], hidden={1: kept}))
    mixed = eigenscore(material(replace(made, rows=tuple(rows))))
    three = tuple(
        replace(row, hidden={1: replace(row.hidden[1], samples=row.hidden[1].samples[:3])})
        for row in rows
    )
    np.testing.assert_allclose(mixed, eigenscore(material(replace(made, rows=three))))
