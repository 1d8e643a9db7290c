"""The ladder of safe loading: what each rung gives, and what it records."""

from __future__ import annotations

import hashlib
import pickle
import sys
import warnings
from pathlib import Path

import fsspec
import pytest
import safetensors.torch
import torch
from torch import nn

from auditkit.errors import ConfigurationError, ModelError, UntrustedFileError
from auditkit.models import load_model
from auditkit.models.trust import parse_sha256, sha256_of
from tests.models import hostile

FACTORY = """
import torch
from torch import nn

def build():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))

def other():
    return nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(4, 1), nn.Linear(1, 1))

def whole_numbers():
    module = build()
    module[1].running_mean = torch.zeros(4, dtype=torch.int64)
    return module

def without_memory():
    with torch.device("meta"):
        return build()

def lazy():
    return nn.Sequential(nn.LazyLinear(4), nn.BatchNorm1d(4), nn.Linear(4, 1))

def choosy():
    class Choosy(nn.Linear):
        def _load_from_state_dict(self, *arguments):
            arguments[-1].append("these weights are too old")
    module = build()
    module[2] = Choosy(4, 1)
    return module

def failing():
    raise ValueError("no such size")

def no_module():
    return {"weights": 1}
"""


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "made.py").write_text(FACTORY)
    yield tmp_path
    sys.modules.pop("made", None)


def write(folder: Path, data: bytes, name: str = "model.pt") -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def same(first: nn.Module, second: nn.Module) -> bool:
    one, two = first.state_dict(), second.state_dict()
    return list(one) == list(two) and all(torch.equal(one[key], two[key]) for key in one)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("safetensors", lambda state: safetensors.torch.save(dict(state))),
        ("state dict", hostile.saved),
        ("state dict", lambda state: hostile.saved(state, legacy=True)),
        ("state dict", lambda state: hostile.saved({"state_dict": state, "epoch": 3})),
        ("state dict", lambda state: hostile.saved({"model_state_dict": state})),
    ],
)
@pytest.mark.parametrize(
    "factory", ["made.py:build", "made:build", "made.py:without_memory", "made.py:lazy"]
)
def test_tensors_and_a_factory(kind, data, factory, folder) -> None:
    module = network()
    path = write(folder, data(module.state_dict()))
    loaded = load_model("model.pt", factory=factory, allow_code=True, base=folder)
    assert same(loaded.module, module)
    assert loaded.path_taken == f"{kind} into {factory}"
    assert loaded.digest == "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    assert loaded.factory_digest == sha256_of(FACTORY.encode())


def test_a_factory_needs_leave(folder) -> None:
    write(folder, hostile.saved(network().state_dict()))
    with pytest.raises(UntrustedFileError, match=r"'made\.py:build' is code of yours"):
        load_model("model.pt", factory="made.py:build", base=folder)


def test_tensors_without_a_factory(folder) -> None:
    write(folder, hostile.saved(network().state_dict()))
    with pytest.raises(ModelError, match="holds 9 tensors and no architecture") as caught:
        load_model("model.pt", base=folder)
    assert "Name a factory" in str(caught.value)


def test_another_architecture_is_summed_up(folder) -> None:
    write(folder, hostile.saved(network().state_dict()))
    with pytest.raises(ModelError) as caught:
        load_model("model.pt", factory="made.py:other", allow_code=True, base=folder)
    said = str(caught.value)
    assert "model.pt does not fit the module that made.py:other builds" in said
    assert "missing in the file: 3.weight, 3.bias;" in said
    assert "unknown to the module: 1.weight, 1.bias, 1.running_mean and 2 more;" in said
    assert "of another shape: 0.weight [4, 3] instead of [5, 3], 0.bias [4] instead of [5]" in said


def test_whole_numbers_are_not_taken_for_others(folder) -> None:
    write(folder, hostile.saved(network().state_dict()))
    with pytest.raises(ModelError, match=r"1\.running_mean torch\.float32 instead of torch\.int64"):
        load_model("model.pt", factory="made.py:whole_numbers", allow_code=True, base=folder)


def test_a_module_that_refuses_its_state_is_named(folder) -> None:
    write(folder, hostile.saved(network().state_dict()))
    with pytest.raises(ModelError, match=r"that made\.py:choosy builds \(.*these weights are too"):
        load_model("model.pt", factory="made.py:choosy", allow_code=True, base=folder)


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        ("made.py:failing", r"made\.py:failing failed \(ValueError: no such size\)"),
        ("made.py:no_module", "returned a dict; expected a torch module"),
    ],
)
def test_a_factory_that_does_not_build_is_named(factory, said, folder) -> None:
    write(folder, hostile.saved(network().state_dict()))
    with pytest.raises(ConfigurationError, match=said):
        load_model("model.pt", factory=factory, allow_code=True, base=folder)


def test_a_plain_module_moves_into_the_factorys(folder) -> None:
    module = network()
    write(folder, hostile.saved(module))
    loaded = load_model(
        "model.pt", legacy_pickle=True, factory="made.py:build", allow_code=True, base=folder
    )
    assert same(loaded.module, module)
    assert loaded.path_taken.startswith("whole-module pickle, rebuilt from plain layers into made")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"epoch": 3, "weights": [1]}, "holds a dict with the keys epoch, weights"),
        ({}, "holds a dict"),
        ([1, 2], "holds a list; expected a module or a state dict"),
        (torch.zeros(3), "holds a Tensor"),
    ],
)
def test_other_content_is_named(value, said, folder) -> None:
    write(folder, hostile.saved(value))
    with pytest.raises(ModelError, match=said):
        load_model("model.pt", factory="made.py:build", allow_code=True, base=folder)


class Own(nn.Module):
    """A class that no list knows."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))

    def forward(self, x):
        return x @ self.weight


@pytest.mark.parametrize("prefix", ["", "sha256:"])
@pytest.mark.parametrize(
    ("data", "path_taken"),
    [
        (lambda: hostile.saved(Own()), "trusted torch file"),
        (lambda: hostile.saved(Own(), legacy=True), "trusted torch file of before 1.6"),
        (lambda: pickle.dumps(Own()), "trusted pickle"),
        (hostile.script, "trusted TorchScript archive"),
        (hostile.exported, "trusted exported program (.pt2)"),
    ],
    ids=["zip", "legacy", "pickle", "TorchScript", "exported"],
)
def test_a_trusted_file_is_loaded(data, path_taken, prefix, folder) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a class defined in a test
        path = write(folder, data())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    loaded = load_model(path, trust=prefix + digest)
    assert loaded.path_taken == path_taken
    assert loaded.module(torch.ones(2, 3)).shape[0] == 2


def test_trust_takes_the_safest_rung_all_the_same(folder) -> None:
    path = write(folder, hostile.saved(network().state_dict()))
    loaded = load_model(
        path,
        trust=sha256_of(path.read_bytes()),
        factory="made.py:build",
        allow_code=True,
        base=folder,
    )
    assert loaded.path_taken.startswith("state dict into")


def test_a_trusted_file_that_cannot_be_loaded_is_named(folder) -> None:
    data = pickle.dumps(Own()).replace(b"Own", b"Owm")
    path = write(folder, data)
    with pytest.raises(ModelError, match="a pickle that you trust, can't be loaded") as caught:
        load_model(path, trust=sha256_of(data))
    assert "AttributeError" in str(caught.value)


def test_a_pinned_file_must_be_that_file(folder) -> None:
    path = write(folder, hostile.saved(network()))
    digest = sha256_of(path.read_bytes())
    assert load_model(path, sha256=digest.upper().replace("SHA", "sha"), legacy_pickle=True)
    with pytest.raises(ModelError, match=f"has the digest {digest}; expected sha256:00"):
        load_model(path, sha256="0" * 64, legacy_pickle=True)


@pytest.mark.parametrize("option", ["trust", "sha256"])
def test_what_is_no_sha256_is_refused(option, folder) -> None:
    path = write(folder, hostile.saved(network()))
    with pytest.raises(ConfigurationError, match=f"{option} is 'yes'; expected a sha256"):
        load_model(path, **{option: "yes"})
    assert parse_sha256(" " + "A" * 64 + "\n", "trust") == "sha256:" + "a" * 64


def test_a_declared_format_must_be_that_of_the_bytes(folder) -> None:
    path = write(folder, hostile.saved(network()), "model.safetensors")
    with pytest.raises(ModelError, match="declared as safetensors; its bytes are a torch file"):
        load_model(path, format="safetensors")
    with pytest.raises(ConfigurationError, match="format is 'onnx'; expected one of auto"):
        load_model(path, format="onnx")
    assert load_model(path, format="legacy_pickle", legacy_pickle=True)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("absent.pt", r"The model file absent\.pt can't be read \(No such file"),
        (".", r"The model file \. can't be read \(Is a directory"),
        ("package://no_such_package_here/model.pt", "'no_such_package_here', which is not inst"),
        ("package://torch/absent.pt", "can't be read"),
        ("nowhere://bucket/model.pt", "can't be read"),
    ],
)
def test_files_that_cannot_be_read_are_named(path, said, folder) -> None:
    with pytest.raises(ModelError, match=said):
        load_model(path, base=folder)


def test_files_on_other_stores_are_read_through_fsspec() -> None:
    with fsspec.open("memory://models/model.pt", "wb") as stream:
        stream.write(hostile.saved(network()))
    loaded = load_model("memory://models/model.pt", legacy_pickle=True)
    assert isinstance(loaded.module, nn.Sequential)


def test_loading_leaves_the_random_state_alone(folder) -> None:
    path = write(folder, hostile.saved(network()))
    state = torch.get_rng_state()
    load_model(path, legacy_pickle=True)
    assert torch.equal(torch.get_rng_state(), state)
