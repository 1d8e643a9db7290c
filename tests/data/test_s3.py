"""Tables in an S3 store (a moto server in this process), read through fsspec and s3fs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from moto.server import ThreadedMotoServer

from auditkit.data import Columns, Group, dataset, images, table
from auditkit.data.locations import locate
from auditkit.errors import DataError
from tests.data.media_files import noise, png

COLUMNS = Columns(label="loan", features=("age",), groups=(Group("sex", "sex"),), row_id="person")


@pytest.fixture(scope="module")
def storage() -> Iterator[dict[str, Any]]:
    """Options under which fsspec reaches a store with an empty bucket `audits`."""
    import s3fs

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    options = {
        "key": "testing",
        "secret": "testing",
        "endpoint_url": f"http://{host}:{port}",
        "client_kwargs": {"region_name": "eu-central-1"},
    }
    store = s3fs.S3FileSystem(**options)
    store.mkdir("audits")
    yield options
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


@pytest.fixture
def put(storage: dict[str, Any], written: Any) -> Any:
    import s3fs

    def upload(frame: pd.DataFrame, name: str) -> str:
        store = s3fs.S3FileSystem(**storage)
        content = written(frame, name).read_bytes()
        store.pipe(f"audits/{name}", content)
        return hashlib.sha256(content).hexdigest()

    return upload


def test_tables_on_s3(
    people: pd.DataFrame, put: Any, storage: dict[str, Any], whole: Any, suffix: str
) -> None:
    put(people, f"people{suffix}")
    source = table(f"s3://audits/people{suffix}", COLUMNS, storage=storage)
    source.check()
    read = whole(source, 7)
    assert read["row_ids"].tolist() == people["person"].tolist()
    assert read["groups"]["sex"] == people["sex"].tolist()
    described = source.describe()
    assert described["digest"].startswith("manifest:")
    assert described["location"] == f"s3://audits/people{suffix}"


def test_the_manifest_follows_the_object(
    people: pd.DataFrame, put: Any, storage: dict[str, Any]
) -> None:
    uri = "s3://audits/versions.csv"
    sha256 = put(people, "versions.csv")
    first = table(uri, COLUMNS, storage=storage).digest()
    assert first == table(uri, COLUMNS, storage=storage).digest()
    assert table(uri, COLUMNS, storage=storage, sha256=sha256).digest() == f"sha256:{sha256}"
    put(people.iloc[::-1], "versions.csv")
    assert table(uri, COLUMNS, storage=storage).digest() != first
    with pytest.raises(DataError, match=f"but {sha256} is pinned"):
        table(uri, COLUMNS, storage=storage, sha256=sha256).check()


def test_an_object_replaced_after_opening(
    people: pd.DataFrame, put: Any, storage: dict[str, Any]
) -> None:
    put(people, "live.csv")
    (file,) = locate("s3://audits/live.csv", storage=storage)
    put(people.iloc[:10], "live.csv")
    with pytest.raises(DataError, match=r"s3://audits/live\.csv has changed since"):
        file.open()


def test_globs_and_folders(people: pd.DataFrame, put: Any, storage: dict[str, Any]) -> None:
    for place in (1, 0):
        put(people.iloc[place * 30 : place * 30 + 30], f"parts/{place}.parquet")
    for uri in ("s3://audits/parts/*.parquet", "s3://audits/parts"):
        made = dataset(evaluation=uri, label="loan", storage=storage)
        made.check()
        assert made["evaluation"].rows == 60


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("s3://audits/absent.csv", "There is no file 's3://audits/absent.csv'."),
        ("s3://audits/*.absent", r"No file matches 's3://audits/\*.absent'."),
        ("s3://no-such-bucket/data.csv", "There is no file 's3://no-such-bucket/data.csv'."),
    ],
)
def test_what_is_not_there(uri: str, text: str, storage: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=text):
        locate(uri, storage=storage)


def test_a_store_that_does_not_answer(storage: dict[str, Any]) -> None:

    silent = {
        **storage,
        "endpoint_url": "http://127.0.0.1:9",
        "config_kwargs": {"retries": {"max_attempts": 0}, "connect_timeout": 1},
    }
    with pytest.raises(DataError, match=r"s3://audits/x\.csv cannot be read: .*") as caught:
        locate("s3://audits/x.csv", storage=silent)
    assert "credentials and address" in caught.value.mend


def test_a_folder_of_images_on_s3(storage: dict[str, Any], batches_of: Any) -> None:
    import s3fs

    store = s3fs.S3FileSystem(**storage)
    for name in ("cat/0", "cat/1", "dog/0"):
        store.pipe(f"audits/photos/{name}.png", png(noise(len(name))))
    store.pipe("audits/photos/dog/1.png", b"no image")
    given = images("s3://audits/photos", damaged=0.3)
    data = dataset(given, label="folder", storage=storage)
    data.check()
    (batch,) = batches_of(data["evaluation"])
    assert batch.row_ids.tolist() == ["cat/0.png", "cat/1.png", "dog/0.png"]
    assert "'dog/1.png' (it is no image" in data.notes[0]
    digest = data.digest()
    assert digest.startswith("manifest:")
    store.pipe("audits/photos/dog/1.png", png(noise(3)))
    assert dataset(given, label="folder", storage=storage).digest() != digest
    table_of_paths = images({"path": ["cat/0.png", "gone.png"]}, column="path",
                            folder="s3://audits/photos", damaged=0.5)  # fmt: skip
    (batch,) = batches_of(dataset(table_of_paths, storage=storage)["evaluation"])
    assert len(batch) == 1
