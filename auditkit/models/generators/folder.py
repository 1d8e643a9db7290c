"""A model of transformers from a local folder: nothing is fetched, and nothing in it runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from auditkit.errors import ConfigurationError, ModelError, UntrustedFileError
from auditkit.models.generators.quiet import without_bars

_CONFIG = "config.json"
_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


def read_folder(folder: str | Path, *, with_tokenizer: bool = True) -> tuple[nn.Module, Any]:
    """A model and its tokenizer, as `save_pretrained` of transformers writes them.

    Weights are read from safetensors alone. Classes that the folder itself brings along are not
    loaded.

    Args:
        folder: with config.json, *.safetensors and the tokenizer's files.
        with_tokenizer: read the tokenizer too.

    Returns:
        The model on the CPU in eval mode, and the tokenizer or None.

    Raises:
        ModelError: a file is missing or damaged, or the model is of a kind that is not known.
        UntrustedFileError: its weights are pickled, or it needs code of its own.
        ConfigurationError: transformers is not installed.
    """
    place = Path(folder)
    config = _configuration(place)
    _refuse_weights(place)
    _refuse_code(place, config)
    kinds = _transformers()
    with without_bars():
        module = _module(place, config, kinds)
        tokenizer = _tokenizer(place, kinds) if with_tokenizer else None
    return module, tokenizer


def _configuration(place: Path) -> Mapping[str, Any]:
    if not place.is_dir():
        raise ModelError(
            f"There is no folder {str(place)!r}.",
            mend="Name a local folder as save_pretrained writes it; nothing is fetched from a hub.",
        )
    file = place / _CONFIG
    if not file.is_file():
        raise ModelError(
            f"There is no {_CONFIG} in {str(place)!r}.",
            mend="Name a folder as save_pretrained of transformers writes it.",
        )
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ModelError(
            f"{file} cannot be read as JSON: {error}.", mend="Save the model again."
        ) from error
    if not isinstance(found, Mapping) or not isinstance(found.get("model_type"), str):
        raise ModelError(
            f"{file} names no model_type, so that it is unknown which model this is.",
            mend="Save the model again with save_pretrained of transformers.",
        )
    return found


def _refuse_weights(place: Path) -> None:
    if any(place.glob("*.safetensors")):
        return
    pickled = sorted(one.name for shape in _PICKLED for one in place.glob(shape))
    if pickled:
        raise UntrustedFileError(
            f"The weights in {str(place)!r} are pickled ({pickled[0]}), and reading a pickle can "
            "run code.",
            mend="Save the model again with save_pretrained(folder, safe_serialization=True).",
        )
    raise ModelError(
        f"There are no weights in {str(place)!r}: no file that ends with .safetensors.",
        mend="Copy model.safetensors there, or save the model again.",
    )


def _refuse_code(place: Path, config: Mapping[str, Any]) -> None:
    if config.get("auto_map"):
        raise UntrustedFileError(
            f"The model in {str(place)!r} needs code of its own ({_CONFIG} has an auto_map), which "
            "is not run.",
            mend="Build the model in code of yours, and give it with its tokenizer.",
        )


def _transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise ConfigurationError(
            "Language models are read by the library transformers, which is not installed.",
            mend="Install auditkit-torch[hf].",
        ) from error
    return transformers


def _module(place: Path, config: Mapping[str, Any], kinds: Any) -> nn.Module:
    encoded = bool(config.get("is_encoder_decoder"))
    kind = kinds.AutoModelForSeq2SeqLM if encoded else kinds.AutoModelForCausalLM
    try:
        made, told = kind.from_pretrained(
            str(place),
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
    except Exception as error:  # the library raises many kinds, plain ones among them
        raise ModelError(
            f"The model in {str(place)!r} ({config['model_type']}) cannot be read "
            f"({type(error).__name__}: {_first_line(error)}).",
            mend="Save the model again with a version of transformers that is not newer than this "
            f"one ({kinds.__version__}); look whether all files were copied whole.",
        ) from error
    if missing := sorted(told["missing_keys"]):
        raise ModelError(
            f"The weights in {str(place)!r} lack {len(missing)} of its parts ({missing[0]} "
            "…), which would be random numbers.",
            mend="Copy all of the model's safetensors files there, or save the model again.",
        )
    module: nn.Module = made.eval()
    return module


def _tokenizer(place: Path, kinds: Any) -> Any:
    try:
        return kinds.AutoTokenizer.from_pretrained(
            str(place), local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # as of the model
        raise ModelError(
            f"There is no tokenizer in {str(place)!r} that can be read "
            f"({type(error).__name__}: {_first_line(error)}).",
            mend="Save it there with tokenizer.save_pretrained, or give tokenizer=.",
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no message"])[0]


__all__ = ["read_folder"]
