"""Feeds: RSS and Atom over HTTP, and the pages that their entries name.

A live feed tells only today's news, so it can serve today and, because the nightly run covers the day before, also
yesterday. A feed that keeps its history (`has_history`, or `{day}` in its URL) serves any day.

A page that cannot be fetched stays a record, empty and with its `problem`, so that it is counted and a day with one
dead link is still whole. Where not one page can be fetched, the source has failed: the day can be fetched again.
"""

from __future__ import annotations

import io
import re
from calendar import timegm
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import urldefrag, urljoin

import feedparser
from w3lib.html import remove_tags

from pipeline.settings import Feed
from pipeline.sources.client import Client, FetchError, Response
from pipeline.sources.records import MAX_RECORD_BYTES, Record, SourceError, SourceGap, is_web_address, one_line

LIVE_DAYS = 1
"""Days back that a live feed can serve: the run of a day comes in the night after it."""
WINDOW_DAYS = 3
"""Days before the day from which a live feed's entries are taken: a weekend without a run loses nothing."""
MAX_ENTRIES = 1000
"""Entries of one feed and day: ten times what the largest newsrooms publish."""
PAGES_AT_ONCE = 4
"""Pages of one site fetched at a time: what a browser would ask of it."""


@dataclass(frozen=True)
class _Entry:
    url: str
    title: str | None
    published_at: datetime | None
    authors: list[str] | None


def read_feed(feed: Feed, outlet: str, day: date, client: Client, *, today: date) -> tuple[list[Record], str | None]:
    """The pages of the day's entries in the feed's order, and a note on what is wrong with the feed.

    Raises:
        SourceGap: a live feed was asked for a day that is over.
        SourceError: the feed, or every one of its pages, cannot be fetched or read.
    """
    is_live = not feed.has_history and "{day}" not in feed.url
    if is_live and day < today - timedelta(days=LIVE_DAYS):
        raise SourceGap(f"a live feed tells only today's news, not that of {day}; an archive can fill the gap")
    url = feed.url.replace("{day}", day.isoformat())
    try:
        response = client.get(url, MAX_RECORD_BYTES)
    except FetchError as error:
        raise SourceError(f"{error}; check the feed's address, then run the day again") from error
    entries, notes = _parse(response)
    chosen = [entry for entry in entries if _is_of_day(entry, day, is_live=is_live, is_dated="{day}" in feed.url)]
    if feed.has_history and "{day}" not in feed.url and (undated := sum(e.published_at is None for e in entries)):
        notes.append(f"{undated} entries have no date, so no day can be told for them")
    if len(chosen) > MAX_ENTRIES:
        notes.append(f"{len(chosen)} entries for one day: only the first {MAX_ENTRIES} were read")
    with ThreadPoolExecutor(PAGES_AT_ONCE) as pool:
        records = list(pool.map(lambda entry: _page(entry, outlet, client), chosen[:MAX_ENTRIES]))
    lost = [record.problem for record in records if record.problem]
    if records and len(lost) == len(records):
        raise SourceError(f"none of the {len(lost)} pages of {url} could be fetched ({lost[0]}); run the day again")
    if lost:
        notes.append(f"{len(lost)} of {len(records)} pages could not be fetched")
    return records, "; ".join(notes) or None


def _parse(response: Response) -> tuple[list[_Entry], list[str]]:
    """The feed's entries, each URL once, and notes on what is wrong with them."""
    charset = f"; charset={response.charset}" if response.charset else ""
    headers = {"content-type": (response.media_type or "application/xml") + charset, "content-location": response.url}
    parsed = feedparser.parse(io.BytesIO(response.content), response_headers=headers)
    if not parsed.get("version"):
        raise SourceError(f"{response.url} is neither RSS nor Atom; put the feed's own address into the configuration")
    notes = []
    if parsed.bozo and not isinstance(parsed.bozo_exception, feedparser.exceptions.CharacterEncodingOverride):
        notes.append(f"the feed is not well formed ({one_line(parsed.bozo_exception, 100)}): entries may be missing")
    entries: dict[str, _Entry] = {}
    for entry in _entries(parsed.entries, response.url):
        entries.setdefault(entry.url, entry)
    if nameless := sum(_address(entry, response.url) is None for entry in parsed.entries):
        notes.append(f"{nameless} entries have no address of a page")
    return list(entries.values()), notes


def _entries(entries: list[Any], base: str) -> Iterator[_Entry]:
    for entry in entries:
        url = _address(entry, base)
        if url is None:
            continue
        title = " ".join(unescape(remove_tags(entry.get("title", ""))).split())
        yield _Entry(url, title or None, _time(entry), _authors(entry) or None)


def _address(entry: Any, base: str) -> str | None:
    try:
        url = urldefrag(urljoin(base, entry.get("link", "").strip())).url
    except ValueError:
        return None
    return url if entry.get("link") and is_web_address(url) else None


def _authors(entry: Any) -> list[str]:
    names = []
    for author in entry.get("authors", []):
        name, given = author.get("name", ""), entry.get("author", "")
        # feedparser ends an address after four letters of its top-level domain: `desk@a.exam`, `ple (Joan Merrow`.
        if author.get("email") and author["email"] + name in given:
            name = re.sub(r"\S+@\S+", "", given).strip(" ()")
        if name.strip():
            names.append(name.strip())
    return names


def _time(entry: Any) -> datetime | None:
    """When the entry was published, or last changed where only that is told."""
    # dict's own `get`: the entry's gives one time for the other, with a warning.
    parsed = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError):
        return None


def _is_of_day(entry: _Entry, day: date, *, is_live: bool, is_dated: bool) -> bool:
    if entry.published_at is None:
        return is_live or is_dated
    published_on = entry.published_at.date()
    if is_live:
        return day - timedelta(days=WINDOW_DAYS) <= published_on <= day
    return published_on == day


def _page(entry: _Entry, outlet: str, client: Client) -> Record:
    media_type, content, problem = "text/html", b"", None
    try:
        response = client.get(entry.url, MAX_RECORD_BYTES)
    except FetchError as error:
        problem = f"no_article: {error}"
    else:
        if response.media_type in ("", "text/html", "application/xhtml+xml"):
            content = response.content
            media_type += f"; charset={response.charset}" if response.charset else ""
        else:
            problem = f"no_article: {entry.url} is {response.media_type}, not a page"
    return Record(
        outlet=outlet,
        url=entry.url,
        media_type=media_type,
        content=content,
        title=entry.title,
        published_at=entry.published_at,
        authors=entry.authors,
        problem=problem,
    )
