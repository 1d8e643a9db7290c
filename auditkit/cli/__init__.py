"""The command line. Each command is a file of its own, imported when it is called."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click

from auditkit.collision import refuse_collision

refuse_collision()  # the other project's files may have replaced our own __init__

from auditkit import __version__  # noqa: E402
from auditkit.errors import AuditkitError  # noqa: E402

# Command → the module that holds it and what the overview says, so that `--help` imports none.
COMMANDS = {
    "audit": ("auditkit.cli.audit", "Audit a model as audit.yaml says, and judge it."),
    "plan": ("auditkit.cli.plan", "Say before a run what this many rows cannot decide."),
    "gate": ("auditkit.cli.gate", "Judge a stored record by a policy."),
    "compare": ("auditkit.cli.compare", "Compare two versions of a model on the same rows."),
    "runs": ("auditkit.cli.runs", "List the stored records."),
    "show": ("auditkit.cli.show", "Show one record in the terminal."),
    "report": ("auditkit.cli.report", "Write a record as HTML, JUnit XML or JSON."),
    "sign": ("auditkit.cli.sign", "Append a reviewer's decision to a record."),
    "dashboard": ("auditkit.cli.dashboard", "Open the reviewers' pages."),
    "metrics": ("auditkit.cli.metrics", "List every metric, with its definition."),
    "policy": ("auditkit.cli.policy", "Check a policy file, or print a shipped one."),
    "prompts": ("auditkit.cli.prompts", "Write what a model that is not here has to be asked."),
    "init": ("auditkit.cli.init", "Write a commented audit.yaml for a model and a table."),
}

INTERRUPTED = 130
UNHEARD = 141
"""Nobody reads the output any more (`auditkit show | head`): 128 + SIGPIPE, as shells have it."""
TRACEBACK = "AUDITKIT_TRACEBACK"


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are called, not when they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="auditkit")
def auditkit() -> None:
    """Audit trained PyTorch models: measure, judge by a policy, record, report.

    Exit codes: 0 nothing blocks; 1 a requirement failed or is missing; 2 the input or the call is
    wrong; 3 only inconclusive requirements block.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; every error that the user can mend ends here.

    Args:
        arguments: instead of those of the process.
    """
    try:
        # Without standalone mode a command's return value is its exit code.
        code = auditkit.main(
            args=None if arguments is None else list(arguments), standalone_mode=False
        )
    except AuditkitError as error:
        _complain(error.problem, error.mend)
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except SystemExit as stopped:
        if isinstance(stopped.__context__, BrokenPipeError):
            sys.exit(UNHEARD)  # click ends so where the reader of a pipe has seen enough
        # Without standalone mode click never exits: this came from code of the user's, whose 0
        # would read as a pass.
        _complain(
            f"Code that the audit ran ended the process (exit code {stopped.code}).",
            "Remove the exit from the model, the factory or the preprocess. Nothing was judged.",
        )
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        _complain("Interrupted.", "Nothing was stored; run it again.")
        sys.exit(INTERRUPTED)
    except Exception as error:
        # A defect of auditkit, not of the input: whoever mends it asks for the traceback.
        if os.environ.get(TRACEBACK):
            raise
        _complain(
            f"auditkit broke off ({type(error).__name__}: {error}).",
            f"This is a defect of auditkit; {TRACEBACK}=1 shows where. Nothing was judged.",
        )
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)


def _complain(problem: str, mend: str) -> None:
    if os.environ.get("RANK", "0") != "0":
        return  # under torchrun every process raises the same error; one of them says it
    click.secho("error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(problem, err=True)
    if mend:
        click.echo(f"  {mend}", err=True)
