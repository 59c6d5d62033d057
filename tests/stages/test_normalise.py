"""Raw records to articles and quarantine: every fact that the stage promises, on synthetic pages."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.schemas import Articles, Quarantine, Raw
from pipeline.settings import Config, Outlet
from pipeline.stages.normalise import (
    MIN_BODY_CHARACTERS,
    Extracted,
    article_id,
    canonical_url,
    clean,
    extract,
    normalise,
)

DAY = date(2026, 1, 5)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
CONFIG = Config(
    outlets=(
        Outlet(domain="harbourtimes.example", name="Harbour Times"),
        Outlet(domain="islandpost.example", name="Island Post"),
    )
)
STORY = """Mayor Ines Calder said on Monday that the city would not sell the old harbour to the Norvane shipping group.
The council had argued for three months about the offer, which would have paid for two new schools and a tram line.
"We do not sell what our children will need," Calder told reporters outside the town hall in Port Ellery.
Tomas Brandt, who leads the opposition, called the decision a costly mistake and asked for a public vote in spring.
Norvane did not answer questions. Its regional director had promised four hundred jobs in a letter to the council.
The harbour was built by fishermen two centuries ago and lies empty for most of the year, apart from a small museum."""
OTHER = """Rain fell on the eastern valleys for the fourth day in a row, and the river Ardle rose above its banks.
Farmers moved cattle to higher ground while volunteers filled sandbags near the bridge at Lower Wexcombe.
The weather service expects the water to fall again by Thursday, but warns of more storms at the end of the week.
Nobody was hurt. The minister for the interior, Ada Lindqvist, is to visit the flooded villages on Tuesday morning."""
PAGE = """<html lang="{lang}"><head><title>{title} | Harbour Times</title>
<meta property="og:site_name" content="Harbour Times">{head}</head><body>
<nav><a href="/">Home</a> <a href="/sport">Sport</a></nav>
<article><h1>{title}</h1><p class="byline">By <span class="author">Joan Merrow</span></p>{story}</article>
<footer>Harbour Times, all rights reserved. <a href="/contact">Contact us</a></footer></body></html>"""


def page(story: str = STORY, *, title: str = "City keeps its harbour", head: str = "", lang: str = "en") -> str:
    paragraphs = "".join(f"<p>{line}</p>" for line in story.split("\n"))
    return PAGE.format(title=title, story=paragraphs, head=head, lang=lang)


def raw(*rows: dict[str, Any]) -> dy.DataFrame[Raw]:
    """Raw rows of text records; each says only what its test is about."""
    whole = [
        {
            "day": DAY,
            "raw_id": f"{number:04d}",
            "outlet": "harbourtimes.example",
            "source": "archive-0",
            "url": f"http://harbourtimes.example/{number}",
            "media_type": "text/plain",
            "content": STORY.encode(),
            "title": "City keeps its harbour",
            "published_at": NOON,
            "authors": None,
            "problem": None,
        }
        | row
        for number, row in enumerate(rows)
    ]
    return Raw.validate(pl.DataFrame(whole, infer_schema_length=None), cast=True)


def only_article(*rows: dict[str, Any]) -> dict[str, Any]:
    articles, quarantine = normalise(raw(*rows), CONFIG)
    assert quarantine.is_empty(), quarantine
    return articles.row(0, named=True)


def only_refusal(*rows: dict[str, Any]) -> dict[str, Any]:
    articles, quarantine = normalise(raw(*rows), CONFIG)
    assert articles.is_empty(), articles
    return quarantine.row(0, named=True)


def extracted(html: str) -> Extracted:
    found = extract(html.encode(), "http://harbourtimes.example/a")
    assert found is not None
    return found


# --- extract ----------------------------------------------------------------------------------------------------------


def test_a_page_gives_its_story_and_nothing_around_it() -> None:
    found = extracted(page())
    assert found.body == STORY
    assert found.title == "City keeps its harbour"
    assert found.authors == ["Joan Merrow"]
    assert found.language == "en"


@pytest.mark.parametrize(
    "head",
    [
        '<script type="application/ld+json">{"@graph": [{"@type": "NewsArticle", '
        '"datePublished": "2026-01-05T07:30:00+01:00"}]}</script>',
        '<meta property="article:published_time" content="2026-01-05T06:30:00Z">',
        '<meta itemprop="datePublished" content="Mon, 05 Jan 2026 06:30:00 GMT">',
        '<script type="application/ld+json">{not json</script>'
        '<meta property="article:published_time" content="2026-01-05T06:30:00">',
    ],
)
def test_the_page_tells_when_it_was_published(head: str) -> None:
    assert extracted(page(head=head)).published_at == datetime(2026, 1, 5, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize("charset", ["utf-8", "windows-1252", "utf-16"])
def test_the_charset_that_the_server_states_is_used(charset: str) -> None:
    story = STORY.replace("Calder", "Åström").replace('"', "”")
    found = extract(page(story).encode(charset), "http://harbourtimes.example/a", charset=charset)
    assert found is not None
    assert found.body == story


def test_the_charset_that_the_page_states_is_used() -> None:
    story = STORY.replace("Calder", "Кольцова")
    html = page(story, head='<meta charset="windows-1251">').encode("windows-1251")
    assert extract(html, "http://harbourtimes.example/a").body == story  # type: ignore[union-attr]


def test_utf_8_is_read_as_such_whatever_the_server_states_and_one_broken_byte_stays_one() -> None:
    story = STORY.replace("Calder", "Åström")
    html = page(story).encode().replace(b"town hall", b"town \xff hall")
    found = extract(html, "http://harbourtimes.example/a", charset="iso-8859-1")
    assert found is not None
    assert "Åström" in found.body
    assert found.body.count("\ufffd") == 1


@pytest.mark.parametrize(
    "html",
    [
        b"",
        b"\x00" * 1000,
        bytes(range(256)) * 50,
        b"%PDF-1.7 not a page",
        b"<div>" * 50_000,
        b"<article>" + b"<p>A sentence of a page without end.</p>" * 25_000,
        b"<html><body></body></html>",
        b"<?xml version='1.0' encoding='bogus'?><a/>",
        b'<script type="application/ld+json">' + b"[" * 100_000 + b"</script>",
    ],
)
def test_where_there_is_no_article_there_is_none(html: bytes) -> None:
    assert extract(html, "http://harbourtimes.example/a") is None


def test_a_record_that_brings_its_reader_down_is_refused_with_the_reason() -> None:
    def each(function: Any, rows: Any, otherwise: Any) -> Any:
        return (otherwise(row, "it took too long") if row["raw_id"] == "b" else function(row) for row in rows)

    pages = raw(*({"raw_id": raw_id, "url": f"http://harbourtimes.example/{raw_id}"} for raw_id in "abc"))
    articles, quarantine = normalise(pages, CONFIG, each)
    assert sorted(articles["raw_id"]) == ["a", "c"]
    assert quarantine.select("raw_id", "reason").rows() == [("b", "unreadable")]
    assert quarantine["detail"][0].startswith("it took too long, over the ")


def test_a_list_of_links_is_no_article() -> None:
    teasers = "".join(
        f'<h2><a href="/{n}">Council votes on plan {n}</a></h2><p>A teaser of plan {n}.</p>' for n in range(20)
    )
    assert extract(f"<html><body><main>{teasers}</main></body></html>".encode(), "http://a.example/") is None


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=400), st.text(max_size=20))
def test_extract_never_raises(garbage: bytes, url: str) -> None:
    extract(garbage, url)
    extract(page().encode()[: len(garbage) * 3] + garbage, url)


# --- text -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("  two   words\t\u00a0more ", "two words more"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("one\n\n\n \n\ntwo", "one\n\ntwo"),
        ("Cafe\u0301", "Café"),
        ("e\u200b\u0301", "é"),
        ("pay\u202elap\u202c \u2066x\u2069", "paylap x"),
        ("har\u00adbour \ufeffTimes\x07", "harbour Times"),
        ("``Yes,'' she said, ''they say 'never''' and", '"Yes," she said, "they say \'never\'" and'),
        ("the owners' house, ''''", "the owners' house, ''''"),
        ("C\u034fald\u3164er \u115fInes", "Calder Ines"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
    ],
)
def test_text_is_stored_clean(given: str, stored: str) -> None:
    assert clean(given) == stored


@given(st.text(max_size=200))
def test_cleaning_clean_text_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize("first", ["City keeps its harbour.", "CITY KEEPS ITS HARBOUR", "City keeps\nits harbour"])
def test_a_body_does_not_repeat_the_headline(first: str) -> None:
    assert only_article({"content": f"{first}\n\n{STORY}".encode()})["body"] == STORY


def test_a_first_line_that_only_begins_like_the_headline_stays() -> None:
    body = "City keeps its harbour and its museum.\n" + STORY
    assert only_article({"content": body.encode()})["body"] == body


# --- address ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("HTTP://Harbourtimes.Example:80/A/", "http://harbourtimes.example/A"),
        ("https://a.example:443", "https://a.example/"),
        ("https://a.example:8443/x", "https://a.example:8443/x"),
        ("https://a.example/x?b=2&utm_source=feed&a=1&fbclid=z#top", "https://a.example/x?a=1&b=2"),
        ("https://a.example/x?at_medium=RSS", "https://a.example/x"),
        ("https://user:secret@a.example/x", "https://a.example/x"),
        (" https://münchen.example/straße ", "https://xn--mnchen-3ya.example/stra%C3%9Fe"),
    ],
)
def test_an_address_has_one_form(given: str, canonical: str) -> None:
    assert canonical_url(given) == canonical
    assert canonical_url(canonical) == canonical


@pytest.mark.parametrize("url", ["", "ftp://a.example/x", "/x", "http://", "http://[broken/", "javascript:void(0)"])
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        canonical_url(url)
    assert only_refusal({"url": url})["reason"] == "invalid_record"


@pytest.mark.parametrize("url", ["https://www.a.example/x", "http://m.a.example/x", "https://a.example/x/amp"])
def test_https_www_and_pages_for_phones_do_not_change_the_article(url: str) -> None:
    assert article_id(url) == article_id("http://a.example/x")
    assert article_id("http://a.example/x") != article_id("http://a.example/y")


# --- time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "stated", "expected", "origin"),
    [
        (NOON, "2026-01-04T01:00:00Z", NOON, "source"),
        (None, "2026-01-04T01:00:00Z", datetime(2026, 1, 4, 1, tzinfo=UTC), "page"),
        (None, "", datetime(2026, 1, 5, tzinfo=UTC), "day"),
        (datetime(2026, 1, 6, 23, 59, tzinfo=UTC), "", datetime(2026, 1, 6, 23, 59, tzinfo=UTC), "source"),
        (datetime(2026, 1, 7, tzinfo=UTC), "2026-01-05T09:00:00Z", datetime(2026, 1, 5, 9, tzinfo=UTC), "page"),
        (datetime(2099, 1, 1, tzinfo=UTC), "2099-01-01", datetime(2026, 1, 5, tzinfo=UTC), "day"),
    ],
)
def test_the_publication_time_is_the_first_that_can_be_believed(
    source: datetime | None, stated: str, expected: datetime, origin: str
) -> None:
    html = page(head=f'<meta property="article:published_time" content="{stated}">')
    article = only_article({"media_type": "text/html", "content": html.encode(), "published_at": source})
    assert (article["published_at"], article["published_at_origin"]) == (expected, origin)
    assert article["published_on"] == expected.date()


# --- language ---------------------------------------------------------------------------------------------------------

GERMAN = (
    "Die Bürgermeisterin sagte am Montag, die Stadt werde den alten Hafen nicht verkaufen. Der Rat hatte lange "
    "über das Angebot gestritten, mit dem zwei neue Schulen hätten gebaut werden können. Die Reederei schwieg dazu."
)


def test_a_page_in_another_language_is_an_article_with_its_language() -> None:
    html = page(GERMAN, title="Hafen bleibt", lang="en")
    article = only_article({"media_type": "text/html; charset=utf-8", "content": html.encode(), "title": None})
    assert (article["language"], article["title"]) == ("de", "Hafen bleibt")


@pytest.mark.parametrize(("lang", "expected"), [("nn-NO", "nn"), ("x-klingon", "no")])
def test_words_that_do_not_tell_leave_the_language_to_the_page(lang: str, expected: str) -> None:
    story = "Borgermesteren sa mandag at byen ikke vil selge havnen.\n" * 3
    assert extracted(page(story.strip(), lang=lang)).language == expected


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "is_kept"), [(MIN_BODY_CHARACTERS - 1, False), (MIN_BODY_CHARACTERS, True)])
def test_a_stub_is_too_short(length: int, is_kept: bool) -> None:
    articles, quarantine = normalise(raw({"content": STORY[:length].replace("\n", " ").encode()}), CONFIG)
    assert articles.height == is_kept
    assert quarantine["reason"].to_list() == ([] if is_kept else ["too_short"])


def test_a_record_that_the_source_refused_keeps_its_reason_and_detail() -> None:
    refusal = only_refusal({"problem": "no_article: HTTP 404 Not Found at http://a.example/x", "content": b""})
    assert (refusal["reason"], refusal["detail"]) == ("no_article", "HTTP 404 Not Found at http://a.example/x")


def test_a_page_without_a_story_is_refused() -> None:
    assert only_refusal({"media_type": "text/html", "content": b"<html></html>"})["reason"] == "no_article"


def test_an_outlet_that_nobody_configured_is_refused_until_it_is() -> None:
    record = {"outlet": "newpaper.example", "problem": "unknown_outlet: line 3 names 'newpaper.example'"}
    assert only_refusal(record)["reason"] == "unknown_outlet"
    wider = Config(outlets=(*CONFIG.outlets, Outlet(domain="newpaper.example", name="New Paper")))
    assert normalise(raw(record), wider)[0].height == 1
    assert only_refusal({"outlet": "gone.example"})["reason"] == "unknown_outlet"


def test_of_one_address_the_latest_revision_is_the_article() -> None:
    early, late = NOON.replace(hour=8), NOON.replace(hour=9)
    articles, quarantine = normalise(
        raw(
            {"url": "http://harbourtimes.example/a?utm_source=x", "published_at": early},
            {
                "url": "https://www.harbourtimes.example/a/",
                "published_at": late,
                "content": (STORY + "\nMore.").encode(),
            },
            {"url": "http://harbourtimes.example/a", "published_at": late},
        ),
        CONFIG,
    )
    assert articles["raw_id"].to_list() == ["0001"]
    assert quarantine.select("raw_id", "reason").rows() == [("0000", "duplicate_url"), ("0002", "duplicate_url")]


# --- the day ----------------------------------------------------------------------------------------------------------


def mixed_day() -> dy.DataFrame[Raw]:
    return raw(
        {},
        {"content": OTHER.encode()},
        {"outlet": "islandpost.example", "content": ("(Wire) " + STORY).encode()},
        {"media_type": "text/html", "content": page().encode(), "title": None, "authors": ["A", "A", " "]},
        {"media_type": "text/html", "content": bytes(range(256))},
        {
            "media_type": "application/json",
            "url": None,
            "outlet": None,
            "content": b"{",
            "problem": "invalid_record: bad",
        },
        {"url": "http://harbourtimes.example/0#again"},
        {"content": b"\xff\xfe stub"},
    )


def test_every_record_ends_in_articles_or_quarantine() -> None:
    articles, quarantine = normalise(mixed_day(), CONFIG)
    assert sorted([*articles["raw_id"], *quarantine["raw_id"]]) == [f"{n:04d}" for n in range(8)]
    assert articles["article_id"].is_sorted()
    assert quarantine["raw_id"].is_sorted()


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_records_does_not_matter(seed: int) -> None:
    shuffled = Raw.validate(mixed_day().sample(fraction=1, shuffle=True, seed=seed))
    for given_first, given_last in zip(normalise(mixed_day(), CONFIG), normalise(shuffled, CONFIG), strict=True):
        assert given_first.equals(given_last)


def test_a_day_without_records_is_empty() -> None:
    articles, quarantine = normalise(Raw.create_empty(), CONFIG)
    assert articles.schema == Articles.create_empty().schema
    assert quarantine.schema == Quarantine.create_empty().schema
    assert articles.is_empty() and quarantine.is_empty()
