"""What a source would give: looks at an address as the nightly run would, and stores nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from lxml import html

from pipeline.settings import Feed, Sitemap, Web
from pipeline.sources import read_sitemap
from pipeline.sources.client import Client, Response
from pipeline.sources.feeds import choose, page_address, parse_feed
from pipeline.sources.pages import MAX_LISTING_BYTES, Entry, Listing, Parse
from pipeline.sources.records import MAX_RECORD_BYTES, FetchError, SourceError, on_day
from pipeline.sources.sitemaps import parse_sitemap

FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/json")
ARCHIVE_STARTS = {b"PAR1": "Parquet", b"WARC/": "WARC", b"\x1f\x8b": "compressed", b"\x28\xb5\x2f\xfd": "compressed"}
MAX_SHOWN = 30
"""Pages of which robots.txt is asked: as many as one looks at."""


@dataclass(frozen=True)
class Finding:
    """What was found at an address."""

    url: str
    """Address after redirects."""
    kind: str
    """`feed`, `sitemap`, `archive` or `page`: the kind to configure; a page is none."""
    format: str
    listed: int
    """Entries, whatever their day."""
    entries: Sequence[Entry]
    """Those of the day: what the run would fetch."""
    forbidden: dict[str, str]
    """Of the first `MAX_SHOWN` of them, those that may not be fetched, and why."""
    notes: Sequence[str]
    elsewhere: Sequence[str]
    """Feeds and sitemaps that the page or robots.txt names."""
    first: Response | None
    """The first page that may be fetched."""

    @property
    def domain(self) -> str:
        """The outlet's domain, as far as the address tells."""
        return (urlsplit(self.url).hostname or "").removeprefix("www.")


def check_source(url: str, web: Web, day: date, parse: Parse) -> Finding:
    """Look at the address as a run of the day would.

    Raises:
        SourceError: it cannot be fetched.
    """
    return asyncio.run(_check(url, web, day, parse))


async def _check(url: str, web: Web, day: date, parse: Parse) -> Finding:
    async with Client(web) as client:
        address = on_day(url, day)
        response = await client.get(address, MAX_LISTING_BYTES)
        arguments = (response.content, response.url, response.media_type, response.charset)
        listing = await asyncio.to_thread(parse, recognise, *arguments)
        _, elsewhere = await client.robots(response.url)
        entries, notes, kind = list[Entry](), [*listing.notes], listing.kind
        if kind in ("sitemap", "index"):
            sitemap = Sitemap(kind="sitemap", url=url)
            entries, notes, _, _ = await read_sitemap(sitemap, day, client, {}, parse)
            kind = "sitemap"
        elif kind not in ("page", "archive"):
            entries, notes = choose(Feed(url=url), listing, day)
            kind = "feed"
        forbidden, first = {}, None
        for entry in entries[:MAX_SHOWN]:
            said, _ = await client.robots(entry.url)
            if said:
                forbidden[entry.url] = said
        for entry in entries:
            if entry.url not in forbidden:
                try:
                    first = await client.get(entry.url, MAX_RECORD_BYTES)
                except FetchError as error:
                    forbidden[entry.url] = str(error)
                break
        if kind == "page":
            elsewhere = [*(entry.url for entry in listing.entries), *elsewhere]
        return Finding(
            response.url,
            kind,
            listing.kind,
            0 if kind == "page" else len(listing.entries),
            entries,
            forbidden,
            notes,
            [] if kind in ("feed", "sitemap") else list(dict.fromkeys(elsewhere)),
            first,
        )


def recognise(content: bytes, url: str, media_type: str, charset: str | None) -> Listing:
    """The bytes as a feed, a sitemap, an archive, or a page with the feeds that it names."""
    for parse in (parse_feed, parse_sitemap):
        try:
            return parse(content, url, media_type, charset)
        except SourceError:
            continue
    for start in ARCHIVE_STARTS:
        if content.startswith(start):
            return Listing("archive", (), (f"{ARCHIVE_STARTS[start]}: an archive, which `standpoint run` reads whole",))
    if content.lstrip().startswith(b"{"):
        return Listing("archive", (), ("JSON Lines, as it seems: an archive, which `standpoint run` reads whole",))
    try:
        links = html.fromstring(content).xpath("//link[@rel='alternate'][@href]") if content.strip() else []
    except (ValueError, html.etree.ParserError):
        links = []
    found = [page_address(link.get("href"), url) for link in links if link.get("type", "").lower() in FEED_TYPES]
    return Listing("page", tuple(Entry(address) for address in dict.fromkeys(found) if address))
