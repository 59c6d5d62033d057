"""The sample newsroom: its feeds, pages, configuration and expectations agree, and its web answers for it alone."""

from __future__ import annotations

import re
import socket
import tomllib
from calendar import timegm
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import feedparser
import httpx2
import pytest

from pipeline.settings import Config, load_config
from pipeline.stages.normalise import canonical_url, extract
from sample.serve import DOMAINS, ROOT, find, serving

DAYS = [date(2026, 1, 5) + timedelta(days=n) for n in range(7)]
EXPECTED = tomllib.loads((ROOT / "expected.toml").read_text(encoding="utf-8"))
NO_STORY = {entry["url"] for entry in EXPECTED["refused"] if entry["reason"] != "duplicate_url"}
CHROME = [
    "cookies",
    "COOKIES",
    "ubscribe",
    "ADVERTISEMENT",
    "READ MORE",
    "TRENDING",
    "Recommend",
    "Reply",
    "says:",
    "©",
    "paywall",
]


class Entry(NamedTuple):
    domain: str
    link: str
    day: date


def read_feeds() -> Iterator[Entry]:
    for domain in sorted(DOMAINS):
        feed = feedparser.parse((ROOT / domain / "feed.xml").read_bytes())
        assert not feed.bozo, domain
        for entry in feed.entries:
            yield Entry(domain, entry.link, datetime.fromtimestamp(timegm(entry.published_parsed), UTC).date())


ENTRIES = list(read_feeds())
STORIES = sorted({entry.link for entry in ENTRIES} - NO_STORY)


@cache
def body(link: str) -> str:
    """The story text that the pipeline takes from the page."""
    path = find(link)
    assert path, link
    story = extract(path.read_bytes(), link)
    assert story, link
    return story.body


def days_of(url: str) -> set[date]:
    return {entry.day for entry in ENTRIES if canonical_url(entry.link) == url}


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(ROOT / "standpoint.toml")


@pytest.fixture(scope="module")
def web() -> Iterator[httpx2.Client]:
    with serving() as proxy, httpx2.Client(proxy=proxy, trust_env=False) as client:
        yield client


# --- pages, feeds, configuration --------------------------------------------------------------------------------------


def test_the_configuration_names_every_outlet_with_its_feed(config: Config) -> None:
    assert {outlet.domain for outlet in config.outlets} == DOMAINS
    feeds = {outlet.domain: [(feed.url, feed.has_history) for feed in outlet.sources] for outlet in config.outlets}
    assert feeds == {domain: [(f"http://{domain}/feed.xml", True)] for domain in DOMAINS}
    assert len(config.issues) == 2


def test_every_entry_has_its_page_and_every_page_its_entry() -> None:
    assert {find(entry.link) for entry in ENTRIES} == set(ROOT.glob("*.example/**/*.html"))


def test_an_outlet_lists_only_its_own_pages() -> None:
    assert [entry for entry in ENTRIES if urlsplit(entry.link).hostname != entry.domain] == []


def test_every_outlet_prints_on_every_day() -> None:
    assert {(entry.domain, entry.day) for entry in ENTRIES} == {(domain, day) for domain in DOMAINS for day in DAYS}


def test_a_day_brings_the_articles_that_are_expected() -> None:
    listed = Counter(entry.day for entry in ENTRIES)
    refused = Counter(entry["day"] for entry in EXPECTED["refused"])
    assert {day.isoformat(): listed[day] - refused[day] for day in DAYS} == EXPECTED["articles"]


def test_every_page_names_its_canonical_address() -> None:
    for link in {entry.link for entry in ENTRIES}:
        path = find(link)
        assert path and f'<link rel="canonical" href="{canonical_url(link)}">' in path.read_text(encoding="utf-8")


def test_links_from_story_to_story_lead_to_one() -> None:
    for link in STORIES:
        path = find(link)
        assert path
        for href in re.findall(r'href="([^"]+\.html)"', path.read_text(encoding="utf-8")):
            assert find(urljoin(link, href)), f"{link} links to {href}"


@pytest.mark.parametrize("link", STORIES)
def test_a_story_is_read_without_the_page_around_it(link: str) -> None:
    assert 120 <= len(body(link).split()) <= 300
    assert [word for word in CHROME if word in body(link)] == []


@pytest.mark.parametrize(
    ("domain", "marks"),
    [
        ("harbourtimes.example", "“”"),
        ("civicpost.example", "“”"),
        ("northwire.example", '"'),
        ("thedailyember.example", '"'),
    ],
)
def test_an_outlet_keeps_to_its_quotation_marks(domain: str, marks: str) -> None:
    text = "".join(body(link) for link in STORIES if urlsplit(link).hostname == domain)
    assert set(re.findall('["“”]', text)) == set(marks)


# --- expectations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("statement", EXPECTED["statements"], ids=lambda statement: statement["words"][:40])
def test_expected_speakers_and_words_stand_on_the_page(statement: dict[str, str]) -> None:
    assert statement["words"] in body(statement["url"])
    assert statement["speaker"] in body(statement["url"])


def test_expected_entities_and_issues_are_those_of_the_configuration(config: Config) -> None:
    known, issues = {entity.id for entity in config.entities}, {issue.id for issue in config.issues}
    for statement in EXPECTED["statements"]:
        assert statement["entity"] in known or " " in statement["entity"]
        assert set(statement["stance"]) <= known | issues
    for position in EXPECTED["positions"]:
        assert position["issue"] in issues and set(position) - {"issue"} <= known
    for domain, slant in EXPECTED["slants"].items():
        assert domain in DOMAINS and set(slant) <= known


def test_expected_addresses_are_printed_on_their_days() -> None:
    for entry in EXPECTED["reprints"] + EXPECTED["refused"]:
        assert entry["day"] in days_of(entry["url"])
    for entry in EXPECTED["reprints"]:
        assert min(days_of(entry["of"])) <= entry["day"]
    for entry in EXPECTED["revisions"]:
        assert days_of(entry["url"]) == set(entry["days"])


@pytest.mark.parametrize("reprint", EXPECTED["reprints"], ids=lambda reprint: reprint["url"].rsplit("/")[-1])
def test_a_reprint_shares_most_of_its_words_in_order(reprint: dict[str, str]) -> None:
    copy, original = (
        {tuple(words[i : i + 5]) for i in range(len(words) - 4)}
        for words in (re.findall(r"\w+", body(reprint[key])) for key in ("url", "of"))
    )
    assert len(copy & original) > 0.6 * min(len(copy), len(original))


def test_a_revised_page_has_its_new_text_on_the_later_day() -> None:
    for revision in EXPECTED["revisions"]:
        links = sorted(entry.link for entry in ENTRIES if canonical_url(entry.link) == revision["url"])
        assert [revision["before"] in body(link) for link in links] == [True, False]
        assert [revision["after"] in body(link) for link in links] == [False, True]


def test_a_page_cut_off_by_its_server_is_read_to_the_last_word() -> None:
    for page in EXPECTED["truncated"]:
        path = find(page["url"])
        assert path and b"</html>" not in path.read_bytes()
        assert body(page["url"]).endswith(page["ends"])


# --- the web ----------------------------------------------------------------------------------------------------------


def test_a_proxied_request_brings_the_file(web: httpx2.Client) -> None:
    response = web.get("http://northwire.example/feed.xml")
    assert response.content == (ROOT / "northwire.example" / "feed.xml").read_bytes()
    assert response.headers["content-type"] == "application/xml; charset=utf-8"
    page = web.get("http://thedailyember.example/news/31-hours.html?utm_source=push")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_a_host_header_brings_the_file_too() -> None:
    with serving() as address:
        response = httpx2.get(f"{address}/feed.xml", headers={"Host": "civicpost.example:80"}, trust_env=False)
        assert httpx2.get(f"{address}/feed.xml", trust_env=False).status_code == 404
    assert response.content == (ROOT / "civicpost.example" / "feed.xml").read_bytes()


def test_a_head_request_brings_no_content(web: httpx2.Client) -> None:
    response = web.head("http://civicpost.example/feed.xml")
    assert (response.status_code, response.content) == (200, b"")
    assert int(response.headers["content-length"]) == (ROOT / "civicpost.example" / "feed.xml").stat().st_size


@pytest.mark.parametrize(
    "url",
    [
        "http://elsewhere.example/feed.xml",
        "https://civicpost.example/feed.xml",
        "http://civicpost.example/",
        "http://civicpost.example/none.html",
        "http://civicpost.example/../standpoint.toml",
        "http://civicpost.example/../northwire.example/feed.xml",
        "http://civicpost.example/%2e%2e/northwire.example/feed.xml",
        "http://civicpost.example//etc/passwd",
        "http://civicpost.example/..%2fserve.py",
        "http://../serve.py",
        "http://civicpost.example/a%00.html",
        "http://[civicpost.example/feed.xml",
        f"http://civicpost.example/{'a' * 300}.html",
    ],
)
def test_nothing_else_is_served(url: str) -> None:
    # The request is written by hand: a client would tidy the address first.
    with (
        serving() as address,
        socket.create_connection(("127.0.0.1", urlsplit(address).port or 0)) as connection,
        connection.makefile("rb") as answer,
    ):
        connection.sendall(f"GET {url} HTTP/1.0\r\n\r\n".encode())
        assert answer.readline().split()[1] == b"404"


def test_two_newsrooms_can_be_served_at_once() -> None:
    with serving() as one, serving() as other:
        assert one != other


def test_a_taken_port_is_an_error() -> None:
    with serving() as address, pytest.raises(OSError, match="in use"), serving(urlsplit(address).port or 0):
        pass
