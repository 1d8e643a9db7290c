"""Reports of a record: HTML, JUnit XML and JSON, and the figures that the dashboard shares.

Loaded on first use: drawing needs Altair, and whoever writes JUnit does not.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditkit.reports.figures import chart, svg
    from auditkit.reports.notebook import notebook_html
    from auditkit.reports.write import write_report

__all__ = ["chart", "notebook_html", "svg", "write_report"]

_HOMES = {
    "chart": "auditkit.reports.figures",
    "svg": "auditkit.reports.figures",
    "notebook_html": "auditkit.reports.notebook",
    "write_report": "auditkit.reports.write",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
