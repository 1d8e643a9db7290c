"""A user's function from prompts to answers: a network of their own, a pipeline, a recogniser."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from auditkit.errors import AuditkitError, ConfigurationError, ModelError
from auditkit.models.digest import parameter_digest
from auditkit.models.generators.held_modules import held_module
from auditkit.models.generators.texts import Answers, Asked, Prompt
from auditkit.models.generators.told import ToldError
from auditkit.models.generators.told_answers import told_answers
from auditkit.models.module_subject import ModuleSubject
from auditkit.models.subject import Capabilities, callable_name, source_digest

_SETTINGS = ("samples", "temperature", "max_tokens", "seed", "rate")
_NO_SAMPLES = "The function {name} takes no `samples`, so that it answers once."
_UNSEEN = "The model is a function: what goes on in it is not seen."


class FunctionSource:
    """Answers of a function of the user's.

    It is called as `function(prompts, samples=…, temperature=…, max_tokens=…, seed=…)` with a list
    of texts; a speech recogniser with a list of sounds, float32 arrays [samples], and `rate=…`. A
    setting that it has no parameter for is left out; without `samples` it is asked for its greedy
    answers alone. The seed differs from call to call, and is the same for the same prompts.

    For each prompt it returns, in their order, what `told_answers` reads: a text; (text,
    log-probabilities); a mapping with `text`, `log_probs`, `entropies`, `segments` …; or a list of
    1 + samples of these, the greedy one first.

    Args:
        function: the generator.
        module: the network that it answers with, to be put into eval mode and watched; where None,
            what `held_module` finds.

    Raises:
        ConfigurationError: it cannot be called, or not with one argument.

    Example:
        >>> source = FunctionSource(lambda prompts: [text.upper() for text in prompts])
        >>> source.answer([Prompt("1", "hi")], Asked(samples=0))[0].greedy.text
        'HI'
    """

    def __init__(self, function: Callable[..., Any], module: nn.Module | None = None) -> None:
        if not callable(function):
            raise ConfigurationError(
                f"The generator is a {type(function).__name__}, which cannot be called.",
                mend="Give a function from a list of prompts to their answers.",
            )
        self.name = callable_name(function)
        self.module = held_module(function) if module is None else module
        self._function = function
        self._taken = _taken(function, self.name)
        # On the device where it is: the function itself places what goes into it.
        self._lent = None if self.module is None else ModuleSubject(self.module, "keep")
        lacking = dict.fromkeys(("differentiable", "copyable", "embeds", "hidden"), _UNSEEN)
        if "samples" not in self._taken:
            lacking["samples"] = _NO_SAMPLES.format(name=self.name)
        self.capabilities = Capabilities.without(lacking)

    @property
    def device(self) -> torch.device:
        """Where the network is; the CPU where none is seen."""
        return torch.device("cpu") if self._lent is None else self._lent.device

    @contextmanager
    def watched(self) -> Iterator[None]:
        """The network in eval mode and frozen; compared with what it was at the end.

        Raises:
            ModelChangedError: parameters or buffers differ.
        """
        if self._lent is None:
            yield
            return
        with self._lent.watched():
            yield

    def answer(self, prompts: Sequence[Prompt], asked: Asked) -> list[Answers]:
        """See `TextSource.answer`."""
        if not prompts:
            return []
        returned = self._returned(prompts, asked)
        if len(returned) != len(prompts):
            raise ModelError(
                f"The function {self.name} returned {len(returned)} answers to {len(prompts)} "
                "prompts.",
                mend="Return one entry for each prompt, in their order.",
            )
        expected = asked.samples if "samples" in self._taken else 0
        return [
            self._read(prompt, told, expected)
            for prompt, told in zip(prompts, returned, strict=True)
        ]

    def _returned(self, prompts: Sequence[Prompt], asked: Asked) -> list[Any]:
        heard = prompts[0].sound is not None
        given = [prompt.sound if heard else prompt.text for prompt in prompts]
        settings = {
            "samples": asked.samples,
            "temperature": asked.temperature,
            "max_tokens": asked.max_tokens,
            "seed": _seed(prompts, asked.seed),
            **({"rate": prompts[0].rate} if heard else {}),
        }
        taken = {name: value for name, value in settings.items() if name in self._taken}
        try:
            with torch.no_grad():
                returned = self._function(given, **taken)
                if isinstance(returned, str | bytes | dict) or not hasattr(returned, "__iter__"):
                    raise self._unlisted(returned)
                return list(returned)  # it may be a generator, which only answers now
        except AuditkitError:
            raise
        except Exception as error:  # the user's code: it may raise anything
            raise ModelError(
                f"The function {self.name} failed on {len(prompts)} prompts, the first of them row "
                f"{prompts[0].id} ({type(error).__name__}: {_first_line(error)}).",
                mend="Mend it, or give it prompts that it can take.",
            ) from error

    def _unlisted(self, returned: Any) -> ModelError:
        return ModelError(
            f"The function {self.name} returned a {type(returned).__name__}; expected a list with "
            "one entry for each prompt.",
            mend="Return a list, also for a single prompt.",
        )

    def _read(self, prompt: Prompt, told: Any, expected: int) -> Answers:
        try:
            found = told_answers(told)
        except ToldError as error:
            raise ModelError(
                f"The answer of the function {self.name} to row {prompt.id} {error}.",
                mend="Return a text, (text, log_probs), or a mapping, for each answer.",
            ) from error
        if len(found.samples) != expected:
            raise ModelError(
                f"The function {self.name} gave {1 + len(found.samples)} answers to row "
                f"{prompt.id}; expected the greedy one and {expected} samples.",
                mend="Return a list of 1 + samples answers, the greedy one first.",
            )
        return found

    def digest(self) -> str:
        """`source:…` of the function's text and the network's values; else `undetermined:…`.

        Neither covers what else the function uses.
        """
        digest, reason = source_digest(self._function)
        if not digest:
            return f"undetermined:{reason}"
        if self.module is None:
            return digest
        both = hashlib.sha256(f"{digest} {parameter_digest(self.module)}".encode())
        return f"source:{both.hexdigest()}"

    def describe(self) -> dict[str, Any]:
        """Its name, what its digest covers, and the network."""
        digest, reason = source_digest(self._function)
        network = None if self._lent is None else self._lent.describe()
        text = "the source text of the function" + (", its network's values" if network else "")
        return {
            "kind": "function",
            "class": self.name,
            "settings": [name for name in _SETTINGS if name in self._taken],
            "network": network,
            "digest_covers": f"{text}, not the values and code that it uses"
            if digest
            else f"nothing: {reason}",
        }


def _taken(function: Callable[..., Any], name: str) -> frozenset[str]:
    """Which settings a function has parameters for; all where that cannot be seen."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return frozenset(_SETTINGS)
    positional = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.VAR_POSITIONAL,
    )
    if not parameters or parameters[0].kind not in positional:
        raise ConfigurationError(
            f"The function {name} takes no list of prompts as its first argument.",
            mend="Give it one: function(prompts, samples, temperature, max_tokens, seed).",
        )
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters):
        return frozenset(_SETTINGS)
    others = [one for one in parameters[1:] if one.kind is not inspect.Parameter.VAR_POSITIONAL]
    strange = [
        one.name
        for one in others
        if one.name not in _SETTINGS and one.default is inspect.Parameter.empty
    ]
    if strange:
        raise ConfigurationError(
            f"The function {name} wants {strange[0]!r}, which an audit does not know.",
            mend=f"Let it take the prompts, and of {', '.join(_SETTINGS)} what it needs.",
        )
    return frozenset(one.name for one in others) & frozenset(_SETTINGS)


def _seed(prompts: Sequence[Prompt], seed: int) -> int:
    """A seed of this call: with one for all of them, the samples of all batches would go together.

    Below 2**31, which every generator takes.
    """
    text = json.dumps([seed, *(prompt.id for prompt in prompts)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "little") >> 1


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no message"])[0]


__all__ = ["FunctionSource"]
