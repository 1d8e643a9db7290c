"""A training log from where it lies: which format it has, and its digest."""

from __future__ import annotations

import hashlib
from pathlib import Path

from auditkit.data.training_logs import lightning, tensorboard, transformers
from auditkit.data.training_logs.curves import Point, TrainingLog, curves_of
from auditkit.errors import DataError

_MEND = (
    "Give an event file of TensorBoard or a folder with such, the metrics.csv of Lightning's "
    "CSVLogger, or the trainer_state.json of transformers."
)


def read_training_log(location: str | Path) -> TrainingLog:
    """What was logged while a model was trained.

    Args:
        location: a file, or a folder that holds one: event files of TensorBoard (also in folders
            below, as Keras writes them), else `metrics.csv`, else `trainer_state.json`.

    Raises:
        DataError: there is no such file, it is of no known format, damaged, too large, or holds no
            number.
    """
    place = Path(location)
    try:
        format_, files, points = _found(place)
        digest = _digest(files)
    except OSError as error:
        raise DataError(
            f"The training log {place.name} cannot be read ({error.strerror or error}).",
            mend=_MEND,
        ) from None
    curves = curves_of(points)
    if not any(curve.values for curve in curves):
        raise DataError(f"The training log {place.name} holds no numbers.", mend=_MEND)
    return TrainingLog(place.name, format_, digest, curves)


def _found(place: Path) -> tuple[str, list[Path], dict[str, list[Point]]]:
    """Format, files and numbers."""
    if not place.exists():
        raise DataError(f"There is no training log at {place}.", mend=_MEND)
    if place.is_dir():
        files = tensorboard.event_files(place)
        if files:
            return "tensorboard", files, tensorboard.points(files, place)
        inner = [place / name for name in (lightning.NAME, transformers.NAME)]
        place = next((one for one in inner if one.is_file()), place)
    if not place.is_file():
        # Nothing is opened that is no regular file: a pipe would be waited for without end.
        if place.is_dir():
            raise DataError(f"The folder {place.name} holds no training log.", mend=_MEND)
        raise DataError(f"The training log {place.name} is of no known format.", mend=_MEND)
    if place.suffix == ".csv":
        return "lightning", [place], lightning.points(place)
    if place.suffix == ".json":
        return "transformers", [place], transformers.points(place)
    if tensorboard.MARK in place.name:
        return "tensorboard", [place], tensorboard.points([place], place)
    raise DataError(f"The training log {place.name} is of no known format.", mend=_MEND)


def _digest(files: list[Path]) -> str:
    """Of the bytes of one file; of several, of the digest and name of each in order."""
    hashed = [_file_digest(file) for file in files]
    if len(files) > 1:
        lines = "".join(f"{one}  {file.name}\n" for one, file in zip(hashed, files, strict=True))
        return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"
    return f"sha256:{hashed[0]}"


def _file_digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
