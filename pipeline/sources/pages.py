"""Feeds and sitemaps, and the pages that they name, fetched politely and kept as they came.

A page that cannot be fetched stays a record, empty and with its `problem`, so that it is counted and a day with one
dead link is still whole. A page that has not changed since an earlier day gives no record: that day has it.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, cast
from urllib.parse import urlsplit

from pipeline.sources.client import Client, Version
from pipeline.sources.records import MAX_RECORD_BYTES, FetchError, Record, SourceError

MAX_ENTRIES = 1000
"""Entries of one source and day: ten times what the largest newsrooms publish."""
MAX_LISTING_BYTES = 50 * 2**20
"""Bytes of a feed or sitemap: as many as the protocol of sitemaps allows."""
MAX_KEPT_BYTES = 5 * 2**20
"""Bytes of a feed or sitemap that are kept for the next night, which else fetches it whole again."""
HTML = ("text/html", "application/xhtml+xml")
HTML_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body")
"""How a page begins that a server calls something else."""


@dataclass(frozen=True)
class Entry:
    """What a feed or sitemap says of one page."""

    url: str
    title: str | None = None
    published_at: datetime | None = None
    authors: tuple[str, ...] = ()
    changed_at: datetime | None = None
    """When the page last changed, or its day of publication where no time is told: places it on a day, no more."""


@dataclass(frozen=True)
class Listing:
    """What a feed or sitemap lists."""

    kind: str
    """Such as `rss20`, `atom10`, `json1`, `sitemap`, `index` (of sitemaps: its entries are those)."""
    entries: tuple[Entry, ...]
    """Each address once, in the order of the file."""
    notes: tuple[str, ...] = ()
    """What is wrong with it."""


@dataclass(frozen=True)
class Visit:
    """What a server said of an address on an earlier day: a row of `Visits`."""

    url: str
    version: Version
    content: bytes | None = None


@dataclass(frozen=True)
class Given:
    """What a source gives for a day."""

    records: Sequence[Record]
    note: str | None
    """What is wrong with the source although it gave something."""
    visits: Sequence[Visit] = ()


@dataclass(frozen=True)
class _Page:
    """One fetched page; its bytes wait in the spool."""

    offset: int = 0
    size: int = 0
    media_type: str = "text/html"
    version: Version | None = None
    problem: str | None = None
    is_unchanged: bool = False


Parse = Callable[..., Listing]
"""`parse(function, *arguments)` calls the function where what it reads can do no harm."""


async def fetch_listing(
    url: str,
    function: Callable[[bytes, str, str, str | None], Listing],
    client: Client,
    known: Visit | None,
    parse: Parse,
) -> tuple[Listing, Visit | None]:
    """A feed or sitemap, and what to remember of it; an unchanged one still says what it said.

    Raises:
        SourceError: it cannot be fetched or read.
    """
    version = known.version if known and known.content is not None else None
    response = await client.get(url, MAX_LISTING_BYTES, version)
    content = response.content
    if response.is_unchanged and known and known.content is not None:
        content, visit = known.content, known
    else:
        visit = Visit(url, response.version, content)
    listing = await asyncio.to_thread(parse, function, content, response.url, response.media_type, response.charset)
    return listing, visit if visit.version and len(content) <= MAX_KEPT_BYTES else None


async def fetch_pages(
    entries: Sequence[Entry], where: str, outlet: str, client: Client, known: Mapping[str, Visit], deadline: float
) -> Given:
    """The pages of the entries, in their order; `deadline` is a time of the event loop, after which none is asked for.

    Raises:
        SourceError: not one of the pages can be fetched.
    """
    notes = []
    if len(entries) > MAX_ENTRIES:
        notes.append(f"{len(entries)} entries for one day: only the first {MAX_ENTRIES} were read")
    chosen = entries[:MAX_ENTRIES]
    with tempfile.TemporaryFile() as file:  # pages of many sources wait at once: on disk they cost no memory
        spool = cast(BinaryIO, file)
        tasks = [asyncio.create_task(_fetch(entry, client, known.get(entry.url), spool)) for entry in chosen]
        try:
            if tasks:
                left = max(0.0, deadline - asyncio.get_running_loop().time())
                await asyncio.wait(tasks, timeout=left)
        finally:
            for task in tasks:
                task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        pages = [_ended(page, entry) for page, entry in zip(ended, chosen, strict=True)]
        lost = [page.problem for page in pages if page.problem]
        if lost and len(lost) == len(pages):
            raise SourceError(
                f"none of the {len(lost)} pages of {where} could be fetched ({lost[0]}); run the day again"
            )
        records = [
            _record(entry, page, outlet, spool)
            for entry, page in zip(chosen, pages, strict=True)
            if not page.is_unchanged
        ]
    if lost:
        notes.append(f"{len(lost)} of {len(pages)} pages could not be fetched")
    visits = [
        Visit(entry.url, page.version)
        for entry, page in zip(chosen, pages, strict=True)
        if page.version and not page.problem
    ]
    return Given(records, "; ".join(notes) or None, visits)


async def _fetch(entry: Entry, client: Client, known: Visit | None, spool: BinaryIO) -> _Page:
    try:
        response = await client.get(entry.url, MAX_RECORD_BYTES, known.version if known else None)
    except FetchError as error:
        return _Page(problem=error.problem)
    if response.is_unchanged:
        return _Page(version=known.version if known else None, is_unchanged=True)
    start = response.content[:1000].lstrip(b"\xef\xbb\xbf\r\n\t ").lower()
    if response.media_type not in ("", *HTML) and not start.startswith(HTML_STARTS):
        return _Page(problem=f"not_fetched: {entry.url} is {response.media_type}, not a page")
    if urlsplit(response.url).path in ("", "/") and urlsplit(entry.url).path not in ("", "/"):
        return _Page(problem=f"not_fetched: {entry.url} leads to the front page of {urlsplit(response.url).netloc}")
    offset = spool.seek(0, 2)
    spool.write(response.content)
    charset = f"; charset={response.charset}" if response.charset else ""
    return _Page(offset, len(response.content), f"text/html{charset}", response.version)


def _ended(page: _Page | BaseException, entry: Entry) -> _Page:
    if isinstance(page, asyncio.CancelledError):
        return _Page(problem=f"not_fetched: the time of the run was over before {entry.url} had its turn")
    if isinstance(page, BaseException):
        raise page
    return page


def _record(entry: Entry, page: _Page, outlet: str, spool: BinaryIO) -> Record:
    spool.seek(page.offset)
    return Record(
        outlet=outlet,
        url=entry.url,
        media_type=page.media_type,
        content=spool.read(page.size),
        title=entry.title,
        published_at=entry.published_at,
        authors=list(entry.authors) or None,
        problem=page.problem,
    )
