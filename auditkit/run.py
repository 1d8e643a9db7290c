"""An audit that was run: what the user holds in hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditkit.errors import DataError
from auditkit.measurement import Measurement
from auditkit.policy.verdict import Judgement
from auditkit.records.record import AuditRecord

if TYPE_CHECKING:
    import pandas as pd


_OF_GROUPS = ("bias.", "hallucination.")
"""Families that count people by group: of decisions, and of answers."""


@dataclass(frozen=True, repr=False)
class Run:
    """An audit that was run, or found in the store.

    Attributes:
        record: everything about it.
        stored: whether the measurements are those of an earlier, identical run.
        store: the folder of the store that holds it; None if it was not kept.
    """

    record: AuditRecord
    stored: bool = False
    store: Path | None = None

    @property
    def judgement(self) -> Judgement | None:
        """All verdicts; None where no policy was asked."""
        return self.record.judgement

    @property
    def verdict(self) -> str | None:
        """`pass`, `fail`, `inconclusive` or `waived`; None where no policy was asked."""
        return None if self.judgement is None else self.judgement.outcome.value

    @property
    def exit_code(self) -> int:
        """What the command line returns: 0 nothing blocks, 1 failed or missing, 3 inconclusive."""
        return 0 if self.judgement is None else int(self.judgement.exit_code)

    @property
    def measurements(self) -> pd.DataFrame:
        """A row for each measurement: metric, slice, reference, value, interval, units, status."""
        import pandas as pd

        return pd.DataFrame([_row(measurement) for measurement in self.record.measurements])

    def __repr__(self) -> str:
        verdict = "not judged" if self.verdict is None else self.verdict
        return f"Run({self.record.name!r}, {verdict}, record {self.record.id})"

    def by_group(
        self, *named: str | Sequence[str], head: str = "", label: str = ""
    ) -> pd.DataFrame:
        """The numbers of every group, in the shape of Fairlearn's `MetricFrame.by_group`.

        Args:
            named: a group attribute, or those of a declared intersection, also as a list.
            head, label: of which output and class the numbers are.

        Returns:
            A row for each group, its index the levels of the attributes; a column for each metric,
            named without its family. NaN where a number has no value: `measurements` says why.

        Raises:
            DataError: nothing was measured of these groups.
        """
        import pandas as pd

        listed = ([one] if isinstance(one, str) else one for one in named)
        attributes = tuple(name for names in listed for name in names)
        wanted = tuple(sorted(attributes))
        found: dict[tuple[str, ...], dict[str, float | None]] = {}
        for one in self.record.measurements:
            key = one.key
            if (key.slice.attributes, key.reference) != (wanted, None) or not wanted:
                continue
            if (key.head, key.label) == (head, label) and key.metric.startswith(_OF_GROUPS):
                levels = dict(key.slice.conditions)
                row = found.setdefault(tuple(levels[name] for name in attributes), {})
                row[key.metric.partition(".")[2]] = one.value
        if not found:
            raise DataError(
                f"No numbers of the groups of {' × '.join(attributes) or 'no attribute'} were "
                "measured in this run.",
                mend="Name a group attribute of the data, or those of a declared intersection; "
                "with several heads or labels, say which.",
            )
        index = pd.MultiIndex.from_tuples(list(found), names=list(attributes))
        flat = index if len(attributes) > 1 else index.get_level_values(0)
        return pd.DataFrame(list(found.values()), index=flat, dtype=float)

    def report(self, path: str | Path) -> Path:
        """Write the report; its kind follows from the suffix (.html, .xml, .json).

        Raises:
            OutputError: the file cannot be written.
        """
        from auditkit.reports import write_report

        return write_report(self.record, Path(path))

    def _repr_html_(self) -> str:
        from auditkit.reports import notebook_html

        return notebook_html(self.record)


def _row(measurement: Measurement) -> dict[str, Any]:
    key, interval = measurement.key, measurement.interval
    return {
        "metric": key.metric,
        "head": key.head,
        "label": key.label,
        "slice": str(key.slice),
        "reference": None if key.reference is None else str(key.reference),
        "split": key.split,
        "status": measurement.status.value,
        "value": measurement.value,
        "low": None if interval is None else interval.low,
        "high": None if interval is None else interval.high,
        "level": None if interval is None else interval.level,
        "method": None if interval is None else interval.method,
        "units": measurement.units,
        "rows": measurement.rows,
        "sampled": measurement.sampled,
        "reason": measurement.reason,
    }
