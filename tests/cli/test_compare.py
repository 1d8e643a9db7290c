"""`auditkit compare` as CI calls it: configurations, records, both, and what cannot be paired."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from auditkit.cli import main
from auditkit.records import open_store

Call = Callable[..., tuple[int, str, str]]
N = 1200


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command; its exit code, standard output and standard error, each on one line."""

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        found = capsys.readouterr()
        return int(stopped.value.code or 0), found.out, " ".join(found.err.split())

    return run


def people() -> pd.DataFrame:
    """Scores of an old version, a better, a worse and nearly the same one, on the same people."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, N)

    def score(right: np.ndarray) -> np.ndarray:
        return np.where(right, 0.1 + 0.8 * truth, 0.9 - 0.8 * truth)

    old = rng.random(N) < 0.8
    return pd.DataFrame(
        {
            "person": [f"person {i}" for i in range(N)],
            "old": score(old),
            "better": score(old | (rng.random(N) < 0.3)),
            "worse": score(old & (rng.random(N) > 0.08)),
            "even": score(old) + 1e-3,
            "y": truth,
            "sex": rng.choice(["f", "m"], N),
        }
    )


def written(
    folder: Path, column: str, frame: pd.DataFrame | None = None, *, row_id: bool = True
) -> Path:
    """An audit.yaml of the version whose scores are in a column."""
    table = folder / f"{column}.csv"
    (people() if frame is None else frame).to_csv(table, index=False)
    path = folder / f"{column}.yaml"
    path.write_text(
        f"name: the {column} one\n"
        f"model: {{predictions: {{'': {column}}}, task: binary, outputs: probabilities,\n"
        "  decision: {favourable: '1'}}\n"
        f"data: {{evaluation: {{table: {table.name}}}, label: y, groups: {{sex: {{}}}}\n"
        f"{', row_id: person' if row_id else ''}}}\n"
        "checks: [performance]\n"
    )
    return path


def stored(call: Call, config: Path, store: Path, *more: str) -> str:
    """The id of the record that an audit leaves."""
    code, _, error = call("audit", config, "--store", store, "--exit-zero", *more)
    assert code == 0, error
    return str(open_store(store).resolve("latest"))


@pytest.mark.parametrize(
    ("column", "word", "expected"),
    [("better", "BETTER", 0), ("worse", "WORSE", 1), ("even", "WITHIN THE MARGIN", 0)],
)
def test_two_configurations(
    call: Call, tmp_path: Path, column: str, word: str, expected: int
) -> None:
    before, after = written(tmp_path, "old"), written(tmp_path, column)
    report, plain = tmp_path / "c.html", tmp_path / "c.json"
    code, out, error = call("compare", before, after, "--report", report, "--report", plain)
    assert code == expected, error
    assert out.startswith(f"{word} Version B")
    assert "sex=f" in out
    assert "1,200 rows" in " ".join(out.split())
    assert f"{word.capitalize()}: the {column} one" in report.read_text()
    found = json.loads(plain.read_text())
    assert found["word"] == word.lower()
    assert found["before"]["name"] == "the old one"
    again, text, _ = call("compare", before, after, "--json")
    assert again == expected
    text = json.loads(text)
    assert {**text, "created": ""} == {**found, "created": ""}


def test_too_few_rows_return_3(call: Call, tmp_path: Path) -> None:
    frame = people().head(60)
    before, after = written(tmp_path, "old", frame), written(tmp_path, "better", frame)
    code, out, _ = call("compare", before, after, "--margin", "0")
    assert code == 3
    assert "Whether version B or version A is better is not shown" in out


def numbers(text: str) -> dict[str, float]:
    """Every number of a comparison; the order in which rows are summed may change the last bits."""
    (head,) = json.loads(text)["heads"]
    found = {}
    for part in (head["whole"], *head["parts"], *head["others"]):
        name = f"{part['gain']['metric']} {part['title']} {part['word']}"
        found[name] = part["gain"]["value"]
        found[f"{name} low"] = part["gain"]["interval"]["low"]
        found[f"{name} wins"] = part["wins"]
    return found


def test_records_are_joined_by_their_salted_rows_and_with_models_run_now(
    call: Call, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    before, after = written(tmp_path, "old"), written(tmp_path, "better")
    first = stored(call, before, store, "--keep-outcomes", "--seed", "1")
    after.write_text(f"{after.read_text()}keep_outcomes: true\n")
    second = stored(call, after, store)
    results = []
    for pair in ((before, after), (first, second), (before, "latest"), (first, after)):
        code, out, error = call("compare", *pair, "--store", store, "--json")
        assert code == 0, error
        results.append(numbers(out))
    assert all(one == pytest.approx(results[0], rel=1e-9) for one in results)
    place = store / "records" / first
    for named in (place, place / "record.json"):
        code, out, _ = call("compare", named, after, "--json")
        assert code == 0
        assert numbers(out) == pytest.approx(results[0], rel=1e-9)
        assert "read from outside a store, unprotected from edits" in out


def test_a_record_without_outcomes_says_what_would_mend_it(call: Call, tmp_path: Path) -> None:
    store = tmp_path / "store"
    before, after = written(tmp_path, "old"), written(tmp_path, "better")
    first = stored(call, before, store)
    code, out, error = call("compare", first, after, "--store", store)
    assert (code, out) == (2, "")
    assert f"The record {first} keeps no outcomes" in error
    assert "Audit that version with --keep-outcomes" in error


def test_records_of_two_stores_cannot_be_paired(call: Call, tmp_path: Path) -> None:
    before, after = written(tmp_path, "old"), written(tmp_path, "better")
    first = stored(call, before, tmp_path / "one", "--keep-outcomes")
    stored(call, after, tmp_path / "two", "--keep-outcomes")
    place = tmp_path / "one" / "records" / first
    code, _, error = call("compare", place, "latest", "--store", tmp_path / "two")
    assert code == 2
    assert "named by different salts" in error
    alone = tmp_path / "alone" / "records" / first
    shutil.copytree(place, alone)
    code, _, error = call("compare", alone, after)
    assert code == 2
    assert "lies beside no salt of its store" in error


def test_a_damaged_file_of_outcomes_is_named(call: Call, tmp_path: Path) -> None:
    store = tmp_path / "store"
    before, after = written(tmp_path, "old"), written(tmp_path, "better")
    first = stored(call, before, store, "--keep-outcomes")
    path = store / "records" / first / "outcomes-0.arrow"
    path.write_bytes(path.read_bytes()[:-40])
    code, _, error = call("compare", first, after, "--store", store)
    assert code == 2
    assert "outcomes-0.arrow was changed after it was stored" in error
    code, _, error = call("compare", path.parent, after)
    assert code == 2
    assert "outcomes-0.arrow cannot be read" in error


def test_what_cannot_be_compared_returns_2(call: Call, tmp_path: Path) -> None:
    before, after = written(tmp_path, "old"), written(tmp_path, "better")
    others = people().assign(person=[f"stranger {i}" for i in range(N)])
    flipped = people()
    flipped.loc[:6, "y"] = 1 - flipped.loc[:6, "y"]
    cases = {
        "A and B are both": (before, before),
        "no labelled row in common": (before, written(tmp_path, "worse", others)),
        "The true outcome of 7 of 1,200 rows": (before, written(tmp_path, "even", flipped)),
        "There is no store at": (before, "latest", "--store", tmp_path / "nowhere"),
        "audit file": (before, tmp_path / "absent.yaml"),
        "There is no measure 'f1'": (before, after, "--metric", "f1"),
        "The margin is -1.0": (before, after, "--margin", "-1"),
        "names no format of a comparison": (before, after, "--report", tmp_path / "c.xml"),
        "Invalid value for '--margin'": (before, after, "--margin", "wide"),
    }
    for said, arguments in cases.items():
        code, out, error = call("compare", *arguments)
        assert (code, out) == (2, ""), said
        assert said in error


def test_rows_without_ids_are_paired_on_the_same_file_alone(call: Call, tmp_path: Path) -> None:
    before = written(tmp_path, "old", row_id=False)
    after = written(tmp_path, "better", row_id=False)
    # Two files of the same bytes.
    assert call("compare", before, after)[0] == 0
    other = written(tmp_path, "worse", people().head(1000), row_id=False)
    code, _, error = call("compare", before, other)
    assert code == 2
    assert "no row_id tells which of their rows are the same" in error


def test_a_group_of_processes_is_refused(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    code, _, error = call("compare", written(tmp_path, "old"), written(tmp_path, "better"))
    assert code == 2
    assert "Run it without torchrun" in error
