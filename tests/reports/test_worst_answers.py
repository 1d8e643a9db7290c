"""Wrong answers to read: in the order given, cut where they are long, with every score."""

from __future__ import annotations

import json

from auditkit.measurement import Figure
from auditkit.reports.figures import chart, tables
from auditkit.reports.figures.worst_answers import LONGEST


def figure(n: int, text: str = "Lem") -> Figure:
    rows = [
        {"row": str(row), "prompt": f"question {row}", "answer": text, "reference": "",
         "scores": {"Semantic entropy": row / 10} if row else {"P(True)": 0.5}}
        for row in range(n)
    ]  # fmt: skip
    data = {"n": n, "wrong": 40, "rows": rows}
    return Figure("worst_answers", "Wrong answers", "", "hallucination", data)


def test_a_table_has_a_column_for_each_score() -> None:
    ((columns, rows),) = tables(figure(3))
    assert columns == ["row", "question", "answer", "reference", "P(True)", "Semantic entropy"]
    assert rows[0][-2:] == ["0.5", "–"]
    assert rows[2][:3] == ["2", "question 2", "Lem"]


def test_long_texts_are_cut_and_many_are_in_the_table_alone() -> None:
    shown = figure(20, "word " * 2000)
    drawn = json.dumps(chart(shown).to_dict())
    assert "The first 12 of 20 answers are drawn." in drawn
    assert "question 11" in drawn
    assert "question 12" not in drawn
    ((_, rows),) = tables(shown)
    assert len(rows) == 20
    assert max(len(cell) for row in rows for cell in row) == LONGEST


def test_an_absent_reference_has_no_line() -> None:
    assert "expected" not in json.dumps(chart(figure(1)).to_dict())
