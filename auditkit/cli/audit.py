"""`auditkit audit`: the whole way from audit.yaml to a verdict."""

from __future__ import annotations

from pathlib import Path

import click

from auditkit.cli.options import exit_zero_option, policy_option, store_folder, store_option


@click.command("audit")
@click.argument("configuration", type=click.Path(path_type=Path, dir_okay=False))
@policy_option
@store_option
@click.option(
    "--report",
    "reports",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the report (.html, .xml for JUnit, .json); may be repeated.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Read about so many rows; cannot pass.")
@click.option("--device", help="auto, keep, cpu, cuda, cuda:1 …")
@click.option("--seed", type=int, help="Of everything drawn at random.")
@click.option("--allow-code", is_flag=True, help="Run the code that the configuration names.")
@click.option(
    "--keep-outcomes",
    is_flag=True,
    help="Keep what became of a sample of the rows, for `auditkit compare`.",
)
@click.option("--trust-model", metavar="SHA256", help="Load a file whose format can run code.")
@exit_zero_option
def command(
    configuration: Path,
    policy: str | None,
    store: Path | None,
    reports: tuple[Path, ...],
    limit: int | None,
    device: str | None,
    seed: int | None,
    allow_code: bool,
    keep_outcomes: bool,
    trust_model: str | None,
    exit_zero: bool,
) -> int:
    """Audit the model that CONFIGURATION (an audit.yaml) describes, and judge it by its policy.

    Exit codes: 0 nothing blocks, 1 failed or missing, 2 wrong input, 3 only inconclusive blocks.
    """
    from auditkit.assembly import Overrides, audit_configuration
    from auditkit.cli.terminal import print_run

    overrides = Overrides(
        policy=policy,
        store=store_folder(store) if store else None,
        limit=limit,
        device=device,
        seed=seed,
        allow_code=allow_code,
        trust=trust_model,
        keep_outcomes=keep_outcomes,
        reports=reports,
    )
    run, written = audit_configuration(configuration, overrides)
    if run is None:
        # One of several processes; the primary one judges and prints.
        return 0
    print_run(run, written)
    return 0 if exit_zero else run.exit_code
