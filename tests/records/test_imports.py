"""What reading records may load, in a fresh process."""

from __future__ import annotations

import subprocess
import sys

import pytest

CHECK = "import sys; print([name for name in {names!r} if name in sys.modules])"
HEAVY = ("torch", "pandas", "pyarrow", "scipy", "captum", "altair")


def loaded(statement: str, names: tuple[str, ...]) -> list[str]:
    script = f"{statement}\n{CHECK.format(names=names)}"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return list(eval(done.stdout))  # noqa: S307 - our own list of our own names


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("import auditkit.records", ("sqlalchemy", "alembic", "pydantic", *HEAVY)),
        ("from auditkit.records import load_record_file", ("sqlalchemy", "alembic", *HEAVY)),
        ("from auditkit.records import open_store", ("alembic", *HEAVY)),
        (
            "import tempfile\nfrom auditkit.records import open_store\n"
            "with tempfile.TemporaryDirectory() as f: open_store(f); open_store(f).runs()",
            HEAVY,
        ),
    ],
)
def test_nothing_heavy_is_loaded(statement: str, names: tuple[str, ...]) -> None:
    assert loaded(statement, names) == []


def test_the_test_above_can_fail() -> None:
    statement = "from auditkit.records import open_store"
    assert loaded(statement, ("sqlalchemy",)) == ["sqlalchemy"]


def test_public_names_exist() -> None:
    from auditkit import records

    assert all(getattr(records, name) is not None for name in records.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = records.nothing
