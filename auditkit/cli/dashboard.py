"""`auditkit dashboard`: the reviewers' pages, on this machine only."""

from __future__ import annotations

from pathlib import Path

import click

from auditkit.cli.options import store_folder, store_option


@click.command("dashboard")
@store_option
@click.option(
    "--answers",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="Instead, a page on which people judge these answers (auditkit prompts export --answers).",
)
@click.option("--port", type=click.IntRange(1, 65535), default=None, help="[default: 8501]")
def command(store: Path | None, answers: Path | None, port: int | None) -> int:
    """Open the dashboard on the store (loopback only; stop it with Ctrl-C)."""
    from auditkit.serving import serve_dashboard

    return serve_dashboard(store_folder(store), port, answers)
