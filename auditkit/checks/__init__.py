"""The checks: one question a file, evidence in, measurements and figures out."""

from auditkit.checks.check import Check, Findings
from auditkit.checks.registry import catalogue, load_checks

__all__ = ["Check", "Findings", "catalogue", "load_checks"]
