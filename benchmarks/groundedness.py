"""Which detectors tell supported sentences from unsupported ones, where it is known which are?

    python benchmarks/groundedness.py [--seeds 4] [--rows 400]

Small language models are taught to answer from their context (the retrieval world of
examples/facts), one for each seed, and asked about one or two entities; of every fifth question
no passage was retrieved, so that what they answer is made up. The first table says how often they
answer rightly. The second has the AUROC of each detector on claims that the check plants (goal: .85
for the detector that it chooses), the third on the models' own sentences, of which the world knows
the truth; with 90 % intervals. Forty seconds of CPU time for each seed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "examples" / "facts"))

from reading import taught
from retrieval import supported, table

from auditkit.checks.groundedness.numbers import of_labels, of_planted
from auditkit.checks.groundedness.sentence_rows import answer_sentences, labelled_sentences
from auditkit.checks.groundedness.supports import Supports
from auditkit.evidence.hashing import hashes
from auditkit.generation.evidence import GenerationEvidence, Question
from auditkit.generation.generations import Generations
from auditkit.generation.grounding.planting import planted
from auditkit.generation.grounding.sentences import sentences_of
from auditkit.generation.hearing import Hearing
from auditkit.generation.one_pass import one_pass
from auditkit.generation.parts import LOOKBACK, WITHOUT_CONTEXT
from auditkit.generation.settings import GenerationSettings
from auditkit.measurement import Measurement
from auditkit.models import wrap_generator
from auditkit.statistics import estimates

GOAL = 0.85
SETTINGS = GenerationSettings.of(
    {
        "columns": {
            "context": "context",
            "references": "references",
            "right_passages": "right_passages",
            "supported": "supported",
        },
        "sampling": {"samples": 0, "max_tokens": 16},
    }
)


@dataclass(frozen=True, eq=False)
class Judged:
    """What one model answered, and what the detectors made of it.

    Attributes:
        name: of the model.
        generations: its answers.
        truth: whether each of its sentences is supported.
        planted, labels: what the check measures.
        training, hearing: CPU seconds.
    """

    name: str
    generations: Generations
    truth: np.ndarray
    planted: list[Measurement]
    labels: list[Measurement]
    training: float
    hearing: float

    def right(self, retrieved: bool) -> float:
        """Share of right answers, where retrieval found or missed what is asked."""
        rows = [row for row in self.generations.rows if _found(row.question) == retrieved]
        return float(np.mean([row.greedy.text in row.question.references for row in rows]))


def _found(question: Question) -> bool:
    return max(question.right_passages) < len(question.context)


def asked(rows: int, seed: int) -> list[Question]:
    """Questions with their contexts."""
    every = table(rows, seed=seed + 1_000).to_dict("records")
    found = []
    for key, row in zip(hashes(np.arange(rows), seed), every, strict=True):
        context = tuple(json.loads(row["context"]))
        found.append(
            Question(
                id=str(row["id"]),
                key=int(key),
                prompt=row["prompt"],
                given=SETTINGS.columns.given(row["prompt"], context),
                context=context,
                references=(row["references"],),
                right_passages=tuple(json.loads(row["right_passages"])),
            )
        )
    return found


def labelled(row: GenerationEvidence) -> GenerationEvidence:
    """A row with the truth about each sentence of its answer."""
    sentences = [one.text for one in sentences_of(row.greedy)]
    known = tuple(supported(sentences, row.question.context))
    return replace(row, question=replace(row.question, supported=known))


def judged(seed: int, rows: int) -> Judged:
    """Teach a model, ask it, plant claims, and let every detector speak."""
    times = [time.process_time()]
    network, words = taught(seed)
    times.append(time.process_time())
    model = wrap_generator(network, words, device="cpu")
    how = Hearing(SETTINGS, frozenset({WITHOUT_CONTEXT, LOOKBACK}), seed)
    with model.opened(), torch.no_grad():
        assert model.decoder is not None  # it is a model of transformers
        heard = one_pass(model.decoder, asked(rows, seed), how)
        generations = Generations.of([labelled(row) for row in heard.rows], heard.reasons)
        claims = planted(generations, SETTINGS, rows, model.decoder)
    times.append(time.process_time())
    sentences = answer_sentences(generations, [])
    supports = Supports(SETTINGS.grounding, claims, sentences)
    labels = labelled_sentences(generations, sentences)
    return Judged(
        f"seed {seed}",
        generations,
        labels.supported,
        list(of_planted(supports, {})),
        list(of_labels(supports, labels)),
        *np.diff(times).tolist(),
    )


def answers(every: Sequence[Judged]) -> Iterator[str]:
    """How often the models answer rightly."""
    yield "| model | right, retrieved | right, missed | sentences | supported | training | pass |"
    yield "|---|---|---|---|---|---|---|"
    for one in every:
        shares = f"{one.right(True):.3f} | {one.right(False):.3f} | {len(one.truth)}"
        seconds = f"{one.training:.0f} s | {one.hearing:.1f} s"
        yield f"| {one.name} | {shares} | {one.truth.mean():.3f} | {seconds} |"


def numbers(
    every: Sequence[Judged], of: Callable[[Judged], list[Measurement]], metric: str
) -> Iterator[str]:
    """A row for each label of a metric, a column for each model."""
    yield f"| {metric} | {' | '.join(one.name for one in every)} |"
    yield f"|{'---|' * (len(every) + 1)}"
    found = [{m.key.label: m for m in of(one) if m.key.metric.endswith(metric)} for one in every]
    for label in found[0]:
        yield f"| {label} | {' | '.join(_shown(one[label]) for one in found)} |"


def _shown(one: Measurement) -> str:
    if one.estimate is None or one.value is None:
        return one.status.value
    low, high = estimates.bounds(one.estimate, 0.05)
    return f"{one.value:.3f} ({low:.3f} to {high:.3f})"


def main() -> None:
    """Teach, ask, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--rows", type=int, default=400)
    said = parser.parse_args()
    torch.set_num_threads(1)
    every = [judged(seed, said.rows) for seed in range(said.seeds)]
    for part in (
        answers(every),
        numbers(every, lambda one: one.planted, "detection_auroc"),
        numbers(every, lambda one: one.planted, "missed_share"),
        numbers(every, lambda one: one.labels, "label_auroc"),
        numbers(every, lambda one: one.labels, "false_alarm_share"),
        numbers(every, lambda one: one.labels, "unnoticed_share"),
    ):
        print("\n".join(part), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
