from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from auditkit.errors import ModelError, UntrustedFileError
from auditkit.generation.hearing import Hearing
from auditkit.generation.one_pass import one_pass
from auditkit.generation.parts import PARTS
from auditkit.models.generators.wrapping import wrap_generator
from tests.generation.test_one_pass import QUESTIONS, SETTINGS
from tests.models.generators import tiny

torch.set_num_threads(1)
_OF_TORCH = "TORCHINDUCTOR_CACHE_DIR"  # which it sets itself, when its compiler is first imported


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    tried: list[Any] = []

    def refuse(*given: Any, **_: Any) -> None:
        tried.append(given)
        raise OSError("the network is switched off")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tried


def saved(kind: str, folder: Path, *, tokenizer: bool = True) -> Path:
    tiny.MADE[kind]().save_pretrained(folder)
    if tokenizer:
        tiny.tokenizer().save_pretrained(folder)
    return folder


@pytest.mark.parametrize("kind", tiny.MADE)
def test_a_folder_is_read_and_answers_without_a_network(
    kind: str, tmp_path: Path, no_network: list[Any]
) -> None:
    environment = dict(os.environ)
    wrapped = wrap_generator(saved(kind, tmp_path / "model"), device="cpu")
    given = wrap_generator(tiny.MADE[kind](), tiny.tokenizer(), device="cpu")
    assert wrapped.name == "model"
    assert wrapped.digest() == given.digest()
    with wrapped.opened() as opened:
        assert opened.decoder is not None
        found = one_pass(opened.decoder, QUESTIONS[:2], Hearing(SETTINGS, frozenset(PARTS)))
    assert len(found.rows) == 2
    assert found.reasons == {}
    assert no_network == []
    left = {name: one for name, one in os.environ.items() if name != _OF_TORCH}
    environment.pop(_OF_TORCH, None)
    assert left == environment


def test_nothing_is_looked_up_where_there_is_no_folder(
    tmp_path: Path, no_network: list[Any]
) -> None:
    with pytest.raises(ModelError, match=r"There is no folder 'gpt2'\. Name a local folder"):
        wrap_generator("gpt2")
    with pytest.raises(ModelError, match=r"There is no config\.json in"):
        wrap_generator(tmp_path)
    assert no_network == []


def test_a_damaged_configuration_is_named(tmp_path: Path) -> None:
    folder = saved("llama", tmp_path)
    (folder / "config.json").write_text('{"model_type": ', encoding="utf-8")
    with pytest.raises(ModelError, match=r"config\.json cannot be read as JSON"):
        wrap_generator(folder)
    (folder / "config.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ModelError, match=r"config\.json names no model_type"):
        wrap_generator(folder)
    (folder / "config.json").write_text('{"model_type": "none such"}', encoding="utf-8")
    with pytest.raises(ModelError, match=r"\(none such\) cannot be read"):
        wrap_generator(folder)


def test_a_folder_without_a_tokenizer_is_told(tmp_path: Path, no_network: list[Any]) -> None:
    folder = saved("llama", tmp_path, tokenizer=False)
    with pytest.raises(ModelError, match=r"There is no tokenizer in .* give tokenizer="):
        wrap_generator(folder)
    assert wrap_generator(folder, tiny.tokenizer()).decoder is not None
    assert no_network == []


def test_weights_that_are_missing_cut_or_pickled_are_refused(tmp_path: Path) -> None:
    folder = saved("llama", tmp_path)
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match=r"\(llama\) cannot be read \(SafetensorError"):
        wrap_generator(folder)
    weights.unlink()
    with pytest.raises(ModelError, match=r"no file that ends with \.safetensors"):
        wrap_generator(folder)
    torch.save(tiny.llama().state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(UntrustedFileError, match=r"pickled \(pytorch_model\.bin\)"):
        wrap_generator(folder)


def test_weights_that_lack_a_layer_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = saved("llama", tmp_path) / "model.safetensors"
    held = load_file(weights)
    held.pop("model.layers.1.mlp.up_proj.weight")
    save_file(held, weights, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"1 of its parts \(model\.layers\.1\.mlp\.up_proj"):
        wrap_generator(tmp_path)


def test_code_that_a_folder_brings_along_is_not_run(tmp_path: Path) -> None:
    folder = saved("llama", tmp_path)
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    settings["auto_map"] = {"AutoModelForCausalLM": "evil.Model"}
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "evil.py").write_text("raise SystemExit", encoding="utf-8")
    with pytest.raises(UntrustedFileError, match="auto_map"):
        wrap_generator(folder)


def test_a_tokenizer_that_needs_code_of_its_own_is_refused(tmp_path: Path) -> None:
    folder = saved("llama", tmp_path)
    file = folder / "tokenizer_config.json"
    settings = json.loads(file.read_text(encoding="utf-8"))
    settings |= {"auto_map": {"AutoTokenizer": ["evil.T", None]}, "tokenizer_class": "T"}
    file.write_text(json.dumps(settings), encoding="utf-8")
    (folder / "evil.py").write_text("raise SystemExit", encoding="utf-8")
    with pytest.raises(ModelError, match=r"no tokenizer in .* contains custom code"):
        wrap_generator(folder)
