"""S3 as a store: how often it is asked, and what is said when it can't answer."""

from __future__ import annotations

import itertools
import socket
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from stepwell.errors import NotFound, StoreError, UsageError
from stepwell.store.opening import open_store
from tests.runtime.conftest import S3


def test_a_listing_is_fetched_as_it_is_consumed(s3: S3) -> None:
    """The first thousand of 2,500 keys cost one request, all of them three."""
    bucket = s3.new_bucket()
    for number in range(2500):
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(bucket, f"index/{number:05}", b"")
    store = open_store(f"s3://{bucket}")
    first = list(itertools.islice(store.list("index/"), 1000))
    assert [info.key for info in first[:2]] == ["index/00000", "index/00001"]
    assert len(s3.requests) == 1
    s3.requests.clear()
    assert len(list(store.list("index/"))) == 2500
    assert len(s3.requests) == 3
    s3.requests.clear()
    assert next(store.list("index/", start_after="index/01999")).key == "index/02000"
    assert len(s3.requests) == 1


def test_prefix(s3: S3) -> None:
    """The prefix of the URL stands before every key, and in none that is listed."""
    bucket = s3.new_bucket()
    open_store(f"s3://{bucket}/team/data").put("a/b", b"x")
    assert [info.key for info in open_store(f"s3://{bucket}").list("")] == ["team/data/a/b"]
    assert [info.key for info in open_store(f"s3://{bucket}/team/data/").list("a/")] == ["a/b"]


def test_a_column_costs_its_own_bytes(s3: S3) -> None:
    """Of a wide Parquet file one column costs the footer's request and one range of its own size."""
    store = open_store(f"s3://{s3.new_bucket()}")
    table = pa.table({f"c{number}": pa.array(range(200_000)) for number in range(10)})
    with store.staging() as path:
        pq.write_table(table, path, use_dictionary=False, compression="none")
        store.put_file("wide.parquet", path)
    s3.requests.clear()
    read = pq.ParquetFile(store.open("wide.parquet"), pre_buffer=True).read(columns=["c3"])
    assert read.equals(table.select(["c3"]))
    footer, column = s3.requests
    assert footer.range == "bytes=-65536"
    assert column.range is not None
    start, end = map(int, column.range.removeprefix("bytes=").split("-"))
    assert 1_600_000 <= end - start + 1 < 1_700_000


def test_a_small_object_opens_with_one_request(s3: S3) -> None:
    """An object up to 64 KiB is opened and read whole with one request."""
    store = open_store(f"s3://{s3.new_bucket()}")
    store.put("small", b"x" * 65_536)
    s3.requests.clear()
    assert store.open("small").read() == b"x" * 65_536
    assert len(s3.requests) == 1


def test_a_large_range_is_read_in_parts(s3: S3) -> None:
    """A range over 8 MiB is fetched by several requests that come together as one."""
    store = open_store(f"s3://{s3.new_bucket()}")
    data = bytes(range(256)) * (80 << 10)
    store.put("large", data)
    s3.requests.clear()
    assert store.open("large").read() == data
    assert len(s3.requests) == 1 + 3


def test_missing_bucket(s3: S3) -> None:
    """A bucket that isn't there is said to be the trouble, not the object."""
    store = open_store("s3://stepwell-no-such-bucket")
    for read in (lambda: store.get("key"), lambda: list(store.list("ns/")), lambda: store.put("key", b"")):
        with pytest.raises(StoreError, match="no such bucket") as caught:
            read()
        assert not isinstance(caught.value, NotFound)
        assert "\n" not in str(caught.value)


def test_nobody_there(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint that refuses connections is one clear line within 20 seconds."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused.getsockname()[1]}")
        store = open_store("s3://bucket")
        start = time.monotonic()
        with pytest.raises(StoreError, match="AWS_ENDPOINT_URL") as caught:
            store.get("key")
    assert time.monotonic() - start < 20
    assert "\n" not in str(caught.value)


def test_no_credentials(s3: S3, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where there are no credentials at all, the error says so and how to get some."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", s3.url + "/no-such-bucket")
    with pytest.raises(StoreError, match="no AWS credentials; log in"):
        open_store("s3://bucket").get("key")


def test_endpoint_that_is_no_url(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint without http:// is refused by its value before anything is sent."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:5000")
    with pytest.raises(StoreError, match="'localhost:5000'; it must begin with http://"):
        open_store("s3://bucket")


@pytest.mark.parametrize("url", ["s3://", "s3:///prefix", "gs://bucket", "http://bucket", "memory:// "])
def test_other_urls(url: str) -> None:
    """A URL that is no datastore is refused with what is allowed."""
    with pytest.raises(UsageError, match="s3://BUCKET"):
        open_store(url)


def test_profile(s3: S3, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keys in a profile of the shared files are used where the environment has none."""
    bucket = s3.new_bucket()
    credentials = tmp_path / "credentials"
    credentials.write_text("[team]\naws_access_key_id = a\naws_secret_access_key = b\n")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_PROFILE", "team")
    store = open_store(f"s3://{bucket}")
    store.put("key", b"x")
    assert store.get("key") == b"x"


def test_unknown_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A profile that isn't there is one clear line that names it."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(StoreError, match=r"'nobody'.*aws sso login"):
        open_store("s3://bucket")
