"""What a generative audit is about: where prompts stand, how it generates, what counts as right.

Everything here is declared by the user, and has a sane default where there is one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from auditkit.errors import ConfigurationError
from auditkit.generation.folder_digest import folder_digest
from auditkit.models.subject import callable_name, source_digest

CALIBRATORS = ("isotonic", "platt")
GROUNDING = ("", "nli", "shift", "lookback", "overlap")


@dataclass(frozen=True)
class PromptColumns:
    """Which columns of the data hold what.

    Attributes:
        prompt: the question.
        references: right answers: a text, or a JSON list of texts; "" where none are given.
        context: what the answer must rest on: a text, or a JSON list of passages; "" where none.
        right_passages: which passages (numbers from 0, a JSON list) hold the answer; "" where none.
        choices: a JSON list of the answers to choose from; "" where none.
        label: whether a person judged the greedy answer as right (true, false, or empty where
            nobody did), for answers that were stored; "" where none.
        supported: whether each sentence of the greedy answer is supported by the context (a JSON
            list of true and false, empty where nobody looked), for answers that are known
            beforehand: stored ones, or those of a model that answers the same each time; "" where
            none.
        spoken: the speech of a recogniser's prompts is the unit itself; its transcript is in
            `references`.
        template: how prompt and context become what the model is given.
    """

    prompt: str = "prompt"
    references: str = ""
    context: str = ""
    right_passages: str = ""
    choices: str = ""
    label: str = ""
    supported: str = ""
    spoken: bool = False
    template: str = "{context}{prompt}"

    @property
    def read(self) -> tuple[str, ...]:
        """All columns that are read, each once."""
        named = (
            "" if self.spoken else self.prompt,
            self.references,
            self.context,
            self.right_passages,
            self.choices,
            self.label,
            self.supported,
        )
        return tuple(dict.fromkeys(name for name in named if name))

    def given(self, prompt: str, context: Sequence[str]) -> str:
        """What the model is given: the prompt with its passages, each on a line, or without any.

        Example:
            >>> PromptColumns().given("who?", ["Ada.", "Bo."])
            'Ada.\\nBo.\\nwho?'
        """
        joined = "\n".join(context) + "\n" if context else ""
        return self.template.format(prompt=prompt, context=joined)


@dataclass(frozen=True)
class Sampling:
    """How answers are generated.

    Attributes:
        samples: sampled answers beside the greedy one.
        temperature: of the samples.
        max_tokens: an answer is cut after so many.
        adaptive: stop at three samples of a prompt where all agree with the greedy answer.
        layers: blocks whose hidden states are kept, from 0, or from the end as -1, -2 …; () for the
            middle and the last one.
        tokens_at_once: prompts are batched so that no more tokens than this are held at a time.
    """

    samples: int = 10
    temperature: float = 1.0
    max_tokens: int = 64
    adaptive: bool = False
    layers: tuple[int, ...] = ()
    tokens_at_once: int = 65_536


@dataclass(frozen=True)
class Verification:
    """The model's own word on its answer, P(True).

    Attributes:
        template: the question, with {prompt} and {answer}; what stands before {answer} should be
            what the prompt is, so that its state can be continued: a template that starts with
            "{prompt}{answer}" is continued, any other read anew. "" for none.
        yes_word, no_word: the words whose probabilities are set against each other.
        least: accuracy on right and wrong answers, balanced, below which the score is not
            applicable: a model that cannot verify says nothing by it.
    """

    template: str = ""
    yes_word: str = "yes"
    no_word: str = "no"
    least: float = 0.6


@dataclass(frozen=True)
class Matching:
    """When an answer is right, or two answers mean the same.

    Attributes:
        kind: of correctness: `exact`, `normalised`, `numeric`, `choice`, `token_f1`, `contains`,
            `label` or `function`; of equivalence: `exact`, `normalised`, `canonical`, `token_f1`,
            `embedding` or `nli`; of grounding: `nli`, `shift`, `lookback`, `overlap`, or "" for the
            first of these that can be had.
        least: of `token_f1`: the F1 from which on (where not given .5 of correctness, .7 of
            equivalence); of `embedding`: the cosine (.9); of `numeric`: the relative tolerance
            (1e-6).
        folder: of `embedding` and `nli`: the local folder of the encoder.
        function: of correctness `function`: `(answer, references) -> bool`; of `canonical`:
            `text -> canonical text`.
    """

    kind: str = "normalised"
    least: float | None = None
    folder: str = ""
    function: Callable[..., Any] | None = None


@dataclass(frozen=True)
class GenerationSettings:
    """What is wanted of a generative audit.

    Attributes:
        columns: where prompts, references and contexts stand.
        sampling: how answers are generated.
        verification: how the model is asked about its own answers.
        correctness: when an answer is right.
        equivalence: when two answers mean the same.
        grounding: how it is told whether the context supports a sentence of an answer.
        refusals: regular expressions, each of a whole answer that refuses; () for the built-in
            ones.
        score: the score that decides which answers are given, named before anybody looks at the
            rows that it is judged on; "" for the first there is of a fixed list (see
            `auditkit.checks.hallucination.gate`).
        calibrator: what makes a probability of being wrong of a score: `isotonic` or `platt`.
        probes: name of a further table (`canaries`, `extraction`, `pairs`, `ambiguous`) → its rows,
            column → values; see the checks that read them.

    Raises:
        ConfigurationError: a setting is unknown or out of range.
    """

    columns: PromptColumns = field(default_factory=PromptColumns)
    sampling: Sampling = field(default_factory=Sampling)
    verification: Verification = field(default_factory=Verification)
    correctness: Matching = field(default_factory=Matching)
    equivalence: Matching = field(default_factory=Matching)
    grounding: Matching = field(default_factory=lambda: Matching(kind=""))
    refusals: tuple[str, ...] = ()
    score: str = ""
    calibrator: str = "isotonic"
    probes: Mapping[str, Mapping[str, tuple[Any, ...]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.calibrator not in CALIBRATORS:
            raise ConfigurationError(
                f"generation.calibrator is {self.calibrator!r}; expected one of "
                f"{', '.join(CALIBRATORS)}.",
                mend="Name one of these.",
            )
        if self.grounding.kind not in GROUNDING:
            raise ConfigurationError(
                f"generation.grounding.kind is {self.grounding.kind!r}; expected one of "
                f"{', '.join(filter(None, GROUNDING))}.",
                mend="Name one of these, or none for the first that can be had.",
            )

    @classmethod
    def of(cls, given: GenerationSettings | Mapping[str, Any]) -> GenerationSettings:
        """The settings, from a mapping of some of them.

        Raises:
            ConfigurationError: one of them is unknown or of a wrong kind.
        """
        return given if isinstance(given, cls) else _made(cls, given, "generation")

    def describe(self) -> dict[str, Any]:
        """JSON-able; of a function its name and source's digest.

        Of a further table its digest, and of an encoder's folder that of its files, wherever it
        lies: these are read whole.
        """
        found: dict[str, Any] = _plain(self)
        for part in ("equivalence", "grounding"):
            if folder := getattr(self, part).folder:
                found[part]["folder"] = {"digest": folder_digest(folder) or None}
        found["probes"] = {name: _digest(table) for name, table in self.probes.items()}
        return found


_PARTS = {
    "columns": PromptColumns,
    "sampling": Sampling,
    "verification": Verification,
    "correctness": Matching,
    "equivalence": Matching,
    "grounding": Matching,
}


def _made(kind: type[Any], given: Any, called: str) -> Any:
    """A section from a mapping of some of its settings."""
    if isinstance(given, kind):
        return given
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            f"{called} is {given!r}; expected a mapping of settings.", mend="Write key: value."
        )
    known = {one.name: one for one in fields(kind)}
    if unknown := [name for name in given if name not in known]:
        raise ConfigurationError(
            f"{called} has no setting {unknown[0]!r}; there are {', '.join(known)}.",
            mend="Mend its name.",
        )
    values = {
        name: _made(_PARTS[name], value, f"{called}.{name}")
        if kind is GenerationSettings and name in _PARTS
        else _frozen(value)
        for name, value in given.items()
    }
    if called == "generation.grounding":
        values = {"kind": "", **values}  # as of the settings, not as of answers that are right
    return kind(**values)


def _digest(table: Mapping[str, tuple[Any, ...]]) -> dict[str, Any]:
    """What a record keeps of a table whose rows may be secrets: their number, and a digest."""
    text = json.dumps({name: list(table[name]) for name in sorted(table)}, default=str)
    rows = max(map(len, table.values()), default=0)
    return {"rows": rows, "digest": f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"}


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if callable(value):
        return {"name": callable_name(value), "digest": source_digest(value)[0] or None}
    return value


__all__ = [
    "CALIBRATORS",
    "GenerationSettings",
    "Matching",
    "PromptColumns",
    "Sampling",
    "Verification",
]
