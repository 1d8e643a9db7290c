"""Length and chance: what every score has to beat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.stats import kstest

from auditkit.generation.scores.controls import length, random
from tests.generation.made import answer, material, population


def test_chance_is_the_row_s_own_and_uniform() -> None:
    generations = population(2000, samples=0)
    values = random(material(generations))
    assert kstest(values, "uniform").pvalue > 0.01
    assert len(np.unique(values)) == 2000
    part = generations.part(np.arange(2000) % 7 == 0)
    assert (random(material(part)) == values[::7]).all()
    other = random(material(replace(generations, seed=1)))
    assert abs(np.corrcoef(values, other)[0, 1]) < 0.08


def test_words_are_counted_where_tokens_are_not_known() -> None:
    generations = population(3, samples=0)
    assert (length(material(generations)) == 2).all()  # the word, and its end
    said = replace(answer("one two three"), tokens=None, pieces=())
    first = replace(generations.rows[0], greedy=said)
    mixed = replace(generations, rows=(first, *generations.rows[1:]))
    assert length(material(mixed)).tolist() == [3, 1, 1]
