"""Archives: JSON Lines, Parquet or WARC, from a path or URL (an object store's too) that may hold the day.

A line of JSON Lines is one object with `url`, `outlet`, `title`, `published_at` and `html` or `text`; `authors` may be
there too; Parquet has them as columns. A line that is not one becomes a record with a `problem`, and the rest goes on.
A file that ends too early gives no record at all: once it is mended, the day can be fetched again.

Of a WARC file, the successful HTML answers from the hosts of configured outlets are read; the rest of a crawl (images,
other sites) is counted, not kept. A list of WARC files (`…/{year}/{month}/warc.paths.gz`, as Common Crawl publishes its
news set) stands for those of its files that can hold the day.
"""

from __future__ import annotations

import asyncio
import bz2
import gzip
import json
import lzma
import re
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from pyarrow import ArrowInvalid
from pyarrow.parquet import ParquetFile
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from pipeline.settings import Archive, Config
from pipeline.sources.client import Client
from pipeline.sources.pages import Given
from pipeline.sources.records import (
    MAX_RECORD_BYTES,
    FetchError,
    Record,
    SourceError,
    SourceGap,
    is_dated,
    is_web_address,
    on_day,
    one_line,
)
from pipeline.stores import file_system, store_errors

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAX_ARCHIVE_BYTES = 8 * 2**30
"""Bytes of an archive fetched over HTTP: the largest news crawl files have about 1 GB."""
MAX_ARCHIVE_SECONDS = 3600.0
"""Seconds that fetching one archive may take: 1 GB at 300 KB a second."""
MAX_LIST_BYTES = 16 * 2**20
"""Bytes of a list of files: a month of the news crawl has 50 KB."""
PARQUET_ROWS = 100
"""Rows of Parquet that are read at a time."""
KEPT_BYTES = 64 * 2**10
"""Bytes that are kept of a line over `MAX_RECORD_BYTES`: enough to see what it is."""

COMPRESSIONS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"\x28\xb5\x2f\xfd": zstd.ZstdFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
HTML = ("text/html", "application/xhtml+xml")
COMPRESSED_NAME = re.compile(r"\.(gz|zst|zstd|bz2|xz)$")
LIST_NAME = re.compile(r"\.paths(\.gz)?$")
FILE_TIME = re.compile(r"(?<!\d)(20\d{12})(?!\d)")
"""When a file of the news crawl was begun: CC-NEWS-20260105003015-00123.warc.gz."""
DAMAGED = (zlib.error, lzma.LZMAError, zstd.ZstdError, gzip.BadGzipFile, ArchiveLoadFailed, ArrowInvalid)
UNKNOWN = "add the outlet to the configuration, then normalise the day again"
FORMAT = "a line is one JSON object with url, outlet, title, published_at and html or text"


class Line(BaseModel):
    """One line of the archive format."""

    model_config = ConfigDict(frozen=True)

    url: str
    outlet: str
    title: str | None
    """Null is allowed beside `html`: the page has its own."""
    published_at: datetime | None
    """Null is allowed where the archive's URL holds `{day}`."""
    html: str | None = None
    text: str | None = None
    authors: list[str] | None = None

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, url: str) -> str:
        if not is_web_address(url):
            raise ValueError("not an http or https address")
        return url

    @field_validator("published_at")
    @classmethod
    def _is_utc(cls, time: datetime | None) -> datetime | None:
        if time is None:
            return None
        try:
            return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        except OverflowError as error:
            raise ValueError("not a time that UTC can hold") from error


async def read_archive(archive: Archive, config: Config, day: date, client: Client) -> Given:
    """The records of the day in the archive's order, and a note on what was passed over.

    Without `{day}` in the URL, a record belongs to the UTC day of its `published_at` (WARC: `WARC-Date`).

    Raises:
        SourceGap: there is no file for the day.
        SourceError: the file cannot be read to its end.
    """
    outlets = {outlet.domain for outlet in config.outlets}
    url = on_day(archive.url, day)
    wanted = None if is_dated(archive.url) else day
    if not LIST_NAME.search(url):
        records, passed_over = await _read_file(archive.url, url, outlets, wanted, client)
        return Given(records, _note(passed_over))
    listed = await _list(archive.url, url, client)
    chosen = _of_day(listed, day)
    if not chosen:
        raise SourceGap(f"{url} lists no file for {day}; if they are published by now, run the day again")
    records, passed_over = [], Counter[str]()
    for path in chosen:
        more, rest = await _read_file(archive.url, f"{_root(url)}{path}", outlets, day, client)
        records += more
        passed_over += rest
    return Given(records, _note(passed_over))


async def _read_file(
    pattern: str, url: str, outlets: set[str], wanted: date | None, client: Client
) -> tuple[list[Record], Counter[str]]:
    with _explained(pattern, url), ExitStack() as stack:
        file = stack.enter_context(await _open(url, client))
        return await asyncio.to_thread(_read, file, url, outlets, wanted)


def _read(file: BinaryIO, url: str, outlets: set[str], wanted: date | None) -> tuple[list[Record], Counter[str]]:
    if file.read(4) == b"PAR1":
        return list(_read_parquet(file, url, outlets, wanted)), Counter()
    file.seek(0)
    stream = _decompressed(file, url)
    if stream.read(5) == b"WARC/":
        stream.seek(0)
        return _read_warc(stream, url, outlets, wanted)
    stream.seek(0)
    return list(_read_lines(stream, url, outlets, wanted)), Counter()


@contextmanager
def _explained(pattern: str, url: str) -> Iterator[None]:
    """What goes wrong with the file, as an error that says what to do."""
    try:
        with store_errors():
            yield
    except FileNotFoundError as error:
        raise _missing(pattern, url) from error
    except FetchError as error:
        if error.status in (404, 410):
            raise _missing(pattern, url) from error
        raise SourceError(f"{error}; check the archive's address, then run the day again") from error
    except (EOFError, _CutOff) as error:
        raise SourceError(
            f"{url} is cut off: its stream ends too early; copy it again, then run the day again"
        ) from error
    except DAMAGED as error:
        raise SourceError(
            f"{url} is damaged ({one_line(error)}); copy the file again, then run the day again"
        ) from error
    except OSError as error:
        reason = error.strerror or one_line(error)
        raise SourceError(f"cannot read {url}: {reason}; check the archive's `url` in the configuration") from error


# --- lists of WARC files ----------------------------------------------------------------------------------------------


async def _list(pattern: str, url: str, client: Client) -> list[str]:
    """The paths in a list of files, relative to the place that `_root` tells."""
    with _explained(pattern, url), ExitStack() as stack:
        file = stack.enter_context(await _open(url, client))
        text = _decompressed(file, url).read(MAX_LIST_BYTES).decode("utf-8", "replace")
        return [line.strip() for line in text.splitlines() if line.strip()]


def _of_day(paths: list[str], day: date) -> list[str]:
    """The files that begin on the day, and the last one before it, which may run into it; all, where no name tells."""
    named = sorted((m[1], path) for path in paths if (m := FILE_TIME.search(path.rpartition("/")[2])))
    if not named:
        return paths
    own = [path for time, path in named if time[:8] == f"{day:%Y%m%d}"]
    before = [path for time, path in named if time[:8] < f"{day:%Y%m%d}"][-1:]
    return [*before, *own] if own else []


def _root(url: str) -> str:
    """Where the paths of a list begin: at Common Crawl's own root, else beside the list."""
    return url[: url.index("crawl-data/")] if "crawl-data/" in url else url.rpartition("/")[0] + "/"


def _note(passed_over: Counter[str]) -> str | None:
    return "; ".join(f"{count} answers {what}" for what, count in sorted(passed_over.items())) or None


# --- one file ---------------------------------------------------------------------------------------------------------


def _missing(pattern: str, url: str) -> SourceError:
    """A day without a file is a gap; a missing folder or undated file is a mistake in the configuration."""
    folder = Path(pattern.partition("{")[0].rpartition("/")[0])
    if "://" not in pattern and not folder.is_dir():
        return SourceError(f"there is no folder {folder}; check the archive's `url` in the configuration")
    if not re.search(r"\{(day|month|year)\}", pattern):
        return SourceError(f"there is no {url}; check the archive's `url` in the configuration")
    return SourceGap(f"there is no {url}; if the archive has the day, put the file there and run the day again")


async def _open(url: str, client: Client) -> AbstractContextManager[BinaryIO]:
    if is_web_address(url):
        file = tempfile.TemporaryFile()  # noqa: SIM115  # the caller closes it
        try:
            await client.download(url, cast(BinaryIO, file), MAX_ARCHIVE_BYTES, MAX_ARCHIVE_SECONDS)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return cast(AbstractContextManager[BinaryIO], file)
    try:
        fs, path = file_system(url)
        fs.info(path)  # says more clearly than opening does that there is none
        return cast(AbstractContextManager[BinaryIO], fs.open(path, "rb"))
    except (ImportError, ValueError) as error:
        raise SourceError(
            f"cannot open {url}: {one_line(error)}; check the archive's `url`, or install what opens such addresses"
        ) from error


def _decompressed(file: BinaryIO, url: str) -> BinaryIO:
    """The stream of the content; the first bytes tell the compression."""
    head = file.read(6)
    file.seek(0)
    for magic, opener in COMPRESSIONS.items():
        if head.startswith(magic):
            return cast(BinaryIO, opener(file))
    if COMPRESSED_NAME.search(url) and not head.startswith((b"{", b"WARC")):
        raise SourceError(f"{url} is not compressed as its name says; copy the file again, then run the day again")
    return file


def _read_parquet(file: BinaryIO, url: str, outlets: set[str], wanted: date | None) -> Iterator[Record]:
    """The rows, a few at a time: a row group may hold a whole month."""
    file.seek(0)
    table, number = ParquetFile(file), 0
    for batch in table.iter_batches(
        PARQUET_ROWS, columns=[c for c in table.schema_arrow.names if c in Line.model_fields]
    ):
        for row in batch.to_pylist():
            number += 1
            record = _read_row(row, f"{url} row {number}", outlets, wanted)
            if record is not None:
                yield record


def _read_lines(stream: BinaryIO, url: str, outlets: set[str], wanted: date | None) -> Iterator[Record]:
    number = 0
    while line := stream.readline(MAX_RECORD_BYTES + 1):
        number += 1
        where = f"{url} line {number}"
        if len(line) > MAX_RECORD_BYTES:
            rest = line
            while not rest.endswith(b"\n") and (rest := stream.readline(MAX_RECORD_BYTES)):
                pass
            problem = f"{where} is longer than {MAX_RECORD_BYTES:,} bytes: leave such records out of the archive"
            yield _invalid(line[:KEPT_BYTES], problem)
        elif line.strip():
            line = line.rstrip(b"\r\n")
            record = _read_line(line.removeprefix(b"\xef\xbb\xbf"), where, outlets, wanted)
            if record is not None:
                yield record


def _read_line(line: bytes, where: str, outlets: set[str], wanted: date | None) -> Record | None:
    """The line's record; None where it belongs to another day."""
    return _read_given(lambda: Line.model_validate_json(line), line, where, outlets, wanted)


def _read_row(row: dict[str, Any], where: str, outlets: set[str], wanted: date | None) -> Record | None:
    """The record of a row of Parquet; None where it belongs to another day."""
    kept = json.dumps(row, default=str, ensure_ascii=False).encode("utf-8", "replace")[:KEPT_BYTES]
    return _read_given(lambda: Line.model_validate(row), kept, where, outlets, wanted)


def _read_given(
    validate: Callable[[], Line], kept: bytes, where: str, outlets: set[str], wanted: date | None
) -> Record | None:
    try:
        given = validate()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        said = f"{field}: {first['msg']}" if field else first["msg"]
        return _invalid(kept, f"{where}: {one_line(said)}; {FORMAT}")
    if not given.html and given.text is None:
        return _invalid(kept, f"{where}: neither html nor text; {FORMAT}")
    if not given.html and not given.title:
        return _invalid(kept, f"{where}: title is empty and there is no page to take it from; {FORMAT}")
    if wanted is not None:
        if given.published_at is None:
            return _invalid(kept, f"{where}: published_at is null and the archive's url has no {{day}} to place it")
        if given.published_at.date() != wanted:
            return None
    content = (given.html or given.text or "").encode("utf-8", "replace")
    if len(content) > MAX_RECORD_BYTES:
        return _invalid(kept[:KEPT_BYTES], f"{where} is longer than {MAX_RECORD_BYTES:,} bytes; leave such records out")
    outlet = given.outlet.strip().lower()
    return Record(
        outlet=outlet,
        url=given.url,
        media_type="text/html; charset=utf-8" if given.html else "text/plain",
        content=content,
        title=given.title,
        published_at=given.published_at,
        authors=given.authors,
        problem=None if outlet in outlets else f"unknown_outlet: {where} names {outlet!r}; {UNKNOWN}",
    )


def _invalid(content: bytes, problem: str) -> Record:
    return Record(media_type="application/json", content=content, problem=f"invalid_record: {problem}")


class _CutOff(Exception):
    """The archive ends too early."""


class _Unbroken:
    """A stream for warcio, which takes an EOFError for the end of the archive."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except EOFError as error:
            raise _CutOff from error


def _read_warc(stream: BinaryIO, url: str, outlets: set[str], wanted: date | None) -> tuple[list[Record], Counter[str]]:
    records: list[Record] = []
    passed_over: Counter[str] = Counter()
    for answer in ArchiveIterator(_Unbroken(stream)):
        if answer.rec_type == "response" and answer.http_headers is not None:
            record = _read_answer(answer, url, outlets, wanted)
            if isinstance(record, Record):
                records.append(record)
            elif record is not None:
                passed_over[record] += 1
        while answer.raw_stream.read(2**16):
            pass
        if answer.raw_stream.limit > 0:
            raise _CutOff
    return records, passed_over


def _read_answer(answer: Any, url: str, outlets: set[str], wanted: date | None) -> Record | str | None:
    """The page of one answer; what it is if no page of ours; None where it belongs to another day."""
    if wanted is not None and _time(answer.rec_headers.get_header("WARC-Date")).date() != wanted:
        return None
    media_type = (answer.http_headers.get_header("Content-Type") or "text/html").strip().lower()
    if answer.http_headers.get_statuscode() != "200" or not media_type.startswith(HTML):
        return "are no HTML page"
    address = (answer.rec_headers.get_header("WARC-Target-URI") or "").strip("<> ")
    outlet = _outlet_of(address, outlets)
    if outlet is None:
        return "are from hosts that are no configured outlet"
    content, problem = answer.content_stream().read(MAX_RECORD_BYTES + 1), None
    if len(content) > MAX_RECORD_BYTES:
        content, problem = b"", f"not_fetched: {address} in {url} is longer than {MAX_RECORD_BYTES:,} bytes"
    return Record(outlet=outlet, url=address, media_type=media_type, content=content, problem=problem)


def _time(warc_date: str | None) -> datetime:
    try:
        return datetime.fromisoformat(warc_date or "").astimezone(UTC)
    except ValueError as error:
        raise ArchiveLoadFailed(f"WARC-Date is {warc_date!r}") from error


def _outlet_of(url: str, outlets: set[str]) -> str | None:
    """The configured outlet whose domain is the URL's host or a parent of it."""
    if not is_web_address(url):
        return None
    labels = (urlsplit(url).hostname or "").split(".")
    return next((domain for i in range(len(labels)) if (domain := ".".join(labels[i:])) in outlets), None)
