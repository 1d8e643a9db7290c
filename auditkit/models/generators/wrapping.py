"""From a folder, a model of transformers, or a function, to what an audit works with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from auditkit.errors import ConfigurationError, ModelError
from auditkit.models.generators.wrapped import WrappedGenerator


def wrap_generator(
    model: str | Path | nn.Module | Callable[..., Any],
    tokenizer: Any = None,
    *,
    name: str = "",
    device: str = "auto",
) -> WrappedGenerator:
    """A generative model behind the interface of an audit.

    Nothing is fetched from anywhere, and no code of a folder runs.

    Args:
        model: a folder with config.json, safetensors and a tokenizer; a causal or
            sequence-to-sequence model of transformers; or a function that answers prompts, see
            `auditkit.models.generators.function.FunctionSource`.
        tokenizer: of a model: one of transformers, or any with encode(text) -> ids and
            decode(ids) -> text. None for the folder's own, and for a function.
        name: for people; the folder's name, or the class, if "".
        device: `auto`, `keep`, or the name of a device.

    Raises:
        ModelError: it is none of these, or a file of the folder is missing or damaged.
        ConfigurationError: a tokenizer is lacking, or given to a function; transformers is not
            installed.
    """
    if isinstance(model, WrappedGenerator):
        raise ConfigurationError("The model is wrapped already.", mend="Use it as it is.")
    if isinstance(model, str | Path):
        return _of_folder(model, tokenizer, name, device)
    if isinstance(model, nn.Module):
        if tokenizer is None:
            raise ConfigurationError(
                f"{type(model).__name__} was given without a tokenizer.",
                mend="Give tokenizer=, the one that it was trained with.",
            )
        return _of_module(model, tokenizer, name, device)
    if callable(model):
        return _of_function(model, tokenizer, name)
    raise ModelError(
        f"A {type(model).__name__} is no generative model.",
        mend="Give a folder, a model of transformers with its tokenizer, or a function that "
        "answers prompts.",
    )


def _of_folder(folder: str | Path, tokenizer: Any, name: str, device: str) -> WrappedGenerator:
    from auditkit.models.generators.folder import read_folder
    from auditkit.models.generators.transformers_decoder import TransformersDecoder

    module, own = read_folder(folder, with_tokenizer=tokenizer is None)
    decoder = TransformersDecoder(module, own if tokenizer is None else tokenizer, device)
    return WrappedGenerator(decoder=decoder, name=name or Path(folder).name)


def _of_module(module: nn.Module, tokenizer: Any, name: str, device: str) -> WrappedGenerator:
    from auditkit.models.generators.transformers_decoder import TransformersDecoder

    decoder = TransformersDecoder(module, tokenizer, device)
    return WrappedGenerator(decoder=decoder, name=name or type(module).__name__)


def _of_function(function: Callable[..., Any], tokenizer: Any, name: str) -> WrappedGenerator:
    from auditkit.models.generators.function import FunctionSource
    from auditkit.models.subject import callable_name

    if tokenizer is not None:
        raise ConfigurationError(
            "A function answers with texts, and was given a tokenizer.",
            mend="Leave the tokenizer out.",
        )
    return WrappedGenerator(texts=FunctionSource(function), name=name or callable_name(function))


__all__ = ["wrap_generator"]
