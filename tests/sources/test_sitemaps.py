"""Sitemaps: which pages belong to a day, which sitemaps of an index are read for it, and what a bad one says."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime
from typing import Any

import dataframely as dy
import pytest

from pipeline import sources
from pipeline.schemas import Fetches, Raw
from pipeline.settings import Config, Outlet, Sitemap
from pipeline.sources.records import SourceError
from pipeline.sources.sitemaps import choose, choose_sitemaps, parse_sitemap

from .conftest import Web, fetch

DAY = date(2026, 1, 5)
XML = {"Content-Type": "application/xml"}
NEWS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'


def urlset(*urls: str) -> bytes:
    return f'<?xml version="1.0"?><urlset {NEWS}>{"".join(urls)}</urlset>'.encode()


def url(loc: str, lastmod: str = "", published: str = "", title: str = "") -> str:
    news = f"<news:publication_date>{published}</news:publication_date>" if published else ""
    news = f"<news:news>{news}<news:title>{title}</news:title></news:news>" if news else ""
    return f"<url><loc>{loc}</loc>{f'<lastmod>{lastmod}</lastmod>' if lastmod else ''}{news}</url>"


def index(*sitemaps: tuple[str, str]) -> bytes:
    entries = "".join(f"<sitemap><loc>{loc}</loc><lastmod>{lastmod}</lastmod></sitemap>" for loc, lastmod in sitemaps)
    return f"<sitemapindex {NEWS}>{entries}</sitemapindex>".encode()


def parse(content: bytes, address: str = "http://harbourtimes.example/sitemap.xml") -> Any:
    return parse_sitemap(content, address, "application/xml", None)


def read(web: Web, path: str = "/sitemap.xml", day: date = DAY) -> tuple[dy.DataFrame[Raw], dy.DataFrame[Fetches]]:
    sitemap = Sitemap(kind="sitemap", url=web.address + path)
    outlet = Outlet(domain="harbourtimes.example", name="Harbour Times", sources=(sitemap,))
    return fetch(Config(outlets=(outlet,)), "sitemap-harbourtimes.example-0", day, today=date(2026, 11, 1))


def said(fetches: dy.DataFrame[Fetches]) -> tuple[str, str]:
    return fetches["status"][0], fetches["problem"][0] or ""


def test_a_news_sitemap_gives_any_day_its_own_pages(web: Web) -> None:
    web.pages["/sitemap.xml"] = urlset(
        url(f"{web.address}/a", published="2026-01-05T23:30:00-01:00", title="Too late"),
        url(f"{web.address}/b", published="2026-01-05T23:30:00+02:00", title="Rain in the valleys"),
        url(f"{web.address}/c", lastmod="2026-01-05", published="2026-01-03T09:00:00Z", title="Changed since"),
    )
    web.pages["/b"] = b"<p>Rain."
    raw, fetches = read(web)
    assert raw.select("url", "title", "published_at", "content").rows() == [
        (f"{web.address}/b", "Rain in the valleys", datetime(2026, 1, 5, 21, 30, tzinfo=UTC), b"<p>Rain.")
    ]
    assert said(fetches) == ("fetched", "")
    assert fetches["kind"].to_list() == ["sitemap"]


@pytest.mark.parametrize(
    ("entry", "is_of_day"),
    [
        (url("/a", lastmod="2026-01-05T10:00:00+00:00"), True),
        (url("/a", lastmod="2026-01-05"), True),
        (url("/a", lastmod="2026-01-04"), False),
        (url("/a", published="2026-01-05"), True),
        (url("/a", lastmod="yesterday"), False),
        (url("/a"), False),
    ],
)
def test_a_page_is_placed_by_its_publication_or_else_its_last_change(entry: str, is_of_day: bool) -> None:
    listing = parse(urlset(entry))
    chosen, _ = choose(listing, "http://harbourtimes.example/sitemap.xml", DAY)
    assert bool(chosen) == is_of_day
    assert all(entry.published_at is None for entry in chosen), "a day alone is no time of publication"


def test_undated_pages_are_of_the_day_that_the_sitemaps_address_tells() -> None:
    listing = parse(urlset(url("/a")))
    assert len(choose(listing, "http://harbourtimes.example/2026/01/05.xml", DAY)[0]) == 1
    chosen, notes = choose(listing, "http://harbourtimes.example/2026/01.xml", DAY)
    assert (chosen, notes) == ([], ["1 addresses have no date, so no day can be told for them"])


@pytest.mark.parametrize(
    ("address", "lastmod", "is_read"),
    [
        ("/sitemap-1.xml", "2026-01-05T10:00:00Z", True),
        ("/sitemap-1.xml", "2026-01-04", False),
        ("/sitemap-1.xml", "", True),
        ("/sitemap-2026-01.xml", "2026-02-01", True),
        ("/sitemap-202512.xml", "2026-01-20", False),
        ("/2026/01/05/news.xml", "", True),
        ("/2026/01/06/news.xml", "", True),
        ("/20260107.xml", "", False),
        ("/2026-02-30.xml", "", False),
    ],
)
def test_of_an_index_only_what_can_hold_the_day_is_read(address: str, lastmod: str, is_read: bool) -> None:
    assert bool(choose_sitemaps(parse(index((address, lastmod))), DAY)) == is_read


def test_an_index_leads_to_the_pages_of_its_sitemaps(web: Web) -> None:
    web.pages |= {
        "/sitemap.xml": index((f"{web.address}/old.xml", "2025-01-01"), (f"{web.address}/more.xml", "2026-01-07")),
        "/more.xml": index((f"{web.address}/news.xml.gz", "2026-01-06"), (f"{web.address}/gone.xml", "2026-01-06")),
        "/news.xml.gz": (200, XML, gzip.compress(urlset(url(f"{web.address}/a", lastmod="2026-01-05")))),
        "/a": b"<p>A.",
    }
    raw, fetches = read(web)
    assert raw["content"].to_list() == [b"<p>A."]
    assert web.asked["/old.xml"] == 0
    status, problem = said(fetches)
    assert status == "fetched"
    assert problem.startswith("1 of 4 sitemaps could not be read (HTTP 404 Not Found at ")


def test_an_index_that_leads_to_itself_ends(web: Web) -> None:
    web.pages["/sitemap.xml"] = index(*((f"{web.address}/sitemap.xml?{n}", "2026-01-05") for n in range(90)))
    web.pages |= {f"/sitemap.xml?{n}": web.pages["/sitemap.xml"] for n in range(90)}
    status, problem = said(read(web)[1])
    assert status == "empty"
    assert f"only the first {sources.MAX_SITEMAPS} were read" in problem


def test_an_index_of_which_nothing_can_be_read_has_failed(web: Web) -> None:
    web.pages["/sitemap.xml"] = index((f"{web.address}/gone.xml", "2026-01-05"))
    status, problem = said(read(web)[1])
    assert status == "failed"
    assert problem.startswith("no sitemap of ")


def test_a_sitemap_may_be_a_list_of_addresses() -> None:
    assert [e.url for e in parse(b"http://a.example/1\nhttp://a.example/2\nwords\n").entries] == [
        "http://a.example/1",
        "http://a.example/2",
    ]


def test_the_address_of_an_image_is_none_of_a_page() -> None:
    image = '<image:image xmlns:image="http://i.example/1"><image:loc>http://a.example/i.png</image:loc></image:image>'
    listing = parse(urlset(f"<url>{image}<loc>/a</loc></url>", f"<url>{image}</url>"))
    assert [entry.url for entry in listing.entries] == ["http://harbourtimes.example/a"]
    assert listing.notes == ("1 entries have no address of a page",)


ENTITIES = b'<!DOCTYPE urlset [<!ENTITY a "words"><!ENTITY f SYSTEM "file:///etc/hostname">%s]>'
LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10 if n else b"ha") for n in range(12))


@pytest.mark.parametrize("text", [b"&a;", b"&f;", b"&l11;"])
def test_no_entity_is_expanded(text: bytes) -> None:
    body = urlset(url("/a"), url("/b")).partition(b"?>")[2].replace(b"/b", b"/b" + text)
    listing = parse(ENTITIES % LAUGHS + body)
    assert listing.entries[0].url == "http://harbourtimes.example/a"
    assert all(len(entry.url) < 100 and "words" not in entry.url for entry in listing.entries)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html><body>A page.</body></html>", "is no sitemap: it begins with <html>"),
        (b"<rss version='2.0'></rss>", "is a feed; put kind"),
        (b"", "neither XML nor a list"),
        (b"words and words", "neither XML nor a list"),
        (b"\0" * 100, "neither XML nor a list"),
        (b"<", "is no sitemap"),
        (gzip.compress(b"<urlset/>")[:-9], "ends too early"),
    ],
)
def test_what_is_no_sitemap_says_so(content: bytes, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        parse(content)


def test_a_sitemap_that_breaks_off_gives_what_it_has() -> None:
    assert [e.url for e in parse(urlset(url("/a"), url("/b"))[:-20]).entries][:1] == ["http://harbourtimes.example/a"]
