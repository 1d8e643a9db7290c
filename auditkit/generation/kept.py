"""What an earlier audit heard, in place of the model: scored again, and nothing is generated.

A generator whose answers, numbers and hidden states are those that `save_generations` wrote. It can
be asked about no other text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from auditkit.errors import ModelError
from auditkit.generation.evidence import GenerationEvidence, Hidden, Question
from auditkit.generation.files import load_generations
from auditkit.generation.hearing import Heard, Hearing
from auditkit.generation.parts import HIDDEN, LOOKBACK, SAMPLES, VERIFICATION, WITHOUT_CONTEXT
from auditkit.models.generators.texts import Answers, Asked, Prompt
from auditkit.models.generators.wrapped import WrappedGenerator
from auditkit.models.subject import Capabilities

_GONE = "The model itself is not here: what an earlier audit heard of it is scored again."
_UNHEARD = "It was not heard when these answers were generated."


class KeptSource:
    """Generations from a file, by the ids of their prompts.

    Args:
        path: of the file.

    Raises:
        DataError: see `load_generations`.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._generations = load_generations(path)
        self._rows = {row.question.id: row for row in self._generations.rows}
        # Of other rows some may have been saved (adaptive).
        self._samples = max((len(row.samples) for row in self._rows.values()), default=0)
        self._digest = hashlib.sha256(self._path.read_bytes()).hexdigest()
        lacking = ("present", "differentiable", "copyable", "embeds")
        self.capabilities = Capabilities.without(dict.fromkeys(lacking, _GONE))

    def answer(self, prompts: Sequence[Prompt], asked: Asked) -> list[Answers]:
        """See `TextSource.answer`.

        Raises:
            ModelError: a prompt is not among the kept ones, or another one has its id.
        """
        rows = [self._row(prompt.id, prompt.text) for prompt in prompts]
        return [Answers(row.greedy, row.samples[: asked.samples], dict(row.facts)) for row in rows]

    def heard(self, questions: Sequence[Question], how: Hearing) -> Heard:
        """The evidence that was kept of some prompts.

        Args:
            questions: as the data have them today.
            how: and what is to be heard.

        Raises:
            ModelError: a prompt is not among the kept ones, or another one has its id; there are
                fewer samples than are wanted, or they were drawn with another seed.
        """
        if SAMPLES in how.parts:
            self._refuse_seed(how.seed)
        rows = tuple(
            replace(self._sampled(self._row(one.id, one.given), how.asked.samples), question=one)
            for one in questions
        )
        said = self._generations.reasons
        silent = [part for part in sorted(how.parts) if not any(_has(row, part) for row in rows)]
        return Heard(rows, {part: said.get(part, _UNHEARD) for part in silent})

    def _row(self, id_: str, given: str) -> GenerationEvidence:
        row = self._rows.get(id_)
        if row is None:
            raise ModelError(
                f"The kept generations {self._path} lack the prompt {id_!r}.",
                mend="Generate anew: give the model itself.",
            )
        if row.question.given != given:
            raise ModelError(
                f"The prompt {id_!r} in {self._path} is another than the data have under that id.",
                mend="Generate anew: give the model itself.",
            )
        return row

    def _sampled(self, row: GenerationEvidence, samples: int) -> GenerationEvidence:
        """The row with the first of its samples, as many as are wanted."""
        if 0 < self._samples < samples:
            raise ModelError(
                f"The kept generations {self._path} hold {self._samples} samples of a prompt, and "
                f"the audit wants {samples}.",
                mend="Give fewer generation.sampling.samples, or generate anew.",
            )
        hidden = {
            layer: Hidden(states.prompt, states.answer, states.samples[:samples])
            for layer, states in row.hidden.items()
        }
        return replace(row, samples=row.samples[:samples], hidden=hidden)

    def _refuse_seed(self, seed: int) -> None:
        if seed != self._generations.seed:
            raise ModelError(
                f"The samples in {self._path} were drawn with seed {self._generations.seed}, and "
                f"the audit's is {seed}.",
                mend=f"Give seed: {self._generations.seed}.",
            )

    def digest(self) -> str:
        """Of the model that generated: it is judged, not the file."""
        return self._generations.model

    def describe(self) -> dict[str, Any]:
        """What is here in place of the model."""
        return {
            "kind": "kept generations",
            "class": "kept generations",
            "prompts": len(self._rows),
            "seed": self._generations.seed,
            "file": f"sha256:{self._digest}",
        }


def _has(row: GenerationEvidence, part: str) -> bool:
    found: dict[str, Any] = {
        SAMPLES: row.samples,
        HIDDEN: row.hidden,
        VERIFICATION: row.verification,
        WITHOUT_CONTEXT: row.without_context,
        LOOKBACK: row.lookback,
    }
    value = found[part]
    return value is not None and (isinstance(value, float | np.ndarray) or bool(value))


def kept_generations(path: str | Path, *, name: str = "") -> WrappedGenerator:
    """What an earlier audit heard, as a generator that can be audited again.

    Args:
        path: of the file that `keep_generations` or `save_generations` wrote.
        name: for people.

    Raises:
        DataError: the file cannot be read, or holds something else.
    """
    return WrappedGenerator(texts=KeptSource(path), name=name or Path(path).stem)


__all__ = ["KeptSource", "kept_generations"]
