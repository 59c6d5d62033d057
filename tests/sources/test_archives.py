"""Archives: formats, compressions, days; and that bad input costs itself and says so in one line."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dataframely as dy
import fsspec
import polars as pl
import pytest

from pipeline.schemas import Fetches, Raw
from pipeline.settings import Archive, Config, Outlet
from pipeline.sources import archives
from pipeline.sources.archives import KEPT_BYTES

from .conftest import Web, fetch

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

DAY = date(2026, 1, 5)
TODAY = date(2026, 3, 1)
OUTLETS = (
    Outlet(domain="harbourtimes.example", name="Harbour Times"),
    Outlet(domain="islandpost.example", name="Island Post"),
)
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".zst": zstd.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


def line(**fields: Any) -> bytes:
    """One line of the format; a field given as `...` is left out."""
    record = {
        "url": "http://harbourtimes.example/a",
        "outlet": "harbourtimes.example",
        "title": "City keeps its harbour",
        "published_at": "2026-01-05T09:00:00Z",
        "text": "The mayor said no.",
    } | fields
    return json.dumps({key: value for key, value in record.items() if value is not ...}).encode()


def read(url: str | Path, day: date = DAY) -> tuple[dy.DataFrame[Raw], dy.DataFrame[Fetches]]:
    config = Config(outlets=OUTLETS, archives=(Archive(url=str(url)),))
    return fetch(config, "archive-0", day, today=TODAY)


def read_lines(folder: Path, *lines: bytes) -> dy.DataFrame[Raw]:
    (folder / "2026-01-05.jsonl").write_bytes(b"\n".join(lines))
    return read(folder / "{day}.jsonl")[0]


def problem(fetches: dy.DataFrame[Fetches], status: str) -> str:
    """The one line that every row of a source says that gave nothing."""
    assert fetches["status"].to_list() == [status] * len(OUTLETS)
    assert fetches["records"].sum() == 0
    (said,) = set(fetches["problem"])
    assert "\n" not in said
    return str(said)


# --- what is read -----------------------------------------------------------------------------------------------------


def test_a_line_becomes_a_record_with_all_that_it_tells(tmp_path: Path) -> None:
    raw = read_lines(tmp_path, line(text="Größe\n\nzwei", authors=["Joan Merrow", "Ola Nord"]))
    (row,) = raw.drop("raw_id").rows(named=True)
    assert row == {
        "day": DAY,
        "outlet": "harbourtimes.example",
        "source": "archive-0",
        "url": "http://harbourtimes.example/a",
        "media_type": "text/plain",
        "content": "Größe\n\nzwei".encode(),
        "title": "City keeps its harbour",
        "published_at": datetime(2026, 1, 5, 9, tzinfo=UTC),
        "authors": ["Joan Merrow", "Ola Nord"],
        "problem": None,
    }


def test_a_line_may_hold_the_page_instead(tmp_path: Path) -> None:
    raw = read_lines(tmp_path, line(html="<p>Größe", text=..., title=None, published_at=None))
    assert raw.select("media_type", "content", "title", "published_at", "problem").row(0) == (
        "text/html; charset=utf-8",
        "<p>Größe".encode(),
        None,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("given", "time"),
    [
        ("2026-01-05T09:00:00+02:00", datetime(2026, 1, 5, 7, tzinfo=UTC)),
        ("2026-01-05T09:00:00", datetime(2026, 1, 5, 9, tzinfo=UTC)),
        ("2026-01-05", datetime(2026, 1, 5, tzinfo=UTC)),
    ],
)
def test_times_are_stored_in_utc(tmp_path: Path, given: str, time: datetime) -> None:
    assert read_lines(tmp_path, line(published_at=given))["published_at"].to_list() == [time]


@pytest.mark.parametrize("suffix", COMPRESSIONS)
def test_every_compression_reads_the_same(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"2026-01-05.jsonl{suffix}").write_bytes(
        COMPRESSIONS[suffix](line() + b"\n" + line(text="More.") + b"\n")
    )
    raw, fetches = read(f"{tmp_path}/{{day}}.jsonl{suffix}")
    assert raw["content"].to_list() == [b"The mayor said no.", b"More."]
    assert fetches.select("outlet", "status", "records", "problem").rows() == [
        ("harbourtimes.example", "fetched", 2, None),
        ("islandpost.example", "empty", 0, None),
    ]


def test_a_compressed_file_may_be_of_several_members(tmp_path: Path) -> None:
    (tmp_path / "2026-01-05.gz").write_bytes(gzip.compress(line() + b"\n") + gzip.compress(line(text="More.") + b"\n"))
    assert read(tmp_path / "{day}.gz")[0].height == 2


def test_the_bytes_tell_the_compression_and_the_name_does_not(tmp_path: Path) -> None:
    (tmp_path / "2026-01-05.jsonl").write_bytes(gzip.compress(line()))
    assert read(tmp_path / "{day}.jsonl")[0].height == 1


def test_an_archive_without_a_day_in_its_name_gives_the_records_of_the_day(tmp_path: Path) -> None:
    times = ["2026-01-04T23:59:59Z", "2026-01-05T00:00:00Z", "2026-01-05T23:59:59Z", "2026-01-06T00:00:00Z"]
    times += ["2026-01-06T01:00:00+02:00"]
    (tmp_path / "all.jsonl").write_bytes(b"\n".join(line(published_at=time, text=time) for time in times))
    assert read(tmp_path / "all.jsonl")[0]["content"].to_list() == [time.encode() for time in (*times[1:3], times[4])]


def test_the_same_file_gives_the_same_rows_and_a_repeated_line_two(tmp_path: Path) -> None:
    raw = read_lines(tmp_path, line(), b"", line(), b"{", b"{")
    assert raw["raw_id"].n_unique() == raw.height == 4
    assert raw.equals(read(tmp_path / "{day}.jsonl")[0])


def test_an_archive_is_read_over_http(web: Web) -> None:
    web.pages["/2026-01-05.jsonl.gz"] = (200, {"Content-Type": "application/gzip"}, gzip.compress(line()))
    assert read(f"{web.address}/{{day}}.jsonl.gz")[0].height == 1


@pytest.mark.parametrize("row_group_size", [1, 1000])
def test_parquet_has_the_fields_as_columns(tmp_path: Path, row_group_size: int) -> None:
    good = json.loads(line()) | {"html": None, "authors": ["Joan Merrow"], "something": "else"}
    rows = [good, good | {"url": "/no-address"}, good | {"outlet": "newpaper.example"}, good | {"text": None}]
    pl.DataFrame(rows).write_parquet(tmp_path / "2026-01-05.parquet", row_group_size=row_group_size)
    raw = read(tmp_path / "{day}.parquet")[0]
    assert raw.height == 4
    assert raw.select("url", "content", "authors", "published_at").row(0) == (
        "http://harbourtimes.example/a",
        b"The mayor said no.",
        ["Joan Merrow"],
        datetime(2026, 1, 5, 9, tzinfo=UTC),
    )
    assert [problem and problem.partition(":")[0] for problem in raw["problem"]] == [
        None,
        "invalid_record",
        "unknown_outlet",
        "invalid_record",
    ]
    assert "2026-01-05.parquet row 2: url: " in raw["problem"][1]


def test_parquet_without_a_day_in_its_name_gives_the_rows_of_the_day(tmp_path: Path) -> None:
    times = [datetime(2026, 1, n, 9, tzinfo=UTC) for n in (4, 5, 6)]
    pl.DataFrame([json.loads(line()) | {"published_at": time} for time in times]).write_parquet(
        tmp_path / "all.parquet"
    )
    assert read(tmp_path / "all.parquet")[0]["published_at"].to_list() == [times[1]]


@pytest.mark.parametrize("kept", [4, 0.5, 0.99])
def test_a_truncated_parquet_file_gives_no_record(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "2026-01-05.parquet"
    pl.DataFrame([json.loads(line())]).write_parquet(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept if kept > 1 else kept * len(whole))])
    assert_matches("is damaged.*run the day again", problem(read(tmp_path / "{day}.parquet")[1], "failed"))


def test_an_archive_may_lie_in_an_object_store() -> None:
    with fsspec.open("memory://news/2026-01-05.jsonl.gz", "wb") as file:
        file.write(gzip.compress(line()))
    assert read("memory://news/{day}.jsonl.gz")[0].height == 1


# --- bad lines --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b'{"url": "http://harbourtimes.example/a"', "Invalid JSON"),
        (b"[1, 2]", "line 2"),
        (b"\xff\xfe\x00", "Invalid JSON"),
        (b"[" * 100_000, "Invalid JSON"),
        (line().replace(b"mayor", b"\\ud800"), "Invalid JSON"),
        (line(url=...), "url: Field required"),
        (line(url="/a"), "url: .*not an http or https address"),
        (line(outlet=None), "outlet: "),
        (line(title=...), "title: Field required"),
        (line(title=None), "title is empty"),
        (line(published_at="yesterday"), "published_at: "),
        (line(published_at="0001-01-01T00:00:00+10:00"), "published_at: "),
        (line(text=...), "neither html nor text"),
        (line(text=5), "text: "),
    ],
)
def test_a_bad_line_costs_itself_and_says_where_and_why(tmp_path: Path, bad: bytes, said: str) -> None:
    raw = read_lines(tmp_path, line(text="first"), bad, line(text="last"))
    assert raw["content"].to_list() == [b"first", bad, b"last"]
    assert raw["media_type"][1] == "application/json"
    assert raw["problem"].is_null().to_list() == [True, False, True]
    pattern = (
        rf"^invalid_record: .*2026-01-05\.jsonl line 2: .*{said.removeprefix('line 2')}.*; a line is one JSON object"
    )
    assert_matches(pattern, raw["problem"][1])


def assert_matches(pattern: str, text: str) -> None:
    with pytest.raises(Exception, match=pattern):
        raise Exception(text)
    assert "\n" not in text


def test_a_record_of_an_unknown_outlet_is_kept_whole_with_its_problem(tmp_path: Path) -> None:
    raw = read_lines(tmp_path, line(outlet="newpaper.example"))
    assert raw.select("outlet", "content", "media_type").row(0) == (
        "newpaper.example",
        b"The mayor said no.",
        "text/plain",
    )
    assert_matches(r"^unknown_outlet: .* line 1 names 'newpaper.example'; add the outlet", raw["problem"][0])


def test_a_line_over_the_cap_is_refused_and_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_RECORD_BYTES", 200_000)
    raw = read_lines(tmp_path, line(text="x" * 700_000), line())
    assert raw["content"].bin.size().to_list() == [KEPT_BYTES, len(b"The mayor said no.")]
    assert_matches("^invalid_record: .* line 1 is longer than 200,000 bytes", raw["problem"][0])


def test_a_record_without_a_time_cannot_be_placed_by_an_archive_without_a_day(tmp_path: Path) -> None:
    (tmp_path / "all.jsonl").write_bytes(line(published_at=None))
    assert_matches("^invalid_record: .*published_at is null", read(tmp_path / "all.jsonl")[0]["problem"][0])


# --- bad files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".gz", ".zst", ".bz2", ".xz"])
@pytest.mark.parametrize("kept", [0, 3, 0.5, 0.99])
def test_a_truncated_file_gives_no_record_and_says_so(tmp_path: Path, suffix: str, kept: float) -> None:
    whole = COMPRESSIONS[suffix](b"\n".join(line(text=str(n) * n) for n in range(300)))
    path = tmp_path / f"2026-01-05.jsonl{suffix}"
    path.write_bytes(whole[: int(kept if kept > 1 else kept * len(whole))])
    raw, fetches = read(f"{tmp_path}/{{day}}.jsonl{suffix}")
    assert raw.is_empty()
    assert_matches(rf"^{path} is (cut off|not compressed).*run the day again$", problem(fetches, "failed"))
    path.write_bytes(whole)
    assert read(f"{tmp_path}/{{day}}.jsonl{suffix}")[0].height == 300


@pytest.mark.parametrize("suffix", [".gz", ".zst", ".bz2", ".xz"])
def test_a_damaged_file_gives_no_record_and_says_so(tmp_path: Path, suffix: str) -> None:
    whole = bytearray(COMPRESSIONS[suffix](b"\n".join(line(text=str(n)) for n in range(300))))
    middle = len(whole) // 2
    whole[middle : middle + 20] = b"\x55" * 20
    (tmp_path / f"2026-01-05{suffix}").write_bytes(whole)
    raw, fetches = read(f"{tmp_path}/{{day}}{suffix}")
    assert raw.is_empty()
    assert_matches(r"2026-01-05\.\w+", problem(fetches, "failed"))


def test_a_day_without_a_file_is_a_gap(tmp_path: Path, web: Web) -> None:
    for url in (f"{tmp_path}/{{day}}.jsonl", f"{web.address}/{{day}}.jsonl", f"file://{tmp_path}/{{day}}.jsonl"):
        raw, fetches = read(url)
        assert raw.is_empty()
        assert_matches(r"^there is no .*2026-01-05\.jsonl; .*put the file there", problem(fetches, "gap"))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("{folder}/nowhere/{{day}}.jsonl", "^there is no folder .*nowhere; check the archive's `url`"),
        ("{folder}/all.jsonl", "^there is no .*all.jsonl; check the archive's `url`"),
        ("{folder}", "^cannot read .*: Is a directory; check the archive's `url`"),
        ("s33://bucket/{{day}}.jsonl", "^cannot open s33://.*[Pp]rotocol.*; check the archive's `url`"),
        ("http://127.0.0.1:9/{{day}}.jsonl", "^cannot fetch http://127.0.0.1:9/2026-01-05.jsonl: .*run the day again$"),
    ],
)
def test_a_mistaken_address_fails_and_says_what_to_check(tmp_path: Path, url: str, said: str) -> None:
    assert_matches(said, problem(read(url.format(folder=tmp_path))[1], "failed"))


# --- WARC -------------------------------------------------------------------------------------------------------------


def warc(*, compressed: bool = True, hosts: tuple[str, ...] = ("www.harbourtimes.example",)) -> bytes:
    """Four answers of each host, one of them a page of the day; a record is a gzip member, as crawlers write it."""
    records = []
    for host in hosts:
        for path, status, media_type, time in (
            ("/a", "200 OK", "text/html; charset=windows-1252", "2026-01-05T10:00:00Z"),
            ("/b", "404 Not Found", "text/html", "2026-01-05T10:00:00Z"),
            ("/c.png", "200 OK", "image/png", "2026-01-05T10:00:00Z"),
            ("/d", "200 OK", "text/html", "2026-01-06T00:00:00Z"),
        ):
            body = f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\n\r\n<p>Größe {path}".encode("windows-1252")
            head = (
                f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{len(records)}>\r\n"
                f"WARC-Target-URI: http://{host}{path}\r\nWARC-Date: {time}\r\n"
                f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            records.append(head.encode() + body + b"\r\n\r\n")
    return b"".join(gzip.compress(record, mtime=0) if compressed else record for record in records)


@pytest.mark.parametrize("compressed", [True, False])
def test_a_warc_file_gives_the_pages_of_its_outlets(tmp_path: Path, compressed: bool) -> None:
    hosts = ("www.harbourtimes.example", "adverts.example", "notislandpost.example")
    (tmp_path / "crawl.warc").write_bytes(warc(compressed=compressed, hosts=hosts))
    raw, fetches = read(tmp_path / "crawl.warc")
    assert raw.select("outlet", "url", "media_type", "content", "published_at").rows() == [
        (
            "harbourtimes.example",
            "http://www.harbourtimes.example/a",
            "text/html; charset=windows-1252",
            "<p>Größe /a".encode("windows-1252"),
            None,
        )
    ]
    assert fetches["problem"][0] == "2 answers are from hosts that are no configured outlet; 6 answers are no HTML page"


@pytest.mark.parametrize("compressed", [True, False])
def test_a_truncated_warc_file_gives_no_record(tmp_path: Path, compressed: bool) -> None:
    (tmp_path / "2026-01-05.warc").write_bytes(warc(compressed=compressed)[:-30])
    raw, fetches = read(tmp_path / "{day}.warc")
    assert raw.is_empty()
    assert_matches("cut off", problem(fetches, "failed"))


def test_a_list_of_warc_files_stands_for_those_that_can_hold_the_day(web: Web) -> None:
    names = [f"CC-NEWS-202601{time}-00{n:03d}.warc.gz" for n, time in enumerate(("03120000", "04230000", "05010000"))]
    names.append("CC-NEWS-20260106000000-00009.warc.gz")
    listed = "".join(f"crawl-data/CC-NEWS/2026/01/{name}\n" for name in names)
    path = "/crawl-data/CC-NEWS/2026/01"
    web.pages[f"{path}/warc.paths.gz"] = (200, {"Content-Type": "binary/octet-stream"}, gzip.compress(listed.encode()))
    web.pages |= {f"{path}/{name}": (200, {}, warc()) for name in names}
    raw, fetches = read(f"{web.address}/crawl-data/CC-NEWS/{{year}}/{{month}}/warc.paths.gz")
    assert raw["url"].to_list() == ["http://www.harbourtimes.example/a"] * 2
    assert [web.asked[f"{path}/{name}"] for name in names] == [0, 1, 1, 0]
    assert fetches["problem"][0] == "4 answers are no HTML page"


def test_a_list_without_a_file_of_the_day_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "2026-01.paths").write_text("CC-NEWS-20260104120000-00001.warc.gz\n")
    assert_matches("lists no file for 2026-01-05", problem(read(tmp_path / "{year}-{month}.paths")[1], "gap"))


def test_a_list_may_lie_beside_its_files(tmp_path: Path) -> None:
    (tmp_path / "all.paths").write_text("one.warc\ntwo.warc\n")
    for name in ("one.warc", "two.warc"):
        (tmp_path / name).write_bytes(warc())
    assert read(tmp_path / "all.paths")[0].height == 2
