"""What a notebook shows for a run."""

from __future__ import annotations

from auditkit.records.record import AuditRecord


def notebook_html(record: AuditRecord) -> str:
    """Outcome and verdict table as a fragment of HTML, for a `_repr_html_` method.

    Everything from outside is escaped: a notebook runs what it is given.
    """
    from auditkit.reports.html import render_summary

    return render_summary(record)
