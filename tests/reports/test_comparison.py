"""The page and the JSON of a comparison: nothing that runs, nothing hidden, nothing lost."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auditkit.comparing import compare
from auditkit.errors import OutputError
from auditkit.reports.comparison import check_report, html_text, json_text, write_comparison
from auditkit.reports.comparison_view import other_rows, rows_of
from auditkit.versions import VersionComparison
from tests.comparing.versions_made import two
from tests.samples import HOSTILE


def made(**groups: np.ndarray) -> VersionComparison:
    before, after = two(60, 20, 1000, groups=groups)
    return compare(replace(before, name=HOSTILE), replace(after, where=HOSTILE))


def test_hostile_names_are_text() -> None:
    page = html_text(made(town=np.where(np.arange(1000) % 2 == 0, HOSTILE, "b")))
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!#)""", page)
    assert page.count("<svg") >= 3


def test_the_page_says_what_the_json_says() -> None:
    found = made(town=np.array(["few"] * 3 + ["a"] * 400 + ["b"] * 597))
    page, plain = html_text(found), json.loads(json_text(found))
    assert "Better" in page
    assert plain["word"] == "better"
    assert [part["title"] for part in plain["heads"][0]["parts"]] == [
        "town=a", "town=b", "town=few", "class 0", "class 1",
    ]  # fmt: skip
    assert "+4.0 points" in page
    assert "60 (6.0 %)" in page
    assert "not told" in page
    assert "adjusted for how many" in page


def test_rows_in_words() -> None:
    (head,) = made().heads
    whole = rows_of(head)[0]
    assert (whole.title, whole.word, whole.difference) == ("all rows", "better", "+4.0 points")
    assert (whole.gained, whole.lost, whole.n) == ("60 (6.0 %)", "20 (2.0 %)", "1,000")
    assert [row.title for row in other_rows(head)] == ["Log loss saved", "Brier score saved"]


def test_files_are_written_by_their_suffix(tmp_path: Path) -> None:
    found = made()
    for name in ("c.html", "c.json"):
        check_report(tmp_path / name)
        assert write_comparison(found, tmp_path / name).stat().st_size > 500
    with pytest.raises(OutputError, match="names no format of a comparison"):
        check_report(tmp_path / "c.xml")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        check_report(tmp_path / "file" / "c.html")
