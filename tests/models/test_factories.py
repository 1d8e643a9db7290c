"""Code of the user's: it runs where it is allowed, and nowhere else."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from auditkit.errors import ConfigurationError, UntrustedFileError
from auditkit.models.factories import load_code


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "neighbour.py").write_text("ANSWER = 42\n")
    (tmp_path / "made.py").write_text(
        "from dataclasses import dataclass\n"
        "from pathlib import Path\n"
        "import neighbour\n"
        "Path(__file__).with_name('ran').touch()\n"
        "@dataclass\nclass Thing:\n    size: int = 3\n"
        "class Box:\n    @staticmethod\n    def build():\n        return neighbour.ANSWER\n"
        "number = 5\n"
    )
    yield tmp_path
    for name in ("neighbour", "made"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("reference", ["made.py:Box.build", "made:Box.build"])
def test_a_callable_in_a_file_or_module(folder, reference) -> None:
    path = list(sys.path)
    code = load_code(reference, allow_code=True, base=folder)
    assert code.function() == 42
    assert code.reference == reference
    expected = hashlib.sha256((folder / "made.py").read_bytes()).hexdigest()
    assert code.digest == f"sha256:{expected}"
    assert sys.path == path


def test_an_absolute_path(folder) -> None:
    assert load_code(f"{folder}/made.py:Thing", allow_code=True).function().size == 3


@pytest.mark.parametrize("reference", ["made.py:Box.build", "made:Box.build", "os:system"])
def test_nothing_runs_without_leave(folder, reference) -> None:
    with pytest.raises(UntrustedFileError) as caught:
        load_code(reference, allow_code=False, base=folder)
    assert f"{reference!r} is code of yours" in str(caught.value)
    assert "allow_code" in str(caught.value)
    assert not (folder / "ran").exists()


def test_a_changed_file_is_loaded_anew(folder) -> None:
    assert load_code("made.py:Thing", allow_code=True, base=folder).function().size == 3
    text = (folder / "made.py").read_text().replace("size: int = 3", "size: int = 4")
    (folder / "made.py").write_text(text)
    assert load_code("made.py:Thing", allow_code=True, base=folder).function().size == 4


def test_code_without_a_source_file_has_no_digest() -> None:
    assert load_code("math:sqrt", allow_code=True).digest is None


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("build", "'build' names no code"),
        (":build", "':build' names no code"),
        ("made.py:", "names no code"),
        ("made.py:missing", "names nothing; expected something callable"),
        ("made.py:number", "names a int; expected something callable"),
        ("absent.py:build", "absent.py can't be read"),
        ("absent_module:build", "absent_module can't be imported (ModuleNotFoundError"),
        ("broken.py:build", "broken.py can't be imported (ZeroDivisionError"),
        ("wrong.py:build", "wrong.py can't be imported (SyntaxError"),
    ],
)
def test_wrong_references_are_named(folder, reference, said) -> None:
    (folder / "broken.py").write_text("1 / 0\n")
    (folder / "wrong.py").write_text("def build(:\n")
    before = set(sys.modules)
    with pytest.raises(ConfigurationError) as caught:
        load_code(reference, allow_code=True, base=folder)
    assert said in str(caught.value)
    left = {name for name in set(sys.modules) - before if "broken" in name or "wrong" in name}
    assert left == set()
