"""What begins, pads and ends the answers of a model of transformers, and how long they may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from auditkit.errors import ModelError

# What `generate` of transformers would do to the distribution, and an audit of the model does not.
_NEUTRAL = {
    "repetition_penalty": 1.0,
    "encoder_repetition_penalty": 1.0,
    "no_repeat_ngram_size": 0,
    "min_length": 0,
    "num_beams": 1,
    "forced_eos_token_id": None,
    "bad_words_ids": None,
    "suppress_tokens": None,
    "begin_suppress_tokens": None,
}


@dataclass(frozen=True)
class FirstWords:
    """Ids that have a meaning of their own.

    Attributes:
        encoded: the prompt is read by an encoder.
        begins: what a decoder behind an encoder is given first; () of a causal model.
        ends: any of them ends an answer; () where the model knows none, so that every answer is
            cut at its greatest length.
        pad: what stands where there is nothing.
        limit: how many tokens the model has places for; None where it does not say so.
        ignored: settings of its own generation that are not applied here.
    """

    encoded: bool
    begins: tuple[int, ...]
    ends: tuple[int, ...]
    pad: int
    limit: int | None
    ignored: tuple[str, ...]

    @classmethod
    def of(cls, module: nn.Module, tokenizer: Any) -> FirstWords:
        """As the generation settings of a model say, else its configuration, else its tokenizer.

        Raises:
            ModelError: it is no language model of transformers, or does not say what begins an
                answer.
        """
        config: Any = getattr(module, "config", None)
        able: Any = getattr(module, "can_generate", None)
        if config is None or not callable(able) or not able():
            raise ModelError(
                f"{type(module).__name__} is no model of transformers that can generate text.",
                mend="Give a causal or sequence-to-sequence model, a folder of one, or a function "
                "that answers prompts.",
            )
        encoded = bool(getattr(config, "is_encoder_decoder", False))
        sources = [getattr(module, "generation_config", None), config, tokenizer]
        ends = _ids(_named("eos_token_id", sources))
        pads = (*_ids(_named("pad_token_id", sources)), *ends, 0)
        limit = getattr(config, "max_position_embeddings", None)
        return cls(
            encoded,
            _begins(module, sources) if encoded else (),
            ends,
            pads[0],
            limit if isinstance(limit, int) and limit > 0 else None,
            _ignored(sources[0]),
        )


def _begins(module: nn.Module, sources: list[Any]) -> tuple[int, ...]:
    start = _ids(_named("decoder_start_token_id", sources)) or _ids(_named("bos_token_id", sources))
    if not start:
        raise ModelError(
            f"{type(module).__name__} does not say which token begins an answer.",
            mend="Set decoder_start_token_id in its configuration.",
        )
    return (start[0], *_ids(_named("forced_bos_token_id", sources[:1])))


def _ignored(settings: Any) -> tuple[str, ...]:
    found = {name: getattr(settings, name, None) for name in _NEUTRAL}
    return tuple(name for name, value in found.items() if value not in (None, [], _NEUTRAL[name]))


def _named(name: str, sources: list[Any]) -> Any:
    """The first value that is there; some tokenizers warn when asked for what they lack."""
    return next((one for s in sources if (one := getattr(s, name, None)) is not None), None)


def _ids(value: Any) -> tuple[int, ...]:
    each = value if isinstance(value, list | tuple) else [value]
    return tuple(int(one) for one in each if isinstance(one, int) and one >= 0)


__all__ = ["FirstWords"]
