"""What are scores of hallucination worth where every wrong answer is known? On invented facts.

    python benchmarks/fact_worlds.py [--seeds 5] [--only V3]

Small language models are taught the worlds of examples/facts from nothing, V3 with five seeds and
the others with one, and asked for every fact in two wordings, with ten samples of each answer. The
first table says what they know, and what that cost. The second has the AUROC of every score on the
half of the entities that nothing was fitted on; the third the error of its calibrated risk there,
by isotonic regression on the other half: the root of the debiased squared error, 0 where that is
below 0. The fourth is about abstention in V3: of 200 random halves of the entities, in how many is
there a threshold that keeps the error at .10 with the chance .10 to break that (one answer of each
entity), which share of the other half is answered, and how many of these answers are wrong.

A training takes about half a minute of CPU time at one thread, V1 and V2 one minute; all of it
about seven minutes.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "examples" / "facts"))

from made import Recipe, questions_of, trained
from wording import VERIFICATION, canonical, right
from worlds import KNOWN, RARE, UNSEEN

from auditkit.evidence.hashing import folds, hashes
from auditkit.generation.correctness.judging import outcomes_of
from auditkit.generation.correctness.outcome import Outcome
from auditkit.generation.equivalence.judging import classes_of
from auditkit.generation.evidence import Question
from auditkit.generation.generations import Generations
from auditkit.generation.hearing import Hearing
from auditkit.generation.one_pass import one_pass
from auditkit.generation.parts import HIDDEN, SAMPLES
from auditkit.generation.parts import VERIFICATION as VERIFIED
from auditkit.generation.scores.fitted import fitted_scores
from auditkit.generation.scores.registry import scored
from auditkit.generation.scores.score import Material, NotScored
from auditkit.generation.settings import GenerationSettings
from auditkit.models import wrap_generator
from auditkit.statistics import calibration
from auditkit.statistics.abstention import certified_threshold, one_of_each
from auditkit.statistics.auc import delong
from auditkit.statistics.isotonic import fit_isotonic
from auditkit.statistics.rounding import rounded_up

ERROR, CHANCE, SPLITS = 0.10, 0.10, 200
GATES = ("semantic_entropy", "mean_token_entropy", "sequence_nll")
GOALS = {
    "semantic_entropy": (0.90, 1.0),
    "mean_token_entropy": (0.90, 1.0),
    "eigenscore": (0.88, 1.0),
    "linear_probe": (0.75, 1.0),
    "length": (0.45, 0.55),
}
"""AUROC in V3, mean over the seeds."""

SETTINGS = GenerationSettings.of(
    {
        "columns": {"references": "answer"},
        "sampling": {"samples": 10, "max_tokens": 6},
        "verification": {"template": f"{{prompt}}{{answer}} {VERIFICATION}"},
        "correctness": {"kind": "function", "function": right},
        "equivalence": {"kind": "canonical", "function": canonical},
    }
)


@dataclass(frozen=True, eq=False)
class Answered:
    """What one model answered, and what its scores are.

    Attributes:
        name: world, kind of model and seed.
        generations: n answers.
        wrong: which are, shape (n,).
        scores: name → shape (n,); or why there is none.
        training, asking, scoring: CPU seconds.
    """

    name: str
    generations: Generations
    wrong: np.ndarray
    scores: Mapping[str, Any]
    training: float
    asking: float
    scoring: float

    @property
    def held_out(self) -> np.ndarray:
        return self.generations.held_out

    def share_right(self, kind: str) -> float:
        """Of the answers to facts of a kind."""
        return float(1 - self.wrong[self.generations.groups("kind") == kind].mean())

    def verified(self) -> float:
        """How well the model tells its right answers from its wrong ones if it is asked."""
        said = np.array([row.verification for row in self.generations.rows])
        fitted = ~self.held_out
        right, wrong = said[fitted & ~self.wrong], said[fitted & self.wrong]
        return float((np.mean(right > 0.5) + np.mean(wrong <= 0.5)) / 2)

    def auroc(self, name: str) -> float | None:
        """Of a score on the held-out entities; None where there is no score."""
        values = self.scores[name]
        if isinstance(values, NotScored):
            return None
        held, wrong = values[self.held_out], self.wrong[self.held_out]
        return float(delong(held[wrong], held[~wrong]).value)

    def miscalibration(self, name: str) -> float | None:
        """The root of the debiased squared error of the calibrated risk on held-out entities."""
        values, held = self.scores[name], self.held_out
        if isinstance(values, NotScored):
            return None
        risk = fit_isotonic(values[~held], self.wrong[~held]).apply(values[held])
        cells = calibration.CELLS
        place = np.minimum((risk * cells).astype(np.int64), cells - 1)
        wrong = self.wrong[held]
        counted = [np.bincount(place[one], minlength=cells) for one in (~wrong, wrong)]
        sums = np.bincount(place, risk, minlength=cells)
        return float(np.sqrt(max(calibration.debiased_squared_error(*counted, sums), 0)))


def asked(recipe: Recipe) -> list[Question]:
    """Every fact as a question; entities are clusters, and their hash decides on the half."""
    table = questions_of(recipe)
    entities = table["entity"].to_numpy(dtype=object)
    clusters, held_out = hashes(entities), folds(entities) == 1
    keys = hashes(np.arange(len(table)), recipe.seed)
    return [
        Question(
            id=str(row.Index),
            key=int(keys[row.Index]),
            cluster=int(clusters[row.Index]),
            held_out=bool(held_out[row.Index]),
            groups={"kind": row.kind},
            prompt=row.prompt,
            given=row.prompt,
            references=(row.answer,),
        )
        for row in table.itertuples()
    ]


def answered(recipe: Recipe, name: str) -> Answered:
    """Teach a model its world, ask it for all of it, and score the answers."""
    times = [time.process_time()]
    network, tokenizer = trained(recipe)
    times.append(time.process_time())
    model = wrap_generator(network, tokenizer)
    how = Hearing(SETTINGS, frozenset({SAMPLES, HIDDEN, VERIFIED}), recipe.seed)
    with model.opened(), torch.no_grad():
        assert model.decoder is not None  # it is a model of transformers
        heard = one_pass(model.decoder, asked(recipe), how)
    generations = Generations.of(heard.rows, heard.reasons)
    times.append(time.process_time())
    wrong = outcomes_of(generations, SETTINGS) == Outcome.WRONG
    material = Material(generations, classes_of(generations, SETTINGS), SETTINGS)
    scores = dict(scored(material))
    everything = np.ones(len(wrong), dtype=bool)
    scores |= fitted_scores(material, wrong, everything, ~generations.held_out)
    times.append(time.process_time())
    return Answered(name, generations, wrong, scores, *np.diff(times).tolist())


@dataclass(frozen=True)
class Abstention:
    """What a threshold did in random halves of the entities.

    Attributes:
        found: in how many of them there is one.
        coverage: share of the other half that is answered, mean over those.
        error: share of these answers that is wrong, mean over those.
        above: of how many of them it is larger than asked for.
    """

    found: int
    coverage: float
    error: float
    above: int


def abstained(one: Answered, score: str) -> Abstention:
    """Choose thresholds on 200 halves of the entities, one answer of each."""
    clusters = one.generations.clusters
    assert clusters is not None  # see `asked`
    entities, confidences = np.unique(clusters), rounded_up(-one.scores[score])
    coverages, errors = [], []
    for split in range(SPLITS):
        generator = np.random.default_rng([split, 9])
        half = np.isin(clusters, generator.permutation(entities)[: len(entities) // 2])
        rows = np.flatnonzero(half)
        rows = rows[one_of_each(clusters[rows], generator.integers(2**62, size=len(rows)))]
        found = certified_threshold(confidences[rows], one.wrong[rows], ERROR, CHANCE)
        if found is None:
            continue
        given = (confidences > found.above) & ~half
        coverages.append(given.sum() / (~half).sum())
        errors.append(one.wrong[given].mean() if given.any() else 0.0)
    if not coverages:
        return Abstention(0, 0.0, 0.0, 0)
    above = int((np.array(errors) > ERROR).sum())
    return Abstention(len(errors), float(np.mean(coverages)), float(np.mean(errors)), above)


def printed(*cells: object) -> None:
    print("|".join(["", *map(str, cells), ""]), flush=True)


def headed(*cells: str) -> None:
    print()
    printed(*cells)
    printed(*["---"] * len(cells))


def knowledge(every: Sequence[Answered]) -> None:
    """Print what the models know, and what it cost."""
    headed("model", KNOWN, RARE, "conflict", "withheld", UNSEEN, "verifies", "training",
           "asking", "scoring")  # fmt: skip
    for one in every:
        kinds = (KNOWN, RARE, "conflict", "withheld", UNSEEN)
        shares = [f"{one.share_right(kind):.3f}" for kind in kinds]
        spent = [f"{seconds:.1f} s" for seconds in (one.training, one.asking, one.scoring)]
        printed(one.name, *shares, f"{one.verified():.3f}", *spent)


def by_score(every: Sequence[Answered], of: str, goals: Mapping[str, tuple[float, float]]) -> None:
    """Print a number of each score in each model, with the mean over the seeds of V3."""
    seeds = [place for place, one in enumerate(every) if one.name.startswith("V3")]
    more = ("mean of V3", "goal met") if seeds else ()
    headed("score", *(one.name for one in every), *more)
    for name in every[0].scores:
        values = [getattr(one, of)(name) for one in every]
        if all(value is None for value in values):
            continue
        told = ["–" if value is None else f"{value:.3f}" for value in values]
        if seeds:
            mean = float(np.mean([values[place] for place in seeds]))
            goal = goals.get(name, goals.get(""))
            met = "" if goal is None else "yes" if goal[0] <= mean <= goal[1] else "**no**"
            told += [f"{mean:.3f}", met]
        printed(name, *told)


def abstention(every: Sequence[Answered]) -> None:
    """Print what thresholds do in V3."""
    of_v3 = [one for one in every if one.name.startswith("V3")]
    if not of_v3:
        return
    headed("model", "score", "threshold found", "answered", "wrong", "wrong above .10", "goal met")
    for score in GATES:
        for name, row in [(one.name, abstained(one, score)) for one in of_v3]:
            met = row.found >= 0.95 * SPLITS and row.coverage >= 0.35
            shares = f"{row.coverage:.3f}", f"{row.error:.3f}", f"{row.above} of {row.found}"
            printed(name, score, f"{row.found} of {SPLITS}", *shares, "yes" if met else "**no**")


def recipes(seeds: int) -> Iterator[tuple[str, Recipe]]:
    yield "V1", Recipe.of("V1")
    yield "V1, GPT-2", Recipe.of("V1", "gpt2")
    yield "V2", Recipe.of("V2")
    for seed in range(seeds):
        yield f"V3, seed {seed}", Recipe.of("V3", seed=seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5, help="of V3")
    parser.add_argument("--only", default="", help="models whose name begins so")
    said = parser.parse_args()
    torch.set_num_threads(1)
    chosen = [(name, one) for name, one in recipes(said.seeds) if name.startswith(said.only)]
    every = [answered(recipe, name) for name, recipe in chosen]
    knowledge(every)
    by_score(every, "auroc", GOALS)
    by_score(every, "miscalibration", {"": (0.0, 0.05)})
    abstention(every)


if __name__ == "__main__":
    main()
