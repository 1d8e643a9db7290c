from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fsspec.implementations.local import LocalFileSystem

from auditkit.data import Columns, Dataset, dataset, images
from auditkit.data.media_source import MediaSource
from auditkit.errors import ConfigurationError, DataError
from tests.data.media_files import noise, png, write_images


def source_of(data: Dataset, split: str = "evaluation") -> MediaSource:
    source = data[split]
    assert isinstance(source, MediaSource)
    return source


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    write_images(tmp_path / "photos", {"cat": 5, "horse": 4})
    return tmp_path / "photos"


def test_a_folder_for_each_class(photos: Path, batches_of: Callable[..., Any]) -> None:
    source = source_of(dataset(images(photos), label="folder"))
    source.check()
    batches = batches_of(source, 4)
    assert [len(batch) for batch in batches] == [4, 4, 1]
    inputs = np.concatenate([batch.inputs for batch in batches])
    assert inputs.shape == (9, 3, 4, 6)
    assert inputs.dtype == np.float32
    np.testing.assert_array_equal(inputs[0], noise(3000).transpose(2, 0, 1) / np.float32(255))
    assert [str(one) for batch in batches for one in batch.targets] == ["cat"] * 5 + ["horse"] * 4
    assert batches[0].row_ids.tolist()[:2] == ["cat/000.png", "cat/001.png"]
    assert (batches[0].frame, batches[0].medium) == (None, "image")


def test_reading_again_gives_the_same_in_any_batch_size(
    photos: Path, batches_of: Callable[..., Any]
) -> None:
    source = source_of(dataset(images(photos), label="folder"))
    first = np.concatenate([batch.inputs for batch in batches_of(source, 4)])
    again = np.concatenate([batch.inputs for batch in batches_of(source, 3)])
    np.testing.assert_array_equal(first, again)
    assert source.rows == 9


def test_fragments_are_blocks_of_files(
    photos: Path, batches_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditkit.data.folder_tables._LEAST_PART", 4)
    source = source_of(dataset(images(photos), label="folder"))
    assert [(part.id, part.rows) for part in source.fragments()] == [
        ("rows 0-3", 4),
        ("rows 4-7", 4),
        ("rows 8-8", 1),
    ]
    assert [len(batch) for batch in batches_of(source, 3)] == [3, 1, 3, 1, 1]


def test_the_digest_is_of_paths_and_bytes(photos: Path) -> None:
    names = sorted(path.relative_to(photos).as_posix() for path in photos.rglob("*.png"))
    lines = "".join(
        f"{hashlib.sha256((photos / name).read_bytes()).hexdigest()}  {name}\n" for name in names
    )
    expected = "sha256:" + hashlib.sha256(lines.encode()).hexdigest()
    assert dataset(images(photos), label="folder").digest() == expected
    dataset(images(photos), label="folder", sha256=expected).check()
    (photos / "cat" / "000.png").rename(photos / "cat" / "zzz.png")
    assert dataset(images(photos), label="folder").digest() != expected
    with pytest.raises(DataError, match=r"but .* is pinned"):
        dataset(images(photos), label="folder", sha256=expected).check()


def test_damaged_files_are_named_counted_and_left_out(
    photos: Path, batches_of: Callable[..., Any]
) -> None:
    (photos / "cat" / "001.png").write_bytes(b"")
    (photos / "horse" / "002.png").write_bytes(b"no image")
    jpeg = png(noise(1, (40, 60, 3)), "JPEG")
    (photos / "cat" / "cut.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    data = dataset(images(photos, damaged=0.5), label="folder")
    source = source_of(data)
    source.check()
    batches = batches_of(source, 4)
    assert [len(batch) for batch in batches] == [4, 3]
    ids = [str(one) for batch in batches for one in batch.row_ids]
    assert not {"cat/001.png", "horse/002.png", "cat/cut.jpg"} & set(ids)
    (note,) = data.notes
    assert note.startswith(
        "3 units of the evaluation data (30 %) could not be read and were left out: 'cat/001.png' "
        "(it is empty (0 bytes)); 'cat/cut.jpg' (OSError: "
    )
    assert "'horse/002.png' (it is no image of a known format (PNG, JPEG," in note
    assert source.describe()["damaged"] == {"tolerated": 0.5, "units": 3}
    batches_of(source, 4)
    assert source.describe()["damaged"]["units"] == 3


def test_a_folder_inside_an_installed_package(
    photos: Path, batches_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "__init__.py").write_text("raise ImportError('a package is never imported')")
    monkeypatch.syspath_prepend(photos.parent)
    (batch,) = batches_of(dataset(images("package://photos/cat"))["evaluation"])
    assert batch.row_ids.tolist() == [f"{number:03}.png" for number in range(5)]


def test_what_was_not_read_to_its_end_has_no_share(photos: Path) -> None:
    (photos / "cat" / "000.png").write_bytes(b"")
    data = dataset(images(photos, damaged=0.5), label="folder")
    source = data["evaluation"]
    next(source.batches(source.fragments()[0], 2))
    assert data.notes[0].startswith("1 unit of the evaluation data could not be read and was left")


def test_more_damage_than_declared_stops_before_the_rest_is_read(photos: Path) -> None:
    (photos / "cat" / "000.png").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        dataset(images(photos), label="folder").check()
    assert str(caught.value).startswith(
        "1 of the 9 units of the evaluation data (11.1 %) cannot be read, more than the 1 % that "
        "are tolerated: 'cat/000.png' (it is empty (0 bytes))."
    )


def test_all_damaged_and_all_tolerated_is_still_no_data(
    photos: Path, batches_of: Callable[..., Any]
) -> None:
    for path in photos.rglob("*.png"):
        path.write_bytes(b"")
    source = source_of(dataset(images(photos, damaged=1), label="folder"))
    source.check()
    with pytest.raises(DataError, match="hold no rows"):
        batches_of(source)


def test_a_side_table_describes_a_flat_folder(
    tmp_path: Path, batches_of: Callable[..., Any]
) -> None:
    write_images(tmp_path, {"flat": 6})
    table = pd.DataFrame(
        {
            "file": [f"{place:03}.png" for place in (3, 0, 1, 2, 5, 4)],
            "kind": list("abcabc"),
            "site": ["x", "y"] * 3,
            "patient": [1, 1, 2, 2, 3, 3],
        }
    )
    data = dataset(
        images(tmp_path / "flat"), side_table=table, label="kind", groups=["site"],
        cluster="patient",
    )  # fmt: skip
    data.check()
    (batch,) = batches_of(data["evaluation"])
    by_file = table.set_index("file").loc[list(batch.row_ids)]
    assert list(batch.targets) == list(by_file["kind"])
    assert list(batch.groups["site"]) == list(by_file["site"])
    assert batch.clusters.tolist() == by_file["patient"].tolist()
    assert data.columns.row_id == "file"


def test_the_key_of_a_side_table_may_have_another_name(
    tmp_path: Path, batches_of: Callable[..., Any]
) -> None:
    write_images(tmp_path, {"flat": 3})
    (tmp_path / "labels.csv").write_text("name,y\n000.png,0\n001.png,1\n002.png,1\n")
    given = images(tmp_path / "flat")
    data = dataset(given, side_table=tmp_path / "labels.csv", label="y", row_id="name")
    (batch,) = batches_of(data["evaluation"])
    assert batch.targets.tolist() == [0, 1, 1]
    assert data.digest() != dataset(given, label=None).digest()


def test_a_row_of_the_side_table_without_a_file_is_damaged_not_dropped(
    tmp_path: Path, batches_of: Callable[..., Any]
) -> None:
    write_images(tmp_path, {"flat": 2})
    table = {"file": ["000.png", "001.png", "gone.png"], "y": [0, 1, 1]}
    data = dataset(images(tmp_path / "flat", damaged=0.5), side_table=table, label="y")
    assert [len(batch) for batch in batches_of(data["evaluation"])] == [2]
    assert "'gone.png' (there is no such file)" in data.notes[0]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"file": ["000.png"], "y": [0]}, "has no row for 1 of the 2 files: '001.png'"),
        ({"file": ["000.png"] * 2, "y": [0, 0]}, "names 1 files more than once: '000.png'"),
        ({"name": ["000.png"], "y": [0]}, "expected 'file', with the files' paths"),
        ({"file": ["000.png"], "folder": ["x"]}, "no other called 'file' or 'folder'"),
    ],
)
def test_a_side_table_that_does_not_fit(tmp_path: Path, table: Any, said: str) -> None:
    write_images(tmp_path, {"flat": 2})
    with pytest.raises(DataError, match=said):
        dataset(images(tmp_path / "flat"), side_table=table, label=None).check()


def test_files_at_the_top_of_class_folders_have_no_class(photos: Path) -> None:
    (photos / "stray.png").write_bytes(png(noise(5)))
    source = dataset(images(photos), label="folder")["evaluation"]
    with pytest.raises(DataError, match=r"Label column 'folder' .* has 1 missing value"):
        list(source.batches(source.fragments()[0], 99))


def test_sizes_that_differ_name_the_file_and_the_mend(photos: Path) -> None:
    (photos / "horse" / "big.png").write_bytes(png(noise(3, (8, 6, 3))))
    source = dataset(images(photos), label="folder")["evaluation"]
    source.check()
    with pytest.raises(DataError) as caught:
        list(source.batches(source.fragments()[0], 99))
    assert str(caught.value).startswith(
        "'horse/big.png' (evaluation data) has the shape (3, 8, 6), the first unit (3, 4, 6). "
        "Declare images.size: [height, width]"
    )
    sized = dataset(images(photos, size=(5, 7)), label="folder")["evaluation"]
    assert next(sized.batches(sized.fragments()[0], 99)).inputs.shape == (10, 3, 5, 7)


def test_other_files_are_not_passed_over_in_silence(photos: Path) -> None:
    (photos / "cat" / "notes.txt").write_text("x")
    (photos / "cat" / "one.heic").write_text("x")
    (photos / ".hidden.png").write_bytes(b"")
    (photos / "_noise_").mkdir()
    (photos / "_noise_" / "a.png").write_bytes(png(noise(9)))
    data = dataset(images(photos), label="folder")
    data.check()
    assert data["evaluation"].rows == 10
    assert data.notes == (
        f"Files of other kinds in {str(photos)!r} were not read (.txt: 1, .heic: 1).",
    )


def test_equal_bytes_under_two_names_are_noted(photos: Path) -> None:
    (photos / "horse" / "copy.png").write_bytes((photos / "cat" / "000.png").read_bytes())
    data = dataset(images(photos), label="folder")
    data.check()
    assert data.notes == (
        f"1 of the 10 files in {str(photos)!r} hold the same bytes as another, first "
        "'horse/copy.png' as 'cat/000.png': the same unit may have been counted more than once.",
    )


def test_links_out_of_the_folder_are_damaged(
    photos: Path, tmp_path: Path, batches_of: Callable[..., Any]
) -> None:
    (tmp_path / "secret.png").write_bytes(png(noise(2)))
    (photos / "cat" / "link.png").symlink_to(tmp_path / "secret.png")
    (photos / "cat" / "inner.png").symlink_to(photos / "cat" / "000.png")
    (photos / "cat" / "lost.png").symlink_to(photos / "nowhere.png")
    data = dataset(images(photos, damaged=0.3), label="folder")
    data.check()
    ids = [one for batch in batches_of(data["evaluation"]) for one in batch.row_ids]
    assert "cat/inner.png" in ids
    assert len(ids) == 10
    assert "'cat/link.png' (it is a link that leads out of the folder)" in data.notes[0]
    assert "'cat/lost.png' (there is no such file)" in data.notes[0]


def test_a_linked_folder_is_refused_since_its_files_would_be_missing(
    photos: Path, tmp_path: Path
) -> None:
    write_images(tmp_path / "other", {"x": 2})
    (photos / "dog").symlink_to(tmp_path / "other")
    with pytest.raises(DataError, match=r"'dog' in .* is a link to another folder"):
        dataset(images(photos), label="folder").check()


def test_a_pipe_is_not_waited_for_and_a_file_without_end_not_read(
    photos: Path, batches_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditkit.data.folders.MOST_BYTES", 5_000)
    os.mkfifo(photos / "cat" / "pipe.png")
    with (photos / "cat" / "huge.png").open("wb") as sparse:
        sparse.truncate(5_001)
    data = dataset(images(photos, damaged=0.3), label="folder")
    data.check()
    assert sum(map(len, batches_of(data["evaluation"]))) == 9
    assert "'cat/pipe.png' (it is no regular file)" in data.notes[0]
    assert "'cat/huge.png' (it has 5,001 bytes, more than 5,000)" in data.notes[0]


def test_a_name_that_is_no_utf8_is_refused_by_name(photos: Path) -> None:
    (photos / "note.\udcff").write_text("of another kind")
    data = dataset(images(photos), label="folder")
    data.check()
    data.notes[0].encode()
    (photos / "cat" / "\udcff.png").write_bytes(png(noise(1)))
    with pytest.raises(DataError, match=r"whose name is no UTF-8: 'cat/\\udcff\.png'"):
        dataset(images(photos), label="folder").check()


def test_a_folder_that_cannot_be_listed_does_not_vanish(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = LocalFileSystem.ls

    def refused(self: LocalFileSystem, path: str, *given: Any, **options: Any) -> Any:
        if str(path).endswith("horse"):
            raise PermissionError(13, "Permission denied", path)
        return listed(self, path, *given, **options)

    monkeypatch.setattr(LocalFileSystem, "ls", refused)  # root may list everything
    with pytest.raises(DataError, match=r"cannot be read: PermissionError.*horse"):
        dataset(images(photos), label="folder").check()


@pytest.mark.parametrize("kind", ["none", "empty", "texts"])
def test_a_folder_without_images(tmp_path: Path, kind: str) -> None:
    if kind != "none":
        (tmp_path / "folder").mkdir()
    if kind == "texts":
        (tmp_path / "folder" / "a.txt").write_text("x")
    said = "There is no folder" if kind == "none" else "holds no file with the suffix .png, .jpg"
    with pytest.raises(DataError, match=said):
        dataset(images(tmp_path / "folder"), label="folder").check()


def test_a_file_that_changes_while_it_is_audited_is_an_error(
    photos: Path, batches_of: Callable[..., Any]
) -> None:
    source = dataset(images(photos), label="folder")["evaluation"]
    source.check()
    (photos / "cat" / "003.png").write_bytes(png(noise(77, (4, 6, 3)))[:-1] + b"xx")
    with pytest.raises(DataError, match="has changed since the audit opened it"):
        batches_of(source)


def test_splits_of_one_folder_by_a_column(tmp_path: Path, batches_of: Callable[..., Any]) -> None:
    write_images(tmp_path, {"flat": 6})
    table = {"file": [f"{place:03}.png" for place in range(6)], "y": [0, 1] * 3,
             "fold": ["old"] * 4 + ["new"] * 2}  # fmt: skip
    data = dataset(
        data=images(tmp_path / "flat"), side_table=table, label="y",
        split={"column": "fold", "values": {"training": "old", "evaluation": "new"}},
    )  # fmt: skip
    assert sum(len(batch) for batch in batches_of(data["training"])) == 4
    assert sum(len(batch) for batch in batches_of(data["evaluation"])) == 2


def test_inputs_of_another_kind_need_no_class(photos: Path, batches_of: Callable[..., Any]) -> None:
    data = dataset(images(photos), outside=images(photos), label="folder", groups=["folder"])
    (batch,) = batches_of(data["outside"])
    assert batch.targets is None
    assert len(batch) == 9


def test_features_and_side_tables_where_they_mean_nothing(photos: Path) -> None:
    with pytest.raises(ConfigurationError, match="features 'age' are declared"):
        dataset(images(photos), label="folder", features=["age"])
    with pytest.raises(ConfigurationError, match="no column that holds them"):
        images({"png": []})
    with pytest.raises(ConfigurationError, match="damaged is 2"):
        images(photos, damaged=2)
    with pytest.raises(ConfigurationError, match="a side table goes with folders"):
        dataset(images({"png": [b"x"]}, column="png"), side_table={"file": []})


def test_the_declaration_is_part_of_what_is_audited(photos: Path) -> None:
    plain = source_of(dataset(images(photos), label="folder"))
    sized = source_of(dataset(images(photos, size=8), label="folder"))
    strict = source_of(dataset(images(photos, damaged=0), label="folder"))
    identities = [repr(source.identity()) for source in (plain, sized, strict)]
    assert len(set(identities)) == 3
    assert str(photos) not in identities[0]
    assert plain.columns == Columns(label="folder", features=("file",), row_id="file")
