"""A comparison of two versions as a file: one HTML page, or JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from auditkit.errors import OutputError
from auditkit.reports.comparison_view import MULTIPLE, STATUSES, facts, other_rows, rows_of
from auditkit.reports.writable import check_folder
from auditkit.reports.write import write_text
from auditkit.versions import VersionComparison, comparison_to_plain


def json_text(comparison: VersionComparison) -> str:
    """All of a comparison as JSON text with sorted keys."""
    plain = comparison_to_plain(comparison)
    return json.dumps(plain, indent=1, sort_keys=True, allow_nan=False) + "\n"


def html_text(comparison: VersionComparison) -> str:
    """The comparison as one HTML page that needs nothing else; all text in it is escaped."""
    from auditkit.reports.html import environment, shown_figure

    heads = [
        {
            "title": head.title,
            "measure": head.measure,
            "definition": head.definition["definition"],
            "answer": head.answer,
            "rows": rows_of(head),
            "others": other_rows(head),
            "figures": [shown_figure(figure) for figure in head.figures],
        }
        for head in comparison.heads
    ]
    template = environment().get_template("comparison.html.j2")
    return template.render(
        comparison=comparison,
        status=STATUSES[comparison.word],
        facts=facts(comparison),
        heads=heads,
        multiple=MULTIPLE,
    )


_WRITTEN: Mapping[str, Callable[[VersionComparison], str]] = {
    ".html": html_text,
    ".htm": html_text,
    ".json": json_text,
}


def check_report(path: Path) -> None:
    """Refuse a place or suffix that no comparison can be written to, before any model runs.

    Raises:
        OutputError: names the folder and what the system said, or the suffix.
    """
    _writer(path)
    check_folder(path)


def write_comparison(comparison: VersionComparison, path: Path) -> Path:
    """Write a comparison, whole or not at all; its kind follows from the suffix.

    Raises:
        OutputError: the suffix names no kind, or the file cannot be written.
    """
    write_text(path, _writer(path)(comparison))
    return path


def _writer(path: Path) -> Callable[[VersionComparison], str]:
    if path.suffix.lower() not in _WRITTEN:
        raise OutputError(
            f"The suffix of {str(path)!r} names no format of a comparison: expected one of "
            f"{', '.join(_WRITTEN)}.",
            mend="Rename the file.",
        )
    return _WRITTEN[path.suffix.lower()]
