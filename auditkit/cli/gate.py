"""`auditkit gate`: judge a stored record, without the model and without torch."""

from __future__ import annotations

from pathlib import Path

import click

from auditkit.cli.options import exit_zero_option, policy_option, store_option


@click.command("gate")
@click.argument("record")
@policy_option
@store_option
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="The file or folder to be deployed; a record of another model is refused.",
)
@click.option(
    "--waivers", type=click.Path(path_type=Path, dir_okay=False), help="A YAML file of waivers."
)
@click.option(
    "--attestations",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A YAML file of attestations.",
)
@exit_zero_option
def command(
    record: str,
    policy: str | None,
    store: Path | None,
    model: Path | None,
    waivers: Path | None,
    attestations: Path | None,
    exit_zero: bool,
) -> int:
    """Judge RECORD (an id, `latest`, or a record.json) by a policy, by default its own."""
    from dataclasses import replace

    from auditkit.cli.records import find_record
    from auditkit.cli.terminal import print_record
    from auditkit.gating import gate

    found = find_record(record, store)
    judgement = gate(found, policy=policy, model=model, waivers=waivers, attestations=attestations)
    print_record(replace(found, judgement=judgement))
    return 0 if exit_zero else int(judgement.exit_code)
