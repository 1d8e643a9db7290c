"""`auditkit metrics`: the catalogue."""

from __future__ import annotations

import click


@click.command("metrics")
@click.argument("family", required=False)
def command(family: str | None) -> None:
    """List every metric (of FAMILY, such as `bias`), with definition, unit and source."""
    from rich.markup import escape

    from auditkit.checks.registry import catalogue, load_checks
    from auditkit.cli.terminal import console
    from auditkit.errors import ConfigurationError

    checks, failures = load_checks()
    metrics = [
        metric
        for metric in catalogue(checks).values()
        if family is None or metric.id.partition(".")[0] == family
    ]
    if not metrics:
        families = sorted({name.partition(".")[0] for name in catalogue(checks)})
        raise ConfigurationError(
            f"There is no family of metrics named {family!r}.",
            mend=f"There are {', '.join(families)}.",
        )
    out = console()
    for metric in metrics:
        gate = "" if metric.gateable else " · shown only, never judged"
        gate += f" · passes from {metric.least_to_pass:,} units" if metric.least_to_pass else ""
        out.print(f"[bold]{metric.id}[/bold]  {escape(metric.title)}")
        out.print(f"  {escape(metric.definition)}")
        source = f" · {escape(metric.source)}" if metric.source else ""
        out.print(f"  [dim]{metric.unit} · {metric.direction.value}{gate}{source}[/dim]")
    for failure in failures:
        out.print(f"[red]{escape(failure)}[/red]")
