"""Is the promise about the answers that a generative model gives kept? Simulated, through the gate.

    python benchmarks/abstention_guarantee.py --repetitions 1000 > abstention_guarantee.md

Each set is drawn afresh from a population of entities with three questions each, whose answers
share most of their fate, as the facts about one entity do. The score is semantic entropy of ten
samples, which has most answers at 0 and some forty values in all, or a continuous one. Half of the
entities choose the threshold through `auditkit.checks.hallucination.gate`, as an audit does.
"Broken" counts the sets whose threshold errs more in the population (two million answers) than the
target; its goal is met if the 95 % Clopper–Pearson interval reaches down to the chance δ = .10. The
last rows count all rows of an entity as independent, which the gate does not: to show why.
"""

from __future__ import annotations

import argparse
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy.stats import binomtest, norm

from auditkit.checks.answer_rows import AnswerRows
from auditkit.checks.hallucination.gate import Gate
from auditkit.checks.hallucination.judged import Judged
from auditkit.checks.hallucination.keys import key_of
from auditkit.evidence.aims import Aims
from auditkit.evidence.hashing import hashes
from auditkit.generation.evidence import GenerationEvidence, Question
from auditkit.generation.generations import Generations
from auditkit.generation.scores.score import Material
from auditkit.generation.settings import GenerationSettings
from auditkit.measurement import Measurement, Status
from auditkit.models.generators.answer import Answer
from auditkit.statistics.rounding import rounded_up

CHANCE, SAMPLES, QUESTIONS, ALIKE = 0.10, 10, 3, 0.9
POPULATION = 2_000_000
Floats = np.ndarray


@dataclass(frozen=True)
class Population:
    """Entities by how well the model knows them.

    Attributes:
        name: in words.
        known: share of entities whose answers agree.
        agree: chance that a sample repeats the likeliest answer, of known and of other entities.
        wrong: chance that the answer is wrong, of known and of other entities.
    """

    name: str
    known: float
    agree: tuple[float, float]
    wrong: tuple[float, float]

    def drawn(self, entities: int, generator: np.random.Generator) -> tuple[Floats, Floats]:
        """How likely a sample repeats the likeliest answer, and whether that is wrong, by row."""
        known = np.repeat(generator.random(entities) < self.known, QUESTIONS)
        spread = np.where(_alike(entities, generator) < 0.5, 0.0, 1.0)
        agree = np.where(known, *self.agree)
        # Within a kind some entities are a little less sure; that says nothing of errors there.
        agree = agree - 0.25 * spread * agree * (1 - agree)
        return agree, _alike(entities, generator) < np.where(known, *self.wrong)


POPULATIONS = (
    Population("knows what it knows", 0.57, (0.99, 0.30), (0.01, 0.97)),
    Population("sometimes sure and wrong", 0.60, (0.97, 0.45), (0.06, 0.90)),
    Population("sure and wrong as often as not allowed", 0.50, (1.0, 0.35), (0.11, 0.90)),
    Population("errs a little too often everywhere", 0.50, (0.95, 0.40), (0.102, 0.102)),
)


def _alike(entities: int, generator: np.random.Generator) -> Floats:
    """Uniform numbers whose normal scores correlate by `ALIKE` within entities."""
    shared = np.repeat(generator.normal(size=entities), QUESTIONS)
    own = generator.normal(size=entities * QUESTIONS)
    return np.asarray(norm.cdf(np.sqrt(ALIKE) * shared + np.sqrt(1 - ALIKE) * own))


def semantic_entropy(agree: Floats, generator: np.random.Generator) -> Floats:
    """Of ten samples: those that do not repeat the likeliest answer say one of thirty others."""
    n = len(agree)
    likeliest = generator.binomial(SAMPLES, agree)
    others = generator.integers(0, 30, (n, SAMPLES))
    others[np.arange(SAMPLES) < likeliest[:, None]] = -1
    others.sort(axis=1)
    # Each sample adds −ln of its class's share over K: count equal neighbours in sorted order.
    same = (others[:, :, None] == others[:, None, :]).sum(axis=2)
    return np.asarray(-np.log(same / SAMPLES).mean(axis=1)).round(12)


def continuous(agree: Floats, generator: np.random.Generator) -> Floats:
    """A noisy number without ties that rises as samples agree less."""
    return np.asarray(1 - agree + 0.05 * generator.normal(size=len(agree)))


SCORES = {"semantic entropy": semantic_entropy, "continuous": continuous}


@cache
def risk_curve(population: Population, score: str) -> tuple[Floats, Floats]:
    """Coarse confidences, descending, and the error of all answers at least as confident."""
    generator = np.random.default_rng(zlib.crc32(f"{population.name} {score}".encode()))
    parts = [population.drawn(POPULATION // QUESTIONS // 20, generator) for _ in range(20)]
    values = np.concatenate([SCORES[score](agree, generator) for agree, _ in parts])
    wrong = np.concatenate([errs for _, errs in parts])
    confidences = rounded_up(-values)
    order = np.argsort(-confidences, kind="stable")
    return confidences[order], np.cumsum(wrong[order]) / np.arange(1, len(order) + 1)


def risk_above(population: Population, score: str, above: float) -> tuple[float, float]:
    """Share of answers given, and error among them, in the population."""
    confidences, risks = risk_curve(population, score)
    given = int(np.searchsorted(-confidences, -above, side="left"))
    return given / len(risks), float(risks[given - 1]) if given else 0.0


@cache
def questions(entities: int, *, apart: bool) -> Generations:
    """Three questions about each entity, the first half of which may be chosen on."""
    rows = entities * QUESTIONS
    keys = hashes(np.arange(rows), 1)
    clusters = hashes(np.arange(entities), 2)
    return Generations(
        tuple(
            GenerationEvidence(
                Question(
                    str(row), int(keys[row]),
                    int(clusters[row // QUESTIONS]) if apart else None,
                    row // QUESTIONS >= entities // 2,
                ),
                Answer("", None),
            )
            for row in range(rows)
        )
    )  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What one experiment found: sets drawn, with a threshold, broken; and the mean coverage."""

    repetitions: int
    found: int
    broken: int
    coverage: float

    @property
    def low(self) -> float:
        """The lower Clopper–Pearson limit of the share that is broken."""
        test = binomtest(self.broken, self.repetitions)
        return float(test.proportion_ci(0.95, method="exact").low)


def run(
    population: Population,
    score: str,
    entities: int,
    error: float,
    repetitions: int,
    *,
    apart: bool,
) -> Row:
    """Draw sets of entities, and let the gate choose on half of each."""
    name = f"{population.name} {score} {entities} {error} {apart}"
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    generations = questions(entities, apart=apart)
    settings = GenerationSettings(score="semantic_entropy")
    unasked = Measurement(key_of("verification_accuracy"), Status.NOT_APPLICABLE)
    found = Judged(
        AnswerRows(generations, np.zeros(len(generations), np.int8), {}),
        Material(generations, None, settings), {}, unasked,
    )  # fmt: skip
    with_threshold, broken, covered = 0, 0, 0.0
    for _ in range(repetitions):
        agree, wrong = population.drawn(entities, generator)
        values = SCORES[score](agree, generator)
        rows = replace(found.rows, outcomes=wrong.astype(np.int8))
        drawn = replace(found, rows=rows, scores={"semantic_entropy": values})
        gate = Gate.of(drawn, Aims(error=error, violation=CHANCE))
        assert not isinstance(gate, str)
        threshold = gate.certifying.threshold
        if threshold is None:
            continue
        share, risk = risk_above(population, score, threshold.above)
        with_threshold += 1
        broken += risk > error
        covered += share
    return Row(repetitions, with_threshold, broken, covered / max(with_threshold, 1))


def experiments() -> Iterator[tuple[Population, str, int, float, bool]]:
    for population in POPULATIONS:
        for score in SCORES:
            for entities in (300, 900):
                yield population, score, entities, 0.10, True
    yield POPULATIONS[1], "semantic entropy", 900, 0.20, True
    for population in POPULATIONS[2:]:
        yield population, "semantic entropy", 900, 0.10, False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=1000)
    options = parser.parse_args()
    columns = "population|score|entities|target|one of each|found|coverage|broken|lower limit|goal"
    print("|".join(["", *columns.split("|"), ""]))
    print("|---" * len(columns.split("|")) + "|")
    start, missed = time.process_time(), 0
    for population, score, entities, error, apart in experiments():
        row = run(population, score, entities, error, options.repetitions, apart=apart)
        kept = row.low <= CHANCE
        missed += apart and not kept
        told = [population.name, score, f"{entities:,}", f"{error:.2f}", "yes" if apart else "no"]
        told += [f"{row.found / row.repetitions:.3f}", f"{row.coverage:.2f}"]
        told += [f"{row.broken / row.repetitions:.3f}", f"{row.low:.3f}"]
        print("|".join(["", *told, "met" if kept else "**missed**", ""]), flush=True)
    seconds = time.process_time() - start
    print(f"\n{options.repetitions:,} sets a row; {seconds:.0f} CPU seconds; missed: {missed}.")
    sys.exit(missed > 0)


if __name__ == "__main__":
    main()
