"""Looking at a source: what it is, what it would give, and where to look where it is none."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pipeline.sources.check import Finding, check_source
from pipeline.sources.records import FetchError

from .conftest import LOOPBACK, Web
from .test_feeds import item, rss
from .test_sitemaps import index, url, urlset

DAY = date(2026, 1, 5)


def look(web: Web, path: str) -> Finding:
    return check_source(web.address + path, LOOPBACK, DAY, lambda function, *arguments: function(*arguments))


def test_a_feed_shows_the_pages_of_the_day_and_what_robots_txt_says_of_them(web: Web) -> None:
    web.pages |= {
        "/robots.txt": b"User-agent: *\nDisallow: /private",
        "/feed": rss(item("/private/a"), item("/b"), item("/c", "Mon, 05 Jan 2025 09:00:00 GMT")),
        "/b": b"<p>B.",
    }
    found = look(web, "/feed")
    assert (found.kind, found.format, found.listed) == ("feed", "rss20", 3)
    assert [entry.url for entry in found.entries] == [f"{web.address}/private/a", f"{web.address}/b"]
    assert list(found.forbidden) == [f"{web.address}/private/a"]
    assert found.first
    assert found.first.content == b"<p>B."


def test_an_index_of_sitemaps_shows_the_pages_behind_it(web: Web) -> None:
    web.pages |= {
        "/sitemap.xml": index((f"{web.address}/news.xml", "2026-01-05")),
        "/news.xml": urlset(url(f"{web.address}/a", lastmod="2026-01-05"), url(f"{web.address}/b")),
        "/a": b"<p>A.",
    }
    found = look(web, "/sitemap.xml")
    assert (found.kind, found.format, [entry.url for entry in found.entries]) == (
        "sitemap",
        "index",
        [f"{web.address}/a"],
    )
    assert found.notes == ["1 addresses have no date, so no day can be told for them"]


def test_a_page_shows_where_its_feeds_and_sitemaps_are(web: Web) -> None:
    web.pages |= {
        "/robots.txt": f"Sitemap: {web.address}/sitemap.xml".encode(),
        "/": b'<html><head><link rel="alternate" type="application/rss+xml" href="/rss"><title>T</title></head></html>',
    }
    found = look(web, "/")
    assert (found.kind, found.elsewhere) == ("page", [f"{web.address}/rss", f"{web.address}/sitemap.xml"])
    assert found.first is None


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PAR1....", "archive"),
        (b"WARC/1.0", "archive"),
        (b'{"url": "x"}', "archive"),
        (b"", "page"),
        (b"\0\1", "page"),
    ],
)
def test_what_is_no_feed_is_told_apart(web: Web, content: bytes, kind: str) -> None:
    web.pages["/a"] = content
    found = look(web, "/a")
    assert (found.kind, found.entries) == (kind, [])


def test_a_page_that_is_dead_is_told(web: Web) -> None:
    web.pages["/feed"] = rss(item("/a"))
    found = look(web, "/feed")
    assert found.first is None
    assert found.forbidden[f"{web.address}/a"].startswith("HTTP 404")


def test_an_address_that_may_not_be_fetched_is_told(web: Web) -> None:
    web.pages["/robots.txt"] = b"User-agent: *\nDisallow: /"
    with pytest.raises(FetchError, match=r"robots\.txt there does not allow it"):
        look(web, "/feed")


def test_nothing_is_asked_twice_of_robots_txt(web: Web) -> None:
    answers: Any = rss(*(item(f"/{n}") for n in range(5)))
    web.pages |= {"/feed": answers, "/0": b"<p>A."}
    look(web, "/feed")
    assert web.asked["/robots.txt"] == 1
