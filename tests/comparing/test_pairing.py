"""Which rows of two versions are paired, and every reason why they can't be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auditkit.comparing import recorded
from auditkit.comparing.pairing import paired
from auditkit.errors import AuditkitError, DataError, ModelError, StoreError
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.models.head import Decision, Head, Outputs, Task
from tests.comparing.versions_made import deciding, kept, two, version, with_rows
from tests.sample_pairs import rows_of
from tests.samples import sample_record

N = 60
TARGET = np.arange(N) % 2
ALL = np.ones(N, dtype=bool)
MULTICLASS = Head("", Task.MULTICLASS, Outputs.PROBABILITIES, ("x", "y", "z"))


def test_rows_are_joined_whatever_their_order() -> None:
    before, after = two(7, 3, N)
    (outcomes,) = after.kept
    shuffled = outcomes.rows.part(np.random.default_rng(0).permutation(N))
    ((pair,), notes) = paired(before, replace(after, kept=(kept(shuffled),)))
    assert (int(pair.wins.sum()), int(pair.losses.sum()), len(pair)) == (7, 3, N)
    assert notes == []


def test_rows_that_one_version_alone_answered_are_told_of() -> None:
    before, after = two(7, 3, N)
    (outcomes,) = after.kept
    later = replace(after, kept=(replace(outcomes, rows=outcomes.rows.part(np.arange(40))),))
    ((pair,), notes) = paired(before, replace(later, data="sha256:other"))
    assert len(pair) == 40
    assert notes == [
        "40 of 60 labelled rows of A (a.yaml) were compared; 20 were not kept, or are not among "
        "those of the other.",
        "40 of 60 labelled rows of B (b.yaml) were compared; 20 were not kept, or are not among "
        "those of the other.",
        "The two were evaluated on different data; compared are the rows whose ids both have.",
    ]


def test_rows_without_ids_are_joined_on_the_same_data_alone() -> None:
    before, after = (
        replace(one, kept=(kept(one.kept[0].rows, named=False),)) for one in two(1, 2, N)
    )
    assert len(paired(before, after)[0][0]) == N
    refused(before, replace(after, data="sha256:other"), DataError, "no row_id tells which")


def test_heads_that_one_version_alone_has_are_told_of() -> None:
    def head(name: str) -> Head:
        return replace(MULTICLASS, name=name, task=Task.BINARY, classes=("0", "1"),
                       decision=Decision())  # fmt: skip

    before = version("a", *(kept(deciding(ALL, TARGET, head(name))) for name in ("p", "q")))
    after = version("b", *(kept(deciding(ALL, TARGET, head(name))) for name in ("q", "r")))
    pairs, notes = paired(before, after)
    assert [pair.view.key.head for pair in pairs] == ["q"]
    assert notes == [
        "Only A has the outputs 'p'; they were not compared.",
        "Only B has the outputs 'r'; they were not compared.",
    ]
    refused(replace(before, kept=before.kept[:1]), after, ModelError, "no output in common")


def refused(before: object, after: object, kind: type[AuditkitError], said: str) -> None:
    with pytest.raises(kind, match=said) as caught:
        paired(before, after)
    assert caught.value.mend


def test_rows_of_other_salts_are_refused() -> None:
    before, after = two(7, 3, N)
    other = replace(after, kept=(kept(after.kept[0].rows, "another salt"),))
    refused(before, other, StoreError, "named by different salts, since they were kept in diff")


def test_ids_declared_in_one_version_alone_are_refused() -> None:
    before, after = two(7, 3, N)
    other = replace(after, kept=(kept(after.kept[0].rows, named=False),))
    refused(before, other, DataError, "a.yaml declare a row_id, and those of b.yaml do not")


def test_other_tasks_and_classes_are_refused() -> None:
    before, _ = two(7, 3, N)
    outputs = np.full((N, 3), 1 / 3)
    other = version("b", kept(with_three := rows(outputs)))
    refused(before, other, ModelError, "The task is binary in A and multiclass in B")
    renamed = replace(with_three.view.head, classes=("x", "y", "w"))
    one = version("a", kept(rows(outputs, renamed)))
    refused(one, other, ModelError, "'x', 'y', 'w' in A and 'x', 'y', 'z' in B")


def rows(outputs: np.ndarray, head: Head = MULTICLASS) -> OutcomeRows:
    return rows_of(outputs, TARGET, head, TARGET)


def test_labels_that_differ_are_refused_with_their_number() -> None:
    before, after = two(7, 3, N)
    changed = np.where(np.arange(N) < 4, 1 - TARGET, TARGET)
    refused(
        before, with_rows(after, target=changed), DataError,
        r"B \(b.yaml\) and A \(a.yaml\) can't be compared. The true outcome of 4 of 60 rows",
    )  # fmt: skip


def test_no_row_or_too_few_in_common_are_refused() -> None:
    before, after = two(7, 3, N)
    apart = np.arange(N, dtype=np.uint64)
    refused(before, with_rows(after, keys=apart + np.uint64(N)), DataError, "no labelled row in c")
    refused(before, with_rows(after, keys=apart + np.uint64(N - 4)), DataError, "4 rows in common")


def test_clusters_must_be_declared_alike() -> None:
    clusters = np.arange(N, dtype=np.uint64) // np.uint64(3)
    before, after = two(7, 3, N, clusters=clusters)
    assert paired(before, after)[0][0].p_value is None
    refused(before, with_rows(after, clusters=None), DataError, "a.yaml declare a cluster, and th")
    refused(with_rows(before, clusters=None), after, DataError, "b.yaml declare a cluster, and th")
    moved = clusters.copy()
    moved[:5] = 99
    refused(before, with_rows(after, clusters=moved), DataError, "5 of 60 rows belong to another")


def test_the_same_model_twice_is_refused_and_another_threshold_is_another_version() -> None:
    before, _ = two(7, 3, N)
    refused(before, replace(before, name="b"), ModelError, "are the same model")
    moved = with_rows(before, prediction=1 - before.kept[0].rows.prediction)
    assert len(paired(before, moved)[0]) == 1


def test_a_record_without_outcomes_says_what_would_mend_it() -> None:
    with pytest.raises(
        StoreError, match="keeps no outcomes, so that its rows can't be pa"
    ) as caught:
        recorded(sample_record(), {})
    assert "--keep-outcomes" in caught.value.mend
    with pytest.raises(StoreError, match="The outcomes kept in x cannot be read"):
        recorded(sample_record(), {"x": b"nonsense"})
