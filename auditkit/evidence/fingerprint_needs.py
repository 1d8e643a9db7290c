"""What is asked of a split's units by their content."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FingerprintNeed:
    """Units of a split by their content; see `auditkit.evidence.fingerprints.Fingerprints`.

    Attributes:
        rows: how many at most; which, says a keyed hash of the row ids.

    Raises:
        ValueError: fewer than one.
    """

    rows: int = 500_000

    def __post_init__(self) -> None:
        if self.rows < 1:
            raise ValueError(f"fingerprints are of at least one row, found {self.rows}")
