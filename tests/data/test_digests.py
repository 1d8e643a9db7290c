"""Digests of files, frames and sets of splits."""

from __future__ import annotations

import hashlib
from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
import pytest

from auditkit.data.digests import combined_digest, files_digest, frame_digest, plain_sha256
from auditkit.data.locations import locate
from auditkit.errors import ConfigurationError, DataError


def test_one_local_file_has_the_digest_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"x\n1\n")
    expected = hashlib.sha256(b"x\n1\n").hexdigest()
    files = locate(tmp_path / "a.csv")
    assert files_digest(files) == f"sha256:{expected}"
    assert files_digest(files, pinned=f"sha256:{expected.upper()}") == f"sha256:{expected}"


def test_several_local_files_are_digested_as_sha256sum_prints(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"1")
    (tmp_path / "b.csv").write_bytes(b"2")
    lines = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        for name, content in (("a.csv", b"1"), ("b.csv", b"2"))
    )
    expected = hashlib.sha256(lines.encode()).hexdigest()
    assert files_digest(locate(str(tmp_path / "*.csv"))) == f"sha256:{expected}"


def test_another_file_than_the_pinned_one(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"x")
    found = hashlib.sha256(b"x").hexdigest()
    with pytest.raises(DataError) as caught:
        files_digest(locate(tmp_path / "a.csv"), pinned="0" * 64)
    assert f"a.csv has sha256 {found}, but {'0' * 64} is pinned." in str(caught.value)


@pytest.mark.parametrize("pinned", ["abc", "md5:" + "0" * 32, "g" * 64])
def test_a_pinned_digest_that_is_none(pinned: str) -> None:
    with pytest.raises(ConfigurationError, match="is no sha256"):
        plain_sha256(pinned)


def test_remote_files_have_a_manifest_that_changes_with_the_version() -> None:
    store = fsspec.filesystem("memory")
    store.pipe("/digests/a.csv", b"x\n1\n")
    try:
        first = files_digest(locate("memory://digests/a.csv"))
        assert first.startswith("manifest:")
        assert first == files_digest(locate("memory://digests/a.csv"))
        store.pipe("/digests/a.csv", b"x\n2\n")  # the same size
        assert files_digest(locate("memory://digests/a.csv")) != first
        pinned = hashlib.sha256(b"x\n2\n").hexdigest()
        assert files_digest(locate("memory://digests/a.csv"), pinned) == f"sha256:{pinned}"
    finally:
        store.rm("/digests", recursive=True)


@pytest.mark.parametrize(
    "other",
    [
        pd.DataFrame({"x": [1, 2], "s": ["a", "c"]}),
        pd.DataFrame({"y": [1, 2], "s": ["a", "b"]}),
        pd.DataFrame({"x": [1.0, 2.0], "s": ["a", "b"]}),
        pd.DataFrame({"x": [2, 1], "s": ["b", "a"]}),
        pd.DataFrame({"s": ["a", "b"], "x": [1, 2]}),
    ],
)
def test_the_digest_of_a_frame_sees_every_difference(other: pd.DataFrame) -> None:
    frame = pd.DataFrame({"x": [1, 2], "s": ["a", "b"]})
    assert frame_digest(frame) == frame_digest(frame.set_index(np.array([5, 6])))
    assert frame_digest(frame) != frame_digest(other)


def test_a_frame_of_lists_and_one_that_cannot_be_digested() -> None:
    lists = pd.DataFrame({"x": [[1, 2], [3]]})
    assert frame_digest(lists) == frame_digest(lists.copy(deep=True))
    assert frame_digest(lists) != frame_digest(pd.DataFrame({"x": [[1, 2], [4]]}))
    with pytest.raises(DataError, match="Column 'x' holds values that cannot be digested"):
        frame_digest(pd.DataFrame({"x": [[1], {"a": 2}]}))


def test_splits_together_are_a_manifest_as_soon_as_one_is() -> None:
    one, other = "sha256:" + "0" * 64, "manifest:" + "1" * 64
    assert combined_digest({"evaluation": one}) == one
    assert combined_digest({"evaluation": one, "training": one}).startswith("sha256:")
    assert combined_digest({"evaluation": one, "training": other}).startswith("manifest:")
    assert combined_digest({"a": one, "b": other}) == combined_digest({"b": other, "a": one})
