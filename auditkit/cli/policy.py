"""`auditkit policy`: check a policy file, list and print the shipped ones."""

from __future__ import annotations

import click


@click.group("policy")
def command() -> None:
    """Check a policy file, or print a shipped one."""


@command.command("validate")
@click.argument("policy")
def validate(policy: str) -> None:
    """Check POLICY (a shipped name or a path): keys, types, and the metrics it names."""
    from auditkit.checks.registry import catalogue, load_checks
    from auditkit.policy import load_policy

    checks, _ = load_checks()
    found = load_policy(policy, metrics=catalogue(checks))
    click.echo(f"{found.id}: {len(found.requirements)} requirements, {found.digest}")


@command.command("list")
def list_shipped() -> None:
    """List the shipped policies."""
    from auditkit.policy import load_policy, shipped_policies

    for name in shipped_policies():
        click.echo(f"{name}  {load_policy(name).title}")


@command.command("show")
@click.argument("policy")
def show(policy: str) -> None:
    """Print POLICY, comments included: a start for one of your own."""
    from auditkit.policy import load_policy

    click.echo(load_policy(policy).text, nl=False)
