"""Evidence made by hand, so that scores and checks have something to be tested on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditkit.generation.equivalence.classes import Classes
from auditkit.generation.evidence import GenerationEvidence, Hidden, Question
from auditkit.generation.generations import Generations
from auditkit.generation.scores.score import Material
from auditkit.generation.settings import GenerationSettings
from auditkit.models.generators.answer import Answer


def answer(
    text: str,
    log_probs: Sequence[float] | None = None,
    entropies: Sequence[float] | None = None,
    certainties: Sequence[float] | None = None,
) -> Answer:
    """An answer whose tokens are its words, then the one that ends it."""
    words = (*text.split(), "</s>")
    known = [one for one in (log_probs, entropies, certainties) if one is not None]
    pieces = words if not known or len(known[0]) == len(words) else tuple("x" * len(known[0]))
    return Answer(
        text,
        np.arange(len(pieces), dtype=np.int32),
        tuple(pieces),
        *(None if one is None else np.float32(one) for one in (log_probs, entropies, certainties)),
        finished="stop",
    )


def question(row: int, cluster: int | None = None, **known: object) -> Question:
    """Row `row`; clusters alternate between the halves."""
    unit = row if cluster is None else cluster
    given = {"prompt": f"question {row}", "given": f"question {row}", **known}
    return Question(str(row), 1000 + row, cluster, unit % 2 == 1, **given)  # type: ignore[arg-type]


def population(
    n: int = 400,
    *,
    samples: int = 10,
    per_cluster: int = 1,
    seed: int = 0,
    informative: bool = True,
    width: int = 8,
) -> Generations:
    """Prompts of which half are known to the model: its answers are right and agree.

    Of the others every answer is wrong ("w…", another one each time), with low log-probabilities.
    Where `informative` is False, numbers and samples say nothing of right and wrong.

    The reference is "right" for all; groups are `kind` (known, unknown) and `side` (a, b).
    """
    rng = np.random.default_rng(seed)
    rows = []
    for place in range(n):
        unit = place // per_cluster
        known = unit % 4 < 2
        told = known if informative else bool(rng.random() < 0.5)
        spread = 0.2 if told else 1.5

        def one(text: str, spread: float = spread) -> Answer:
            size = len(text.split()) + 1
            return answer(
                text, -rng.gamma(2, spread, size), rng.gamma(2, spread, size),
                rng.gamma(2, 1 / spread, size),
            )  # fmt: skip

        texts = ["right" if told and rng.random() < 0.95 else f"w{rng.integers(1000)}"
                 for _ in range(samples)]  # fmt: skip
        centre = (rng.normal(size=width) + (2.0 if told else -2.0)).astype(np.float16)
        cloud = centre + rng.normal(size=(samples, width)).astype(np.float16) * np.float16(spread)
        rows.append(
            GenerationEvidence(
                question(
                    place, unit, references=("right",),
                    groups={"kind": "known" if known else "unknown", "side": "ab"[place % 2]},
                ),
                one("right" if known else f"w{rng.integers(1000)}"),
                tuple(map(one, texts)),
                verification=float(rng.beta(4, 2) if told else rng.beta(2, 4)),
                hidden={1: Hidden(centre, centre, cloud)},
            )
        )  # fmt: skip
    return Generations.of(rows, seed=seed, model="parameters:made")


def material(generations: Generations) -> Material:
    """To score; answers of the same text are of one class."""
    sorted_out = []
    for row in generations.rows:
        seen: dict[str, int] = {}
        texts = [row.greedy.text, *(one.text for one in row.samples)]
        sorted_out.append(np.array([seen.setdefault(text, len(seen)) for text in texts]))
    return Material(generations, Classes(tuple(sorted_out), "the same text"), GenerationSettings())


def wrong_of(generations: Generations) -> np.ndarray:
    """Whether each greedy answer differs from its reference."""
    return np.array([row.greedy.text not in row.question.references for row in generations.rows])
