"""Generations in a file: what was heard is scored again, today or in a year, without the model."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from auditkit.errors import DataError, OutputError
from auditkit.generation.generations import Generations


def save_generations(generations: Generations, path: str | Path) -> None:
    """Write generations to a file, whole or not at all.

    It holds prompts and answers as they are: who may read the data may read this file, nobody else.

    Raises:
        OutputError: it cannot be written.
    """
    target = Path(path)
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
            place = Path(file.name)  # readable for its owner alone
            try:
                file.write(generations.to_bytes())
                file.flush()
                os.fsync(file.fileno())
                place.replace(target)
            except BaseException:
                place.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise _unwritable(target, error) from error


def refuse_unwritable(path: str | Path) -> None:
    """Refuse a place where no file can be written, before hours of model time; nothing stays there.

    Raises:
        OutputError: names the place and what the system said.
    """
    target = Path(path)
    try:
        if target.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        with tempfile.NamedTemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise _unwritable(target, error) from error


def _unwritable(target: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{target} cannot be written: {error.strerror or error}.", mend="Choose another place."
    )


def load_generations(path: str | Path) -> Generations:
    """The generations that `save_generations` wrote; nothing in the file is run.

    Raises:
        DataError: it cannot be read, or holds something else.
    """
    try:
        return Generations.from_bytes(Path(path).read_bytes())
    except OSError as error:
        raise DataError(
            f"The generations {path} cannot be read: {error.strerror or error}.",
            mend="Mend its path.",
        ) from error
    except ValueError as error:
        raise DataError(
            f"The generations {path} cannot be used: {error}.",
            mend="Generate them anew, with this version of auditkit.",
        ) from error


__all__ = ["load_generations", "refuse_unwritable", "save_generations"]
