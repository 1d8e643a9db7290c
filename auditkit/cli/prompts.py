"""`auditkit prompts`: what a model that is not here has to be asked."""

from __future__ import annotations

from pathlib import Path

import click


@click.group("prompts")
def command() -> None:
    """Prompts for a model behind an API, and its answers for people to judge."""


@command.command("export")
@click.argument("configuration", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The file to write, JSON lines.",
)
@click.option(
    "--answers",
    type=click.Path(dir_okay=False),
    default=None,
    help="Stored answers: write these beside prompts and references, for people to judge.",
)
@click.option("--split", default="evaluation", show_default=True, help="Whose prompts.")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@click.option("--allow-code", is_flag=True, help="Run the code that the configuration names.")
def export(
    configuration: Path, out: Path, answers: str | None, split: str, force: bool, allow_code: bool
) -> None:
    """Write the prompts that CONFIGURATION names, and with which settings they are to be asked.

    The model is neither loaded nor asked.
    """
    from auditkit.prompt_export import export_prompts

    count = export_prompts(
        configuration, out, answers=answers, split=split, force=force, allow=allow_code
    )
    what = "prompts" if answers is None else "answers to judge"
    click.echo(f"{out}: {count:,} {what}, as they are in the data; keep it as you keep these.")
