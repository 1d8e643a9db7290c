"""How far a pass is, for whoever watches a terminal; silence elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Task as BarTask
from rich.text import Text

Advance = Callable[[int], None]


class _Rate(TextColumn):
    """Rows in a second."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: BarTask) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f} rows/s", style="dim")


@contextmanager
def progress_bar(title: str, rows: int | None, *, quiet: bool = False) -> Iterator[Advance]:
    """A bar on standard error that the yielded function advances by a number of rows.

    It shows the rate and the time left, and nothing at all where standard error is no terminal.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    disabled = quiet or not console.is_terminal
    with Progress(*columns, console=console, disable=disabled, transient=True) as progress:
        task = progress.add_task(title, total=rows)
        yield lambda done: progress.advance(task, done)
