"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

from auditkit.records.location import store_folder

__all__ = ["exit_zero_option", "policy_option", "store_folder", "store_option"]

store_option = click.option(
    "--store",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder of the record store.  [default: $AUDITKIT_STORE or .auditkit]",
)
policy_option = click.option(
    "--policy",
    default=None,
    help="A shipped policy by name, or the path of a YAML file.",
)
exit_zero_option = click.option(
    "--exit-zero", is_flag=True, help="Report the verdict, but return 0 whatever it is."
)
