"""P(True): the model is asked whether its own answer is true (Kadavath et al. 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from string import Formatter

import torch
from torch import Tensor

from auditkit.errors import ConfigurationError
from auditkit.generation.drawing import DrawnBatch
from auditkit.generation.evidence import Question
from auditkit.generation.prompt_batches import refuse_lengths
from auditkit.generation.settings import Verification
from auditkit.models.generators.codec import shared_start
from auditkit.models.generators.decoder import Decoder

_CONTINUED = "{prompt}{answer}"


class Verifier:
    """How a model is asked about its answers.

    A template that begins with {prompt}{answer} is continued from where the greedy answer ended,
    so that nothing is read twice; the tokens of the answer are then the model's own, and those of
    the rest begin anew after them. Any other template is read as a text of its own.

    Args:
        decoder: watched.
        settings: template and the two words; the template is not "".

    Attributes:
        lacking: why it cannot be asked; "" if it can.
        continues: whether states at the ends of the answers are needed.
        further: tokens that are read after an answer where that is so, else 0.

    Raises:
        ConfigurationError: the template has another place than {prompt} and {answer}, or lacks
            that of the answer.
    """

    def __init__(self, decoder: Decoder, settings: Verification) -> None:
        self._decoder = decoder
        self._template = settings.template
        _refuse_template(settings.template)
        yes, no = decoder.tokens_of(settings.yes_word), decoder.tokens_of(settings.no_word)
        same = shared_start(yes, no)
        # Of words that begin with the same tokens the first other one decides.
        self._before = yes[:same]
        self.lacking = ""
        if same == len(yes) or same == len(no):
            self.lacking = (
                f"The tokenizer does not tell {settings.yes_word!r} from {settings.no_word!r} by a "
                "token."
            )
        else:
            self._words = [yes[same], no[same]]
        rest = settings.template.removeprefix(_CONTINUED)
        self.continues = (
            rest != settings.template
            and "continues" not in decoder.capabilities.reasons
            and not any(place for _, place, _, _ in Formatter().parse(rest))
            and bool(decoder.tokens_of(rest.format()))
        )
        self._rest = decoder.tokens_of(rest.format()) if self.continues else []
        self.further = len(self._rest) + len(self._before) if self.continues else 0

    def asked(self, questions: Sequence[Question], drawn: DrawnBatch) -> list[float]:
        """Probability of the word for yes against that for no, of each greedy answer."""
        if not self.continues:
            return self._read_anew(questions, drawn)
        found = [0.0] * len(questions)
        for parked in drawn.parked:
            tokens = torch.tensor(self._rest + self._before, device=self._decoder.device)
            step = self._decoder.step(parked.state, tokens.expand(len(parked.rows), -1))
            for row, chance in zip(parked.rows, self._chances(step.logits), strict=True):
                found[row] = chance
        return found

    def _read_anew(self, questions: Sequence[Question], drawn: DrawnBatch) -> list[float]:
        texts = [
            self._template.format(prompt=question.given, answer=row.greedy.text)
            for question, row in zip(questions, drawn.rows, strict=True)
        ]
        encoded = self._decoder.encode(texts)
        ids = [f"{question.id} with its answer, as it is verified," for question in questions]
        refuse_lengths(self._decoder, encoded.lengths, ids, len(self._before))
        step = self._decoder.prefill(encoded)
        if self._before:
            tokens = torch.tensor(self._before, device=self._decoder.device)
            step = self._decoder.step(step.state, tokens.expand(len(texts), -1))
        return self._chances(step.logits)

    def _chances(self, logits: Tensor) -> list[float]:
        told = logits[:, self._words].float()
        found: list[float] = (told[:, 0] - told[:, 1]).sigmoid().tolist()
        return found


def _refuse_template(template: str) -> None:
    try:
        made = template.format(prompt="", answer="\0")
    except (KeyError, IndexError, ValueError) as error:
        raise ConfigurationError(
            f"The template {template!r} of generation.verification has another place than "
            f"{{prompt}} and {{answer}} ({error}).",
            mend="Write a brace that is meant as such twice.",
        ) from error
    if "\0" not in made:
        raise ConfigurationError(
            f"The template {template!r} of generation.verification has no place for the answer.",
            mend="Write {answer} where it belongs.",
        )


__all__ = ["Verifier"]
