"""Hostile, truncated and mistaken files of each format: nothing runs, and the error says why."""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from auditkit.errors import AuditkitError, ModelError, UntrustedFileError
from auditkit.models import load_model
from auditkit.models.trust import sha256_of
from tests.models import hostile


@pytest.fixture
def sentinel(tmp_path: Path) -> Path:
    return tmp_path / "it-ran"


def module_around(touch: hostile.Touch) -> nn.Module:
    module = nn.Sequential(nn.Linear(3, 1))
    module.extra = touch
    return module


def calls_of_calls(command: str) -> bytes:
    """`eval` is found through `getattr`, so that its own name is not in the file."""
    getter = hostile.name("builtins", "getattr")
    builtins = hostile.called(hostile.name("builtins", "__import__"), hostile.text("builtins"))
    found = hostile.called(getter, builtins, hostile.text("eval"))
    return hostile.whole(hostile.called(found, hostile.text(command)))


# Each of these runs code where it is read without care.
HOSTILE: dict[str, Callable[[hostile.Touch], bytes]] = {
    "zip": hostile.saved,
    "zip, inside a state dict": lambda touch: hostile.saved({"weight": torch.zeros(2), "x": touch}),
    "zip, inside a module": lambda touch: hostile.saved(module_around(touch)),
    "legacy": lambda touch: hostile.saved(touch, legacy=True),
    "legacy, inside a state dict": lambda touch: hostile.saved({"weight": touch}, legacy=True),
    "legacy, inside a module": lambda touch: hostile.saved(module_around(touch), legacy=True),
    "pickle, protocol 0": lambda touch: pickle.dumps(touch, 0),
    "pickle, protocol 2": lambda touch: pickle.dumps(touch, 2),
    "pickle, protocol 5": lambda touch: pickle.dumps(touch, 5),
    "exported": lambda touch: hostile.exported_around(hostile.saved(touch)),
    "eval through getattr": lambda touch: hostile.legacy_file(
        calls_of_calls(f"__import__('os').system('touch {touch.path}')")
    ),
    "without magic number": lambda touch: hostile.saved(touch, legacy=True)[15:],
}


def written(case: str, sentinel: Path, name: str = "model.pt") -> Path:
    path = sentinel.with_name(name)
    path.write_bytes(HOSTILE[case](hostile.Touch(sentinel)))
    return path


READERS = {
    "pickle, protocol 0": lambda path: pickle.loads(path.read_bytes()),
    "pickle, protocol 2": lambda path: pickle.loads(path.read_bytes()),
    "pickle, protocol 5": lambda path: pickle.loads(path.read_bytes()),
    "exported": torch.export.load,
}


@pytest.mark.parametrize("case", [case for case in HOSTILE if "magic" not in case])
def test_the_files_are_hostile(case, sentinel) -> None:
    """The tests below could not fail if these files did nothing."""
    path = written(case, sentinel)
    read = READERS.get(case, lambda path: torch.load(path, weights_only=False))
    with suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read(path)
    assert sentinel.exists()


@pytest.mark.parametrize("legacy_pickle", [False, True])
@pytest.mark.parametrize("suffix", [".pt", ".pth", ".pkl", ".safetensors", ".bin"])
@pytest.mark.parametrize("case", HOSTILE)
def test_nothing_runs(case, suffix, legacy_pickle, sentinel) -> None:
    path = written(case, sentinel, "model" + suffix)
    with pytest.raises(ModelError) as caught:
        load_model(path, legacy_pickle=legacy_pickle)
    assert not sentinel.exists()
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("case", [case for case in HOSTILE if "magic" not in case])
def test_the_error_says_what_was_refused_and_how_to_trust_it(case, sentinel) -> None:
    path = written(case, sentinel)
    data = path.read_bytes()
    with pytest.raises(UntrustedFileError) as caught:
        load_model(path)
    said = str(caught.value)
    assert "It was not loaded, and nothing in it has run." in said
    assert f"trust='{sha256_of(data)}'" in said
    assert "name a factory that builds the model" in said
    if "eval" in case:
        assert "it names builtins.getattr, builtins.__import__, and" in said
    elif "exported" not in case:
        assert f"{os.system.__module__}.system" in said


def test_the_kind_of_file_is_named(sentinel) -> None:
    expected = {
        "zip": "a torch file that holds objects rather than tensors alone",
        "legacy": "a legacy whole-module pickle",
        "pickle, protocol 5": "a pickle: it names",
        "exported": "an exported program (.pt2): reading it can run code",
    }
    for case, said in expected.items():
        path = written(case, sentinel)
        with pytest.raises(UntrustedFileError) as caught:
            load_model(path)
        assert said in str(caught.value)


def test_torchscript_is_refused(tmp_path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(hostile.script())
    with pytest.raises(UntrustedFileError, match="TorchScript can read and write files when it"):
        load_model(path, legacy_pickle=True)


def test_trusting_another_file_is_no_permission(sentinel) -> None:
    path = written("zip", sentinel)
    data = path.read_bytes()
    with pytest.raises(UntrustedFileError) as caught:
        load_model(path, trust="0" * 64)
    assert f"has the digest {sha256_of(data)}, and trust names sha256:000" in str(caught.value)
    assert not sentinel.exists()


def test_pinning_a_file_is_no_permission(sentinel) -> None:
    path = written("zip", sentinel)
    data = path.read_bytes()
    with pytest.raises(UntrustedFileError):
        load_model(path, sha256=sha256_of(data), allow_code=True)
    assert not sentinel.exists()


def test_allowing_code_does_not_trust_files(sentinel) -> None:
    path = written("legacy", sentinel)
    with pytest.raises(UntrustedFileError):
        load_model(path, allow_code=True, factory="torch.nn:Identity", legacy_pickle=True)
    assert not sentinel.exists()


def test_the_bytes_that_were_digested_are_the_bytes_that_are_loaded(tmp_path, monkeypatch) -> None:
    """A file that is swapped after it was read makes no difference: it is read once."""
    path = tmp_path / "model.pt"
    path.write_bytes(hostile.saved(nn.Linear(3, 1)))
    honest, reads = path.read_bytes(), []
    original = Path.read_bytes

    def swapping(self: Path) -> bytes:
        data = original(self)
        reads.append(self)
        self.write_bytes(hostile.saved(hostile.Touch(tmp_path / "it-ran")))
        return data

    monkeypatch.setattr(Path, "read_bytes", swapping)
    loaded = load_model(path, trust=sha256_of(honest))
    assert reads == [path]
    assert loaded.digest == sha256_of(honest)
    assert not (tmp_path / "it-ran").exists()


def honest_files() -> dict[str, bytes]:
    state = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)).state_dict()
    module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    return {
        "safetensors": safetensors.torch.save(dict(state)),
        "state dict": hostile.saved(state),
        "legacy state dict": hostile.saved(state, legacy=True),
        "module": hostile.saved(module),
        "legacy module": hostile.saved(module, legacy=True),
        "torchscript": hostile.script(),
    }


HONEST = honest_files()


@pytest.mark.parametrize("kind", HONEST)
@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.7, 0.99])
def test_truncated_files_are_damaged(kind, share, tmp_path) -> None:
    path = tmp_path / "model"
    path.write_bytes(HONEST[kind][: int(share * len(HONEST[kind]))])
    with pytest.raises(ModelError) as caught:
        load_model(path, legacy_pickle=True, factory="torch.nn:Identity", allow_code=True)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("kind", HONEST)
@given(
    places=st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), min_size=1, max_size=6),
)
def test_damaged_files_give_one_clear_error_or_a_module(kind, places) -> None:
    """Whatever bits are flipped: an `AuditkitError`, or something that was read safely."""
    data = bytearray(HONEST[kind])
    for where, change in places:
        data[int(where * (len(data) - 1))] ^= change
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_bytes", lambda self: bytes(data))
        patch.setattr("os.system", lambda command: pytest.fail("code ran"))
        with suppress(AuditkitError):
            load_model("model.pt", legacy_pickle=True)


def test_an_odd_escape_in_a_damaged_pickle_is_no_warning_for_the_user(tmp_path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(b"cos\nsys\\gtem\n.")
    with pytest.raises(AuditkitError, match=r"model\.pt"):
        load_model(path, legacy_pickle=True)


def encrypted(archive: bytes) -> bytes:
    """An archive that says of each entry that it is encrypted."""
    data = bytearray(archive)
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(magic)
        while at >= 0:
            data[at + flags] |= 1
            at = data.find(magic, at + 1)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no format of a model that is known"),
        (b"GIF89a", "no format of a model that is known"),
        (b'{"weights": [1, 2]}', "no format of a model that is known"),
        (b"PK\x03\x04 truncated", "begins like a zip archive, and is damaged or truncated"),
        (hostile.zip_file({"a/readme.txt": b"hello"}), "no format of a model that is known"),
        (hostile.zip_file({"a/data.pkl": b"\x80\x02K\x01"}), "is damaged or truncated"),
        (encrypted(hostile.saved(nn.Linear(2, 1))), "damaged"),
    ],
)
def test_files_that_are_no_models(data, said, tmp_path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(data)
    with pytest.raises(ModelError, match=said):
        load_model(path, legacy_pickle=True)


def test_names_in_a_file_cannot_deceive_at_the_terminal(tmp_path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(b"cos\n\x1b[2Ksystem\n.")
    with pytest.raises(UntrustedFileError) as caught:
        load_model(path)
    assert "\x1b" not in str(caught.value)
    assert r"\x1b[2Ksystem" in str(caught.value)
