"""What sitemaps say (https://www.sitemaps.org): lists of pages, news sitemaps, indexes of sitemaps; XML or plain text.

Their dates make any day addressable: a page belongs to the day of its `news:publication_date`, or else of its
`lastmod`. Of an index, only those sitemaps are read that can hold the day, by their `lastmod` and by a date in their
address.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from lxml import etree

from pipeline.sources.client import Body
from pipeline.sources.feeds import in_utc, page_address, whole
from pipeline.sources.pages import MAX_LISTING_BYTES, Entry, Listing
from pipeline.sources.records import SourceError, one_line

MAX_ADDRESSES = 50_000
"""Addresses of one sitemap, as the protocol has it."""
# 2026-01-05, 2026/01, 202601, 20260105: how outlets name the sitemap of a day or month.
DATE = re.compile(r"(?<!\d)(20\d\d)[-_/]?(0[1-9]|1[0-2])(?:[-_/]?(0[1-9]|[12]\d|3[01]))?(?!\d)")


def choose(listing: Listing, url: str, day: date) -> tuple[list[Entry], list[str]]:
    """The pages of the day, and notes; where the sitemap's address tells the day, its undated pages are of that day."""
    is_of_day = _told(url) == (day, day)
    chosen = [entry for entry in listing.entries if (_dated(entry) or (day if is_of_day else None)) == day]
    undated = sum(_dated(entry) is None for entry in listing.entries)
    notes = [f"{undated} addresses have no date, so no day can be told for them"] if undated and not is_of_day else []
    return chosen, [*listing.notes, *notes]


def choose_sitemaps(index: Listing, day: date) -> list[str]:
    """Those of an index that can hold pages of the day, the last changed first."""
    near = timedelta(days=1)  # the outlet's own day begins up to 14 hours from ours
    chosen = []
    for entry in index.entries:
        told = _told(entry.url)
        if told and not told[0] - near <= day <= told[1] + near:
            continue
        if entry.changed_at and entry.changed_at.date() < day:
            continue
        chosen.append(entry)
    never = datetime.min.replace(tzinfo=UTC)
    return [entry.url for entry in sorted(chosen, key=lambda entry: entry.changed_at or never, reverse=True)]


def parse_sitemap(content: bytes, url: str, media_type: str, charset: str | None) -> Listing:
    """The addresses of a sitemap. No entity is expanded and nothing is fetched; a sitemap may be compressed.

    Raises:
        SourceError: it is no sitemap.
    """
    if content.startswith(b"\x1f\x8b"):
        content = _expanded(content, url)
    if b"<" not in content[:1000]:
        return _parse_text(content, url)
    entries: dict[str, Entry] = {}
    notes, root, nameless = [], "", 0
    nodes = etree.iterparse(
        io.BytesIO(content),
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        recover=True,
    )
    try:
        for event, node in nodes:
            name = _name(node)
            root = root or name
            if event == "start" or name not in ("url", "sitemap"):
                continue
            entry = _entry(node, url)
            if entry is None:
                nameless += 1
            else:
                entries.setdefault(entry.url, entry)
            node.clear()
            while node.getprevious() is not None:  # else the tree keeps a husk of each
                del node.getparent()[0]
            if len(entries) > MAX_ADDRESSES:
                notes.append(f"more than {MAX_ADDRESSES:,} addresses: the rest was not read")
                break
    except (etree.XMLSyntaxError, ValueError) as error:
        if root not in ("urlset", "sitemapindex"):
            raise SourceError(f"{url} is no sitemap: {one_line(error, 100)}") from error
        notes.append(f"the sitemap is not well formed ({one_line(error, 100)}): addresses may be missing")
    if root in ("rss", "feed", "RDF"):
        raise SourceError(f'{url} is a feed; put kind = "feed" into the configuration')
    if root not in ("urlset", "sitemapindex"):
        raise SourceError(f"{url} is no sitemap: it begins with <{one_line(root, 30)}>")
    if nameless:
        notes.append(f"{nameless} entries have no address of a page")
    kind = "index" if root == "sitemapindex" else "sitemap"
    return Listing(kind, tuple(entries.values())[:MAX_ADDRESSES], tuple(notes))


def _parse_text(content: bytes, url: str) -> Listing:
    lines = content.decode("utf-8-sig", "replace").split()
    found = dict.fromkeys(address for line in lines[:MAX_ADDRESSES] if (address := page_address(line, "")))
    if not found:
        raise SourceError(f"{url} is no sitemap: neither XML nor a list of addresses")
    return Listing("sitemap", tuple(Entry(address) for address in found))


def _expanded(content: bytes, url: str) -> bytes:
    body, out = Body("gzip", url), io.BytesIO()
    for piece in body.expand(content):
        out.write(piece)
        if out.tell() > MAX_LISTING_BYTES:
            raise SourceError(f"{url} is longer than {MAX_LISTING_BYTES:,} bytes when it is expanded")
    body.end()
    return out.getvalue()


def _entry(node: Any, base: str) -> Entry | None:
    said = dict(_said(node))
    address = page_address(said.get("loc", ""), base)
    if address is None:
        return None
    published, changed = said.get("publication_date", ""), said.get("lastmod", "")
    title = " ".join(whole(said.get("title", "")).split()) or None
    if _time(published) and ("T" in published or ":" in published):
        return Entry(address, title, _time(published))
    return Entry(address, title, changed_at=_time(published) or _time(changed))


def _said(node: Any) -> Iterator[tuple[str, str]]:
    """What the entry says of itself and, as news, of its page; an image's address is none of that."""
    for child in node:
        name = _name(child)
        if name in ("loc", "lastmod"):
            yield name, (child.text or "").strip()
        elif name == "news":
            for grandchild in child:
                if _name(grandchild) in ("publication_date", "title"):
                    yield _name(grandchild), (grandchild.text or "").strip()


def _name(node: Any) -> str:
    return etree.QName(node).localname if isinstance(node.tag, str) else ""


def _time(text: str) -> datetime | None:
    try:
        return in_utc(datetime.fromisoformat(text))
    except ValueError:
        return None


def _dated(entry: Entry) -> date | None:
    time = entry.published_at or entry.changed_at
    return time.date() if time else None


def _told(url: str) -> tuple[date, date] | None:
    """The first and last day that a sitemap's address names; the most precise date in it counts."""
    found = sorted((m.groups("") for m in DATE.finditer(url)), key=lambda parts: len(parts[2]))
    if not found:
        return None
    year, month, day = found[-1]
    try:
        if day:
            return (date(int(year), int(month), int(day)),) * 2
    except ValueError:  # 30 February: then only the month is meant
        pass
    first = date(int(year), int(month), 1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
