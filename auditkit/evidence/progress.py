"""How far a pass is, for whoever watches a terminal; silence elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Task as BarTask
from rich.text import Text

Advance = Callable[[int], None]
Step = Callable[[int, int, str], None]
"""Told of steps done, steps in all, and what comes next."""


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
    with _bar(quiet=quiet, further=(_Rate(),)) as progress:
        task = progress.add_task(title, total=rows)
        yield lambda done: progress.advance(task, done)


@contextmanager
def step_bar(title: str, *, quiet: bool = False) -> Iterator[Step]:
    """A bar on standard error for work in steps that are not rows; see `progress_bar`."""
    with _bar(quiet=quiet) as progress:
        task = progress.add_task(title, total=None)

        def step(done: int, every: int, what: str) -> None:
            progress.update(task, completed=done, total=every, description=f"{title}: {what}")

        yield step


def _bar(*, quiet: bool, further: tuple[ProgressColumn, ...] = ()) -> Progress:
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        *further,
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    disabled = quiet or not console.is_terminal
    return Progress(*columns, console=console, disable=disabled, transient=True)
