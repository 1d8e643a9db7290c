"""`auditkit init`: a commented audit.yaml to start from."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("init")
@click.option("--model", help="The trained model's file.")
@click.option("--table", help="The evaluation data: a file, or where a store keeps it.")
@click.option("--label", help="The column of the true outcome.")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("audit.yaml"),
    show_default=True,
)
@click.option("--force", is_flag=True, help="Overwrite the file.")
def command(
    model: str | None, table: str | None, label: str | None, output: Path, force: bool
) -> None:
    """Write a commented audit.yaml for a model and a table, to be completed by hand."""
    from auditkit.errors import OutputError
    from auditkit.starter import starter_configuration

    if output.exists() and not force:
        raise OutputError(f"{output} exists already.", mend="Give --force, or another --output.")
    text = starter_configuration(model, table, label, output.parent)
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{output} cannot be written: {error.strerror or error}.", mend="Choose another folder."
        ) from error
    click.echo(f"{output}: complete the lines marked with ← and run `auditkit audit {output}`")
