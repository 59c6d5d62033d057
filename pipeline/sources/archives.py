"""Archives: JSON Lines or WARC, plain or compressed, from a path or URL that may hold `{day}`.

A line of JSON Lines is one object with `url`, `outlet`, `title`, `published_at` and `html` or `text`; `authors` may be
there too. A line that is not one becomes a record with a `problem`, and the rest goes on. A file that ends too early
gives no record at all: once it is mended, the day can be fetched again.

Of a WARC file, the successful HTML answers from the hosts of configured outlets are read; the rest of a crawl (images,
other sites) is counted, not kept.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

import fsspec
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from pipeline.settings import Archive, Config
from pipeline.sources.client import Client, FetchError
from pipeline.sources.records import MAX_RECORD_BYTES, Record, SourceError, SourceGap, is_web_address, one_line

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAX_ARCHIVE_BYTES = 8 * 2**30
"""Bytes of an archive fetched over HTTP: the largest news crawl files have about 1 GB."""
KEPT_BYTES = 64 * 2**10
"""Bytes that are kept of a line over `MAX_RECORD_BYTES`: enough to see what it is."""

COMPRESSIONS: dict[bytes, tuple[str, Callable[[Any], Any]]] = {
    b"\x1f\x8b": ("gzip", lambda file: gzip.GzipFile(fileobj=file)),
    b"\x28\xb5\x2f\xfd": ("zstd", zstd.ZstdFile),
    b"BZh": ("bzip2", bz2.BZ2File),
    b"\xfd7zXZ\x00": ("xz", lzma.LZMAFile),
}
HTML = ("text/html", "application/xhtml+xml")
COMPRESSED_NAME = re.compile(r"\.(gz|zst|zstd|bz2|xz)$")
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


def read_archive(archive: Archive, config: Config, day: date, client: Client) -> tuple[list[Record], str | None]:
    """The records of the day in the archive's order, and a note on what was passed over.

    Without `{day}` in the URL, a record belongs to the UTC day of its `published_at` (WARC: `WARC-Date`).

    Raises:
        SourceGap: there is no file for the day.
        SourceError: the file cannot be read to its end.
    """
    outlets = {outlet.domain for outlet in config.outlets}
    url = archive.url.replace("{day}", day.isoformat())
    wanted = None if "{day}" in archive.url else day
    with ExitStack() as stack:
        try:
            file = stack.enter_context(_open(url, client))
            stream, compression = _decompressed(file, url)
            if stream.read(5) == b"WARC/":
                stream.seek(0)
                return _read_warc(stream, url, outlets, wanted)
            stream.seek(0)
            return list(_read_lines(stream, url, outlets, wanted)), None
        except FileNotFoundError as error:
            raise _missing(archive.url, url) from error
        except FetchError as error:
            if error.status in (404, 410):
                raise _missing(archive.url, url) from error
            raise SourceError(f"{error}; check the archive's address, then run the day again") from error
        except (EOFError, _CutOff) as error:
            raise SourceError(
                f"{url} is cut off: the {compression} stream ends too early; copy it again, then run the day again"
            ) from error
        except (zlib.error, lzma.LZMAError, zstd.ZstdError, gzip.BadGzipFile, ArchiveLoadFailed) as error:
            raise SourceError(
                f"{url} is damaged ({one_line(error)}); copy the file again, then run the day again"
            ) from error
        except OSError as error:
            reason = error.strerror or one_line(error)
            raise SourceError(f"cannot read {url}: {reason}; check the archive's `url` in the configuration") from error


def _missing(pattern: str, url: str) -> SourceError:
    """A day without a file is a gap; a missing folder or undated file is a mistake in the configuration."""
    folder = Path(pattern.partition("{day}")[0].rpartition("/")[0])
    if "://" not in pattern and not folder.is_dir():
        return SourceError(f"there is no folder {folder}; check the archive's `url` in the configuration")
    if "{day}" not in pattern:
        return SourceError(f"there is no {url}; check the archive's `url` in the configuration")
    return SourceGap(f"there is no {url}; if the archive has the day, put the file there and run the day again")


@contextmanager
def _open(url: str, client: Client) -> Iterator[BinaryIO]:
    if not is_web_address(url):
        try:
            opened = fsspec.open(url, "rb")
        except (ImportError, ValueError) as error:
            raise SourceError(
                f"cannot open {url}: {one_line(error)}; check the archive's `url`, or install what opens such addresses"
            ) from error
        with opened as file:
            yield file
        return
    with tempfile.TemporaryFile() as file:
        client.download(url, cast(BinaryIO, file), MAX_ARCHIVE_BYTES)
        file.seek(0)
        yield cast(BinaryIO, file)


def _decompressed(file: BinaryIO, url: str) -> tuple[BinaryIO, str]:
    """The stream of the content, and the name of the compression, which the first bytes tell."""
    head = file.read(6)
    file.seek(0)
    for magic, (name, opener) in COMPRESSIONS.items():
        if head.startswith(magic):
            return cast(BinaryIO, opener(file)), name
    if COMPRESSED_NAME.search(url) and not head.startswith((b"{", b"WARC")):
        raise SourceError(f"{url} is not compressed as its name says; copy the file again, then run the day again")
    return file, "plain"


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
    try:
        given = Line.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        said = f"{field}: {first['msg']}" if field else first["msg"]
        return _invalid(line, f"{where}: {one_line(said)}; {FORMAT}")
    if not given.html and given.text is None:
        return _invalid(line, f"{where}: neither html nor text; {FORMAT}")
    if not given.html and not given.title:
        return _invalid(line, f"{where}: title is empty and there is no page to take it from; {FORMAT}")
    if wanted is not None:
        if given.published_at is None:
            return _invalid(line, f"{where}: published_at is null and the archive's url has no {{day}} to place it")
        if given.published_at.date() != wanted:
            return None
    outlet = given.outlet.strip().lower()
    return Record(
        outlet=outlet,
        url=given.url,
        media_type="text/html; charset=utf-8" if given.html else "text/plain",
        content=(given.html or given.text or "").encode(),
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


def _read_warc(stream: BinaryIO, url: str, outlets: set[str], wanted: date | None) -> tuple[list[Record], str | None]:
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
    note = "; ".join(f"{count} answers {what}" for what, count in sorted(passed_over.items()))
    return records, note or None


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
        content, problem = b"", f"no_article: {address} in {url} is longer than {MAX_RECORD_BYTES:,} bytes"
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
