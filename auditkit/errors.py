"""What can be wrong with a user's input, and how to mend it.

Everything that a user can mend is raised as an `AuditkitError`. The command line catches that one
type, prints it without a traceback and exits with 2; anything else is a defect of auditkit.
"""

from __future__ import annotations


class AuditkitError(Exception):
    """Something that the user can mend.

    Args:
        problem: names the thing, what was found and what was expected, in one sentence.
        mend: what to do about it, as an imperative sentence.
    """

    def __init__(self, problem: str, *, mend: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.problem} {self.mend}".strip()


class ConfigurationError(AuditkitError):
    """`audit.yaml`, an option or an argument is wrong."""


class ModelError(AuditkitError):
    """The model cannot be loaded or wrapped, or its outputs contradict what was declared."""


class UntrustedFileError(ModelError):
    """Reading this file could run code, and nobody has said that it may."""


class ModelChangedError(ModelError):
    """The audited model's parameters or buffers differ after the audit."""


class DataError(AuditkitError):
    """The data lack something, or hold something that the declaration excludes."""


class PolicyError(AuditkitError):
    """A policy or waiver is malformed, or names what does not exist."""


class StoreError(AuditkitError):
    """The record store cannot be read or written."""


class OutputError(AuditkitError):
    """A report or other output cannot be written."""
