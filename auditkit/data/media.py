"""What a user declares of images, sounds, texts and series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from auditkit.data import audio_units, image_units
from auditkit.data.columns import Columns
from auditkit.data.contents import Contents
from auditkit.data.damage import TOLERATED
from auditkit.data.folder_tables import FILE
from auditkit.data.folders import Folder
from auditkit.data.media_source import Decoder
from auditkit.data.openings import Media, Opening
from auditkit.data.readers import Reader
from auditkit.data.series_units import SeriesReader, WindowDecoder
from auditkit.data.series_windows import DEPENDENT, Windows
from auditkit.data.text_units import Encode, TextDecoder, TokenDecoder
from auditkit.data.token_rows import TokenRows
from auditkit.data.tokenizer_folders import FolderTokenizer
from auditkit.errors import ConfigurationError


def images(
    data: Any,
    *,
    column: str | None = None,
    folder: str | Path | None = None,
    size: Any = None,
    mode: str | None = None,
    damaged: float = TOLERATED,
) -> Media:
    """Images: the files of a folder, or a column of a table.

    Without `column`, `data` is a folder: each of its image files is a unit, in the order of their
    paths. `file` is then a column that holds the path, `folder` one that holds its first folder
    (`label="folder"` where the folders are the classes), and a side table may add others; it is
    joined by the row id, which is `file` unless declared.

    Args:
        data: a folder, or a table (as in `table`).
        column: the table's column that holds the images' bytes, or their paths.
        folder: what the paths in that column are relative to.
        size: height and width to resize to; without it, images of several sizes are refused.
        mode: `L`, `RGB` or `RGBA`, which all are turned into.
        damaged: the share of units that may be unreadable: these are named, counted and left out.

    Returns:
        What `dataset` takes as a split; the model is given float32 [n, channels, height, width]
        between 0 and 1.

    Raises:
        ConfigurationError: an option means nothing, or Pillow is not installed.

    Example:
        >>> import io
        >>> from PIL import Image
        >>> from auditkit.data import dataset
        >>> black = io.BytesIO()
        >>> Image.new("L", (4, 2)).save(black, "PNG")
        >>> table = {"png": [black.getvalue()] * 3, "y": [0, 1, 1]}
        >>> source = dataset(images(table, column="png"), label="y")["evaluation"]
        >>> next(source.batches(source.fragments()[0], 2)).inputs.shape
        (2, 1, 2, 4)
    """

    def decoder(contents: Contents) -> Decoder:
        return image_units.ImageDecoder(contents, size=size, mode=mode)

    return _files(data, (column, folder), image_units.SUFFIXES, decoder, damaged)


# Eight options: each is one fact about how files become waveforms.
def audio(
    data: Any,
    *,
    column: str | None = None,
    folder: str | Path | None = None,
    rate: int | None = None,
    seconds: float | None = None,
    mix: str | None = None,
    damaged: float = TOLERATED,
    beside: Sequence[str] = (),
) -> Media:
    """Sounds: the WAV files of a folder, or a column of a table; folders and tables as of `images`.

    Args:
        data: a folder, or a table (as in `table`).
        column: the table's column that holds the bytes of WAV files, or their paths.
        folder: what the paths in that column are relative to.
        rate: samples a second that every file must have; that of the first where not declared.
        seconds: the length to which each is cut at its end, or filled up with silence; without it,
            sounds of several lengths are refused.
        mix: `mean` or `first` of several channels; without it, they are refused.
        damaged: the share of units that may be unreadable: these are named, counted and left out.
        beside: further columns that are read, and are no inputs: the transcripts of speech.

    Returns:
        What `dataset` takes as a split; the model is given float32 [n, samples] between −1 and 1.

    Raises:
        ConfigurationError: an option means nothing.

    Example:
        >>> audio("clips", rate=16_000, seconds=2).damaged
        0.01
    """

    def decoder(contents: Contents) -> Decoder:
        return audio_units.AudioDecoder(contents, rate=rate, seconds=seconds, mix=mix)

    further = (beside,) if isinstance(beside, str) else tuple(beside)
    files = _files(data, (column, folder), audio_units.SUFFIXES, decoder, damaged)
    return replace(files, beside=further)


# Eight options: each is one fact about how texts become ids.
def text(
    data: Any,
    *,
    column: str | None = None,
    tokenizer: str | Path | Encode | None = None,
    ids: str | None = None,
    mask: str | None = None,
    length: int | None = None,
    vocabulary: int | None = None,
    pad: int | None = None,
    damaged: float = TOLERATED,
) -> Media:
    """Texts as token ids: a column of text and a tokenizer, or a column of lists of ids.

    Args:
        data: a table (as in `table`).
        column: the column of text.
        tokenizer: a folder with a `tokenizer.json`, which is read as data; or a function from a
            list of texts to name → one row of token ids for each.
        ids: instead of these, the column of token ids.
        mask: the column of the attention mask; without it, all ids are real tokens.
        length: tokens of a row: shorter ones are filled up, longer ones refused (a tokenizer from
            a folder cuts them). Must be declared with a tokenizer.
        vocabulary: how many tokens the model knows; that of a tokenizer from a folder is known.
        pad: the id that fills rows up; where not declared, the folder's padding token, else 0.
        damaged: the share of rows that may hold no text, or no ids: these are named, counted and
            left out.

    Returns:
        What `dataset` takes as a split; the model is given `input_ids`, `attention_mask`, and what
        else the tokenizer gives, int64 [n, length].

    Raises:
        ConfigurationError: an option means nothing, or is missing.

    Example:
        >>> from auditkit.data import dataset
        >>> table = {"tokens": [[5, 6], [7]], "y": [0, 1]}
        >>> source = dataset(text(table, ids="tokens", length=3), label="y")["evaluation"]
        >>> batch = next(source.batches(source.fragments()[0], 2))
        >>> batch.inputs["input_ids"].tolist()
        [[5, 6, 0], [7, 0, 0]]
    """
    by_tokenizer = column is not None and tokenizer is not None
    if by_tokenizer == (ids is not None) or (column is None) != (tokenizer is None):
        raise ConfigurationError(
            "Token ids come either from a column of text and a tokenizer, or from a column of ids.",
            mend="Declare column and tokenizer, or ids.",
        )
    if by_tokenizer and (length is None or mask is not None):
        raise ConfigurationError(
            "A tokenizer makes the attention mask itself, and needs to know how many tokens a row "
            "has.",
            mend="Declare length, and no mask.",
        )

    def decoder() -> Decoder:
        if ids is not None:
            return TokenDecoder(ids, mask, TokenRows(length, vocabulary, pad or 0))
        assert column is not None
        assert length is not None
        if callable(tokenizer):
            name = getattr(tokenizer, "__qualname__", type(tokenizer).__name__)
            rows = TokenRows(length, vocabulary, pad or 0)
            return TextDecoder(column, tokenizer, rows, {"function": name})
        read = FolderTokenizer(str(tokenizer), length)
        fill = read.pad if pad is None else pad
        rows = TokenRows(length, vocabulary or read.vocabulary, fill or 0)
        return TextDecoder(column, read, rows, read.about)

    return Media(lambda opening: (opening.table(data), decoder()), _as_declared, damaged)


# Ten options: they are the series section of audit.yaml, one key each.
def series(
    data: Any,
    *,
    values: str | Sequence[str],
    steps: int,
    horizon: int = 0,
    stride: int | None = None,
    series: str | None = None,
    time: str | None = None,
    targets: str | Sequence[str] = (),
    gaps: bool = False,
    damaged: float = TOLERATED,
) -> Media:
    """Windows of series: a table whose rows are steps, of one series or of several.

    A window never reaches from one series into another. With a horizon, the label is what comes
    after the window: each target at each of the next rows, `load+1`, `load+2` …; without one, it is
    the label column at the window's last step, as are groups and all else. The series is the
    cluster, unless another is declared; a note says where there is neither. A window that lacks a
    value is damaged.

    Args:
        data: a table (as in `table`).
        values: the columns that the model is given: its channels.
        steps: rows of a window.
        horizon: rows after it that the model predicts.
        stride: rows from one window to the next; `horizon` where not declared, or `steps` without
            one.
        series: the column that tells series apart.
        time: the column by which each series is put in order; without it, rows are in order.
        targets: the columns that are predicted, where these are not the values.
        gaps: whether steps may lie further apart than is usual in the series.
        damaged: the share of windows that may lack a value: these are named, counted and left out.

    Returns:
        What `dataset` takes as a split; the model is given float32 [n, steps, channels].

    Raises:
        ConfigurationError: an option means nothing.

    Example:
        >>> from auditkit.data import dataset
        >>> hourly = series({"load": range(10)}, values="load", steps=4, horizon=2)
        >>> source = dataset(hourly)["evaluation"]
        >>> batch = next(source.batches(source.fragments()[0], 8))
        >>> batch.inputs.shape, batch.targets.tolist()
        ((3, 4, 1), [[4.0, 5.0], [6.0, 7.0], [8.0, 9.0]])
    """
    channels, predicted = (
        (one,) if isinstance(one, str) else tuple(one) for one in (values, targets)
    )
    windows = Windows(channels, steps, horizon, stride, series, time, predicted, gaps)

    def opened(opening: Opening) -> tuple[Reader, Decoder]:
        reader = SeriesReader(opening.table(data), windows, opening.split_column)
        if opening.columns.cluster is None:
            reader.notes.append(DEPENDENT)
        return reader, WindowDecoder(windows)

    def meaning(columns: Columns) -> Columns:
        if windows.labels and columns.label is not None:
            raise ConfigurationError(
                f"The label {columns.label!r} is declared, and with a horizon of {horizon} what is "
                "predicted is what comes after each window.",
                mend="Leave out the label, or the horizon.",
            )
        label = windows.labels[0] if len(windows.labels) == 1 else windows.labels
        return replace(
            columns,
            label=label or columns.label,
            cluster=columns.cluster or series,
            time=columns.time or time,
        )

    return Media(opened, meaning, damaged)


def _files(
    data: Any,
    where: tuple[str | None, str | Path | None],
    suffixes: tuple[str, ...],
    decoder: Callable[[Contents], Decoder],
    damaged: float,
) -> Media:
    """Units each of which is a file, or as good as one."""
    column, folder = where

    def opened(opening: Opening) -> tuple[Reader, Decoder]:
        if column is None:
            reader = opening.folder(data, suffixes)
            return reader, decoder(Contents(FILE, reader.folder, listed=True))
        within = None if folder is None else Folder(folder, opening.storage)
        return opening.table(data), decoder(Contents(column, within))

    if column is None and (folder is not None or not isinstance(data, str | Path)):
        raise ConfigurationError(
            "A table of files is given, and no column that holds them.",
            mend="Declare column: the one with the bytes or the paths; or give a folder alone.",
        )
    return Media(opened, _by_file if column is None else _as_declared, damaged)


def _as_declared(columns: Columns) -> Columns:
    return columns


def _by_file(columns: Columns) -> Columns:
    """A file's path identifies it, unless something else is declared to."""
    return columns if columns.row_id is not None else replace(columns, row_id=FILE)
