"""`auditkit compare`: a model and the version before it, on the same rows."""

from __future__ import annotations

from pathlib import Path

import click

from auditkit.cli.options import store_folder, store_option


@click.command("compare")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option(
    "--margin",
    type=float,
    help="A difference that does not matter.  [default: 0.01, of errors of numbers 1 % of A's]",
)
@click.option(
    "--metric",
    help="accuracy, log_loss, brier, absolute_error, squared_error or pinball.  [default: what "
    "the task has first]",
)
@click.option(
    "--report",
    "reports",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the comparison (.html or .json); may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
@store_option
@click.option("--device", help="auto, keep, cpu, cuda, cuda:1 …")
@click.option("--allow-code", is_flag=True, help="Run the code that a configuration names.")
def command(
    before: str,
    after: str,
    margin: float | None,
    metric: str | None,
    reports: tuple[Path, ...],
    as_json: bool,
    store: Path | None,
    device: str | None,
    allow_code: bool,
) -> int:
    """Say whether version B of a model is better than version A, on rows that both answered.

    A and B are each an audit.yaml, whose model is run now, or a record (an id, `latest`, or a
    record.json) of an audit with --keep-outcomes.

    Exit codes: 0 better, or within the margin; 1 worse; 2 wrong input, or no rows to pair; 3
    inconclusive.
    """
    from auditkit.assembly import Overrides
    from auditkit.cli.comparison import print_comparison
    from auditkit.comparing import compare
    from auditkit.reports.comparison import check_report, json_text, write_comparison
    from auditkit.version_assembly import versions

    for report in reports:
        check_report(report)
    said = Overrides(device=device, allow_code=allow_code)
    found = compare(
        *versions(before, after, store_folder(store), said), margin=margin, measure=metric
    )
    written = [write_comparison(found, report) for report in reports]
    if as_json:
        click.echo(json_text(found), nl=False)
    else:
        print_comparison(found, written)
    return found.exit_code
