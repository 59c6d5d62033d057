"""Feeds: which entries belong to a day, what becomes of their pages, and what a bad feed says."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dataframely as dy
import pytest

from pipeline import sources
from pipeline.schemas import Fetches, Raw
from pipeline.settings import Config, Feed, Outlet
from pipeline.sources import feeds, pages, to_visits

from .conftest import Web, fetch, fetch_all
from .test_sitemaps import ENTITIES, LAUGHS

DAY = date(2026, 1, 5)
XML = {"Content-Type": "application/xml; charset=utf-8"}


def rss(*items: str) -> tuple[int, dict[str, str], bytes]:
    body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>T</title>{"".join(items)}</channel></rss>'
    return (200, XML, body.encode())


def item(
    link: str, published: str | None = "Mon, 05 Jan 2026 09:00:00 GMT", title: str = "City keeps its harbour"
) -> str:
    date_element = f"<pubDate>{published}</pubDate>" if published else ""
    return f"<item><title>{title}</title><link>{link}</link>{date_element}</item>"


def rfc(day: date, time: str = "09:00:00") -> str:
    return day.strftime(f"%a, %d %b %Y {time} GMT")


def read(
    web: Web, path: str = "/feed", *, day: date = DAY, today: date = DAY, **options: Any
) -> tuple[dy.DataFrame[Raw], dy.DataFrame[Fetches]]:
    feed = Feed(url=web.address + path, **options)
    outlet = Outlet(domain="harbourtimes.example", name="Harbour Times", sources=(feed,))
    return fetch(Config(outlets=(outlet,)), "feed-harbourtimes.example-0", day, today=today)


def outcome(fetches: dy.DataFrame[Fetches]) -> tuple[str, str]:
    (row,) = fetches.rows(named=True)
    assert (row["outlet"], row["kind"]) == ("harbourtimes.example", "feed")
    assert "\n" not in (row["problem"] or "")
    return row["status"], row["problem"] or ""


def paths(raw: dy.DataFrame[Raw], web: Web) -> list[str]:
    return [url.removeprefix(web.address) for url in raw["url"]]


def test_an_rss_entry_becomes_a_record_with_its_page(web: Web) -> None:
    web.pages["/feed"] = rss(
        "<item><title>Mayor &amp;amp; &lt;b&gt;council&lt;/b&gt; agree</title><link>/a</link>"
        "<author>desk@harbourtimes.example (Joan Merrow)</author>"
        "<pubDate>Mon, 05 Jan 2026 10:00:00 +0100</pubDate></item>"
    )
    web.pages["/a"] = (200, {"Content-Type": "text/html; charset=ISO-8859-1"}, "<p>Größe".encode("latin-1"))
    raw, fetches = read(web)
    (row,) = raw.drop("raw_id").rows(named=True)
    assert row == {
        "day": DAY,
        "outlet": "harbourtimes.example",
        "source": "feed-harbourtimes.example-0",
        "url": f"{web.address}/a",
        "media_type": "text/html; charset=ISO-8859-1",
        "content": "<p>Größe".encode("latin-1"),
        "title": "Mayor & council agree",
        "published_at": datetime(2026, 1, 5, 9, tzinfo=UTC),
        "authors": ["Joan Merrow"],
        "problem": None,
    }
    assert outcome(fetches) == ("fetched", "")
    assert fetches["records"].to_list() == [1]


@pytest.mark.parametrize(
    ("given", "authors"),
    [
        ("<author>desk@harbourtimes.test (Joan Merrow)</author>", ["Joan Merrow"]),
        ("<author>Joan Merrow</author>", ["Joan Merrow"]),
        ("<author>desk@harbourtimes.example</author>", None),
        ("", None),
    ],
)
def test_authors_are_names_and_not_addresses(web: Web, given: str, authors: list[str] | None) -> None:
    web.pages |= {"/feed": rss(f"<item><title>T</title><link>/a</link>{given}</item>"), "/a": b"<p>A."}
    assert read(web)[0]["authors"].to_list() == [authors]


def test_an_atom_entry_becomes_a_record_with_its_page(web: Web) -> None:
    entry = (
        "<entry><title>Rain</title><updated>2026-01-05T08:00:00Z</updated><author><name>Ola Nord</name></author>"
        '<link rel="self" href="/x"/><link href="news/rain#top"/></entry>'
    )
    web.pages["/feed"] = (200, XML, f'<feed xmlns="http://www.w3.org/2005/Atom">{entry}</feed>'.encode())
    web.pages["/news/rain"] = b"<p>Rain."
    raw, _ = read(web)
    assert raw.select("url", "title", "authors", "published_at").row(0) == (
        f"{web.address}/news/rain",
        "Rain",
        ["Ola Nord"],
        datetime(2026, 1, 5, 8, tzinfo=UTC),
    )


def test_a_json_feed_entry_becomes_a_record_with_its_page(web: Web) -> None:
    items = [
        {"url": "/a", "title": "Rain &amp; <wind>", "date_published": "2026-01-05T10:00:00+01:00"},
        {"external_url": "/b", "date_modified": "2026-01-05", "author": {"name": "Ola Nord"}},
        {"id": "no address", "title": "T"},
        "no item",
    ]
    items[0] |= {"authors": [{"name": "Joan Merrow"}, {"url": "/x"}]}  # type: ignore[operator]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": items}
    web.pages["/feed"] = (200, {"Content-Type": "application/feed+json"}, json.dumps(feed).encode())
    web.pages |= {"/a": b"<p>A.", "/b": b"<p>B."}
    raw, fetches = read(web)
    assert raw.select("title", "published_at", "authors", "content").rows() == [
        ("Rain & <wind>", datetime(2026, 1, 5, 9, tzinfo=UTC), ["Joan Merrow"], b"<p>A."),
        (None, datetime(2026, 1, 5, tzinfo=UTC), ["Ola Nord"], b"<p>B."),
    ]
    assert outcome(fetches)[1] == "1 entries have no address of a page; 1 entries are not as JSON Feed has them"


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ('<rss version="0.91"><channel>{0}</channel></rss>', "rss091u"),
        ('<rss version="0.92"><channel>{0}</channel></rss>', "rss092"),
        ('<rss version="2.0"><channel>{0}</channel></rss>', "rss20"),
        (
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">{0}</rdf:RDF>',
            "rss10",
        ),
        (
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
            'xmlns="http://my.netscape.com/rdf/simple/0.9/">{0}</rdf:RDF>',
            "rss090",
        ),
    ],
)
def test_every_version_of_rss_is_read(version: str, kind: str) -> None:
    body = version.format("<item><title>T</title><link>/a</link></item>").encode()
    listing = feeds.parse_feed(body, "http://harbourtimes.example/feed", "application/xml", None)
    assert (listing.kind, [entry.url for entry in listing.entries]) == (kind, ["http://harbourtimes.example/a"])


@pytest.mark.parametrize("text", ["&a;", "&f;", "&l11;"])
def test_no_entity_of_a_feed_is_expanded(text: str) -> None:
    body = rss(f"<item><title>T{text}</title><link>/a</link></item>")[2].partition(b"?>")[2]
    declared = (ENTITIES % LAUGHS).replace(b"urlset", b"rss")
    listing = feeds.parse_feed(declared + body, "http://harbourtimes.example/feed", "application/xml", None)
    assert all(len(entry.title or "") < 100 and "words" not in (entry.title or "") for entry in listing.entries)


def test_what_has_not_changed_is_not_fetched_again(web: Web) -> None:
    """The second night asks with what the first was told; an unchanged page stays where it is, a changed one comes."""
    feed = rss(item("/same"), item("/changed"))
    web.pages |= {
        "/feed": [(200, XML | {"ETag": '"f"'}, feed[2]), (304, {}, b"")],
        "/same": [(200, {"ETag": '"s"'}, b"<p>Same."), (304, {}, b"")],
        "/changed": [(200, {"Last-Modified": rfc(DAY)}, b"<p>Before."), (200, {"ETag": '"c"'}, b"<p>After.")],
    }
    outlet = Outlet(domain="harbourtimes.example", name="Harbour Times", sources=(Feed(url=f"{web.address}/feed"),))
    config, name = Config(outlets=(outlet,)), "feed-harbourtimes.example-0"
    first = fetch_all(config, [name], DAY, today=DAY)[name]
    assert first.raw["content"].to_list() == [b"<p>Same.", b"<p>Before."]
    next_day = DAY + timedelta(1)
    second = fetch_all(config, [name], next_day, today=next_day, known=lambda _: to_visits(first.visits))[name]
    assert second.raw["content"].to_list() == [b"<p>After."]
    assert outcome(second.fetches) == ("fetched", "")
    assert web.headers["/same"][1]["If-None-Match"] == '"s"'
    assert web.headers["/changed"][1]["If-Modified-Since"] == rfc(DAY)
    assert second.visits.sort("url").select("url", "etag").rows() == [
        (f"{web.address}/changed", '"c"'),
        (f"{web.address}/feed", '"f"'),
        (f"{web.address}/same", '"s"'),
    ]


@pytest.mark.parametrize(
    ("media_type", "body", "is_page"),
    [
        ("text/plain", b"\xef\xbb\xbf <!DOCTYPE html><p>A.", True),
        ("application/octet-stream", b"<HTML><p>A.", True),
        ("text/plain", b"words", False),
        ("image/png", b"\x89PNG", False),
        ("application/rss+xml", b"<rss version='2.0'/>", False),
    ],
)
def test_what_a_page_is_its_bytes_may_tell(web: Web, media_type: str, body: bytes, is_page: bool) -> None:
    web.pages |= {"/feed": rss(item("/a"), item("/b")), "/b": b"<p>B.", "/a": (200, {"Content-Type": media_type}, body)}
    problem = read(web)[0]["problem"][0]
    assert problem is None if is_page else problem.endswith(f"is {media_type}, not a page")


def test_a_page_that_leads_to_the_front_page_is_gone(web: Web) -> None:
    web.pages |= {"/feed": rss(item("/a"), item("/b")), "/b": b"<p>B.", "/": b"<p>Front page."}
    web.pages["/a"] = (302, {"Location": "/"}, b"")
    assert "leads to the front page of 127.0.0.1" in read(web)[0]["problem"][0]


def test_what_has_had_no_turn_when_the_time_is_over_says_so(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "RUN_SECONDS", 3.0)
    web.pages |= {"/feed": rss(item("/a"), item("/slow")), "/a": b"<p>A.", "/slow": b"<p>" + b"B" * 600}
    web.slow["/slow"] = 0.1
    raw, fetches = read(web)
    assert raw["content"].to_list() == [b"<p>A.", b""]
    assert raw["problem"][1].startswith("not_fetched: the time of the run was over before")
    assert outcome(fetches)[0] == "fetched"


def test_records_come_in_the_order_of_the_feed_and_one_address_once(web: Web) -> None:
    links = [f"/{n}" for n in (*range(9, 0, -1), 5, 9)]
    web.pages |= {link: link.encode() for link in links}
    web.pages["/feed"] = rss(*(item(link) for link in links), item("/9#comments"))
    raw, _ = read(web)
    assert paths(raw, web) == links[:9]
    assert web.asked["/9"] == 1
    assert raw.equals(read(web)[0])


# --- days -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("published", "is_taken"),
    [
        (rfc(DAY, "23:59:59"), True),
        (rfc(DAY + timedelta(1), "00:00:00"), False),
        (rfc(DAY - timedelta(feeds.WINDOW_DAYS), "00:00:00"), True),
        (rfc(DAY - timedelta(feeds.WINDOW_DAYS + 1), "23:59:59"), False),
        (None, True),
        ("the day before yesterday", True),
    ],
)
@pytest.mark.parametrize("today", [DAY, DAY + timedelta(1)])
def test_a_live_feed_gives_what_is_new(web: Web, published: str | None, is_taken: bool, today: date) -> None:
    web.pages |= {"/feed": rss(item("/a", published)), "/a": b"<p>A."}
    raw, fetches = read(web, today=today)
    assert raw.height == is_taken
    assert outcome(fetches) == ("fetched" if is_taken else "empty", "")


def test_a_live_feed_cannot_give_a_day_that_is_over(web: Web) -> None:
    web.pages |= {"/feed": rss(item("/a")), "/a": b"<p>A."}
    raw, fetches = read(web, today=DAY + timedelta(2))
    assert raw.is_empty()
    assert outcome(fetches)[0] == "gap"
    assert "live feed" in outcome(fetches)[1]
    assert not web.asked


@pytest.mark.parametrize(
    ("published", "is_taken"),
    [
        (rfc(DAY, "00:00:00"), True),
        (rfc(DAY, "23:59:59"), True),
        (rfc(DAY - timedelta(1), "23:59:59"), False),
        (rfc(DAY + timedelta(1), "00:00:00"), False),
    ],
)
@pytest.mark.parametrize(("path", "options"), [("/feed", {"has_history": True}), ("/feed?day={day}", {})])
def test_a_feed_with_history_gives_any_day_its_own_entries(
    web: Web, published: str, is_taken: bool, path: str, options: dict[str, bool]
) -> None:
    web.pages |= {path.replace("{day}", "2026-01-05"): rss(item("/a", published)), "/a": b"<p>A."}
    assert read(web, path, today=date(2026, 11, 1), **options)[0].height == is_taken


def test_an_entry_without_a_date_is_taken_where_the_address_tells_the_day_and_else_told(web: Web) -> None:
    web.pages |= {"/feed": rss(item("/a", None)), "/2026-01-05": rss(item("/a", None)), "/a": b"<p>A."}
    assert read(web, "/{day}")[0].height == 1
    raw, fetches = read(web, has_history=True)
    assert raw.is_empty()
    assert outcome(fetches) == ("empty", "1 entries have no date, so no day can be told for them")


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((404, {}, b""), r"^not_fetched: HTTP 404 Not Found at http://127.0.0.1:\d+/bad$"),
        ((500, {}, b""), r"^not_fetched: HTTP 500 Internal Server Error at "),
        (
            (200, {"Content-Type": "application/pdf"}, b"%PDF"),
            r"^not_fetched: http://\S+/bad is application/pdf, not a page$",
        ),
    ],
)
def test_a_page_that_cannot_be_fetched_is_a_record_that_says_so(
    web: Web, answer: tuple[int, dict[str, str], bytes], said: str
) -> None:
    web.pages |= {"/feed": rss(item("/good"), item("/bad")), "/good": b"<p>A.", "/bad": answer}
    raw, fetches = read(web)
    assert raw["content"].to_list() == [b"<p>A.", b""]
    assert raw["problem"][0] is None
    assert re.search(said, raw["problem"][1])
    assert outcome(fetches) == ("fetched", "1 of 2 pages could not be fetched")


def test_where_no_page_can_be_fetched_the_source_has_failed_and_can_be_fetched_again(web: Web) -> None:
    web.pages["/feed"] = rss(item("/a"), item("/b"))
    raw, fetches = read(web)
    assert raw.is_empty()
    status, problem = outcome(fetches)
    assert status == "failed"
    assert re.search(
        r"^none of the 2 pages of http://\S+/feed could be fetched \(.*404.*\); run the day again$", problem
    )
    web.pages |= {"/a": b"<p>A.", "/b": b"<p>B."}
    assert read(web)[0].height == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((404, {}, b""), "HTTP 404 Not Found at .*/feed; check the source's address .*, then run the day again"),
        ((503, {}, b""), "HTTP 503 Service Unavailable at .*/feed"),
        (b"<html><body>A page.</body></html>", "neither RSS, Atom nor JSON Feed"),
        (b"", "neither RSS, Atom nor JSON Feed"),
        (bytes(range(256)), "neither RSS, Atom nor JSON Feed"),
    ],
)
def test_a_feed_that_is_none_has_failed(web: Web, answer: Any, said: str) -> None:
    web.pages["/feed"] = answer
    raw, fetches = read(web)
    assert raw.is_empty()
    status, problem = outcome(fetches)
    assert status == "failed"
    assert re.search(said, problem)


def test_a_feed_that_breaks_off_gives_what_it_has_and_says_so(web: Web) -> None:
    web.pages |= {"/feed": (200, XML, rss(item("/a"), item("/b"))[2][:-40]), "/a": b"<p>A.", "/b": b"<p>B."}
    raw, fetches = read(web)
    assert "/a" in paths(raw, web)
    status, problem = outcome(fetches)
    assert status == "fetched"
    assert "not well formed" in problem


def test_an_entry_without_an_address_is_told(web: Web) -> None:
    web.pages |= {
        "/feed": rss(item("/a"), "<item><title>No link</title></item>", item("mailto:a@b.example")),
        "/a": b"A",
    }
    raw, fetches = read(web)
    assert paths(raw, web) == ["/a"]
    assert outcome(fetches) == ("fetched", "2 entries have no address of a page")


def test_a_feed_without_end_is_cut_and_says_so(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_ENTRIES", 2)
    web.pages |= {"/feed": rss(*(item(f"/{n}") for n in range(3)))} | {f"/{n}": b"<p>A." for n in range(3)}
    raw, fetches = read(web)
    assert paths(raw, web) == ["/0", "/1"]
    assert outcome(fetches) == ("fetched", "3 entries for one day: only the first 2 were read")
