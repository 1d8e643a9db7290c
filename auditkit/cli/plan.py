"""`auditkit plan`: what so many rows can decide, before any model is run."""

from __future__ import annotations

from pathlib import Path

import click

from auditkit.cli.options import policy_option


@click.command("plan")
@click.argument("configuration", type=click.Path(path_type=Path, dir_okay=False))
@policy_option
@click.option(
    "--rate",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.2,
    show_default=True,
    help="Share of favourable decisions to assume.",
)
@click.option("--look", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--allow-code", is_flag=True, help="Run the code that the configuration names.")
def command(
    configuration: Path, policy: str | None, rate: float, look: int, allow_code: bool
) -> None:
    """Count the rows that CONFIGURATION names, and say which requirements they cannot decide.

    The model is neither loaded nor run.
    """
    from auditkit.cli.terminal import print_plan
    from auditkit.planning import plan_configuration

    print_plan(
        *plan_configuration(configuration, policy=policy, rate=rate, look=look, allow=allow_code)
    )
