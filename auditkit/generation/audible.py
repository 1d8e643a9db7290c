"""Of all that is asked for, what can be heard of a model, and in which manner."""

from __future__ import annotations

from dataclasses import dataclass

from auditkit.errors import ConfigurationError
from auditkit.generation.decoding import Manner
from auditkit.generation.hearing import Hearing
from auditkit.generation.parts import HIDDEN, LOOKBACK, SAMPLES, VERIFICATION, WITHOUT_CONTEXT
from auditkit.generation.settings import Sampling
from auditkit.generation.verifying import Verifier
from auditkit.models.generators.decoder import Decoder


@dataclass(frozen=True)
class Audible:
    """What is heard in a pass.

    Attributes:
        manner: how rows are continued.
        verifier: asks the model about its answers; None where that is not wanted.
        without_context: the answers are read once more without the context.
        reasons: part that could not be heard → why, a full sentence.
    """

    manner: Manner
    verifier: Verifier | None
    without_context: bool
    reasons: dict[str, str]

    @classmethod
    def of(cls, decoder: Decoder, how: Hearing) -> Audible:
        """What of that is asked for this model lets be heard.

        Raises:
            ConfigurationError: a setting is out of range, or the model has no such layer.
        """
        sampling = how.settings.sampling
        _refuse(sampling)
        reasons = _unheard(decoder, how)
        hears = how.parts - reasons.keys()
        verifier = None
        if VERIFICATION in hears:
            verifier = Verifier(decoder, how.settings.verification)
            if verifier.lacking:
                reasons[VERIFICATION], verifier = verifier.lacking, None
        manner = Manner(
            sampling.samples if SAMPLES in hears else 0,
            sampling.max_tokens,
            sampling.temperature,
            layers_of(decoder, sampling) if HIDDEN in hears else (),
            attention=LOOKBACK in hears,
            parked=verifier is not None and verifier.continues,
        )
        return cls(manner, verifier, WITHOUT_CONTEXT in hears, reasons)

    @property
    def further(self) -> int:
        """The most tokens that are read after a prompt."""
        return self.manner.max_tokens + (0 if self.verifier is None else self.verifier.further)


def layers_of(decoder: Decoder, sampling: Sampling) -> tuple[int, ...]:
    """The layers whose hidden states are kept, counted from 0, each once.

    Raises:
        ConfigurationError: the model has no such layer.
    """
    many = decoder.layers
    wanted = sampling.layers or ((many - 1) // 2, many - 1)
    for layer in wanted:
        if not -many <= layer < many:
            raise ConfigurationError(
                f"generation.sampling.layers names layer {layer}; the model has {many}.",
                mend=f"Name some of 0 to {many - 1}, or of -{many} to -1.",
            )
    return tuple(sorted({layer % many for layer in wanted}))


def _refuse(sampling: Sampling) -> None:
    if sampling.max_tokens < 1:
        raise ConfigurationError(
            f"generation.sampling.max_tokens is {sampling.max_tokens}; an answer has a token at "
            "least.",
            mend="Give 1 or more.",
        )
    if not sampling.temperature > 0:
        raise ConfigurationError(
            f"generation.sampling.temperature is {sampling.temperature}: nothing would be drawn.",
            mend="Give more than 0; the greedy answer is there without it.",
        )


def _unheard(decoder: Decoder, how: Hearing) -> dict[str, str]:
    """What is asked for and cannot be heard of this model with these settings → why."""
    lacking = decoder.capabilities.reasons
    found = {HIDDEN: lacking.get("hidden", ""), LOOKBACK: lacking.get("attention", "")}
    if not how.settings.columns.context:
        found[LOOKBACK] = found[WITHOUT_CONTEXT] = "The data give no context."
    if not how.settings.verification.template:
        found[VERIFICATION] = (
            "No template says how the model is asked about its answers "
            "(generation.verification.template)."
        )
    if how.settings.sampling.samples < 1:
        found[SAMPLES] = "No samples are asked for (generation.sampling.samples)."
    return {part: why for part, why in found.items() if why and part in how.parts}


__all__ = ["Audible", "layers_of"]
