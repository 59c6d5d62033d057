"""What feeds say: RSS 0.9 to 2.0, Atom and JSON Feed.

A live feed tells only today's news, so it can serve today and, because the nightly run covers the day before, also
yesterday. A feed that keeps its history (`has_history`, or `{day}` in its URL) serves any day.
"""

from __future__ import annotations

import io
import json
import re
from calendar import timegm
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import urldefrag, urljoin

import feedparser
from pydantic import BaseModel, ValidationError
from w3lib.html import remove_tags

from pipeline.settings import Feed
from pipeline.sources.pages import Entry, Listing
from pipeline.sources.records import SourceError, SourceGap, is_dated, is_web_address, one_line

LIVE_DAYS = 1
"""Days back that a live feed can serve: the run of a day comes in the night after it."""
WINDOW_DAYS = 3
"""Days before the day from which a live feed's entries are taken: a weekend without a run loses nothing."""
MAX_TITLE_CHARACTERS = 1000
"""Characters of a headline: what is longer is none."""


def check_day(feed: Feed, day: date, today: date) -> None:
    """Whether the feed can serve the day.

    Raises:
        SourceGap: a live feed was asked for a day that is over.
    """
    if _is_live(feed) and day < today - timedelta(days=LIVE_DAYS):
        raise SourceGap(
            f"a live feed tells only today's news, not that of {day}; an archive or sitemap can fill the gap"
        )


def choose(feed: Feed, listing: Listing, day: date) -> tuple[list[Entry], list[str]]:
    """The entries of the day, and notes on what is wrong with the feed."""
    chosen, notes = [], list(listing.notes)
    for entry in listing.entries:
        if entry.published_at is None:
            is_taken = _is_live(feed) or is_dated(feed.url)
        elif _is_live(feed):
            is_taken = day - timedelta(days=WINDOW_DAYS) <= entry.published_at.date() <= day
        else:
            is_taken = entry.published_at.date() == day
        if is_taken:
            chosen.append(entry)
    undated = sum(entry.published_at is None for entry in listing.entries)
    if undated and not _is_live(feed) and not is_dated(feed.url):
        notes.append(f"{undated} entries have no date, so no day can be told for them")
    return chosen, notes


def parse_feed(content: bytes, url: str, media_type: str, charset: str | None) -> Listing:
    """The feed's entries. Whatever the bytes are, nothing is fetched and no entity is expanded.

    Raises:
        SourceError: it is no feed.
    """
    if content.lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(b"{"):
        return _parse_json(content, url)
    stated = f"; charset={charset}" if charset else ""
    headers = {"content-type": (media_type or "application/xml") + stated, "content-location": url}
    try:
        parsed = feedparser.parse(io.BytesIO(content), response_headers=headers)
    except Exception as error:  # feedparser was not written for every sequence of bytes
        raise SourceError(
            f"{url} cannot be parsed as a feed: {type(error).__name__}: {one_line(error, 100)}"
        ) from error
    if not parsed.get("version"):
        raise SourceError(
            f"{url} is neither RSS, Atom nor JSON Feed; put the feed's own address into the configuration"
        )
    notes = []
    if parsed.bozo and not isinstance(parsed.bozo_exception, feedparser.exceptions.CharacterEncodingOverride):
        notes.append(f"the feed is not well formed ({one_line(parsed.bozo_exception, 100)}): entries may be missing")
    entries: dict[str, Entry] = {}
    nameless = 0
    for entry in parsed.entries:
        if (address := page_address(entry.get("link") or "", url)) is None:
            nameless += 1
        else:
            title = _title(remove_tags(entry.get("title") or ""))
            entries.setdefault(address, Entry(address, title, _time(entry), tuple(_authors(entry))))
    if nameless:
        notes.append(f"{nameless} entries have no address of a page")
    return Listing(parsed.version, tuple(entries.values()), tuple(notes))


def page_address(link: str, base: str) -> str | None:
    """The link's absolute web address without its fragment; None where it has none."""
    if not link.strip():
        return None
    try:
        url = urldefrag(urljoin(base, link.strip())).url
        url.encode()
    except ValueError:  # a half of a surrogate pair is one too
        return None
    return url if is_web_address(url) else None


# --- RSS and Atom -----------------------------------------------------------------------------------------------------


def _title(text: str) -> str | None:
    return " ".join(whole(unescape(text[:MAX_TITLE_CHARACTERS])).split()) or None


def whole(text: str) -> str:
    """The text without halves of surrogate pairs, which no file can hold."""
    return text.encode("utf-8", "replace").decode()


def _authors(entry: Any) -> Iterator[str]:
    for author in entry.get("authors", []):
        name, given = author.get("name") or "", entry.get("author") or ""
        # feedparser ends an address after four letters of its top-level domain: `desk@a.exam`, `ple (Joan Merrow`.
        if author.get("email") and author["email"] + name in given:
            name = re.sub(r"\S+@\S+", "", given).strip(" ()")
        if name.strip():
            yield whole(name).strip()


def _time(entry: Any) -> datetime | None:
    """When the entry was published, or last changed where only that is told."""
    # dict's own `get`: the entry's gives one time for the other, with a warning.
    parsed = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")
    try:
        return datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
    except (ValueError, OverflowError, OSError):
        return None


# --- JSON Feed --------------------------------------------------------------------------------------------------------


class _Author(BaseModel):
    name: str | None = None


class _Item(BaseModel):
    url: str | None = None
    external_url: str | None = None
    title: str | None = None
    date_published: datetime | None = None
    date_modified: datetime | None = None
    authors: list[_Author] = []
    author: _Author | None = None
    """Version 1.0 has one author."""


def _parse_json(content: bytes, url: str) -> Listing:
    """A JSON Feed (https://jsonfeed.org), version 1.0 or 1.1. An item that is none costs itself."""
    try:
        feed = json.loads(content.decode("utf-8-sig", "replace"))
        version = str(feed.get("version", ""))
        items = feed.get("items")
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{url} begins as a JSON Feed and is none: {one_line(error)}") from error
    if "jsonfeed.org" not in version or not isinstance(items, list):
        raise SourceError(f"{url} is JSON and no JSON Feed: it lacks the feed's version or its items")
    entries: dict[str, Entry] = {}
    nameless = wrong = 0
    for given in items:
        try:
            item = _Item.model_validate(given)
        except ValidationError:
            wrong += 1
            continue
        address = page_address(item.url or item.external_url or "", url)
        if address is None:
            nameless += 1
            continue
        authors = [whole(author.name).strip() for author in [*item.authors, item.author] if author and author.name]
        time = item.date_published or item.date_modified
        entries.setdefault(
            address, Entry(address, _title(item.title or ""), in_utc(time), tuple(filter(None, authors)))
        )
    notes = [f"{nameless} entries have no address of a page"] if nameless else []
    notes += [f"{wrong} entries are not as JSON Feed has them"] if wrong else []
    return Listing("json1", tuple(entries.values()), tuple(notes))


def in_utc(time: datetime | None) -> datetime | None:
    """The time in UTC; one without a zone is taken as UTC, one that UTC cannot hold as none."""
    if time is None:
        return None
    try:
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except OverflowError:
        return None


def _is_live(feed: Feed) -> bool:
    return not feed.has_history and not is_dated(feed.url)
