"""Mutated feeds, sitemaps and pages, each parsed in a child as the pipeline does it: none may crash or stall it.

    python -m tests.faults.fuzz 10000 [SEED]

Prints how many of each kind ended how, and the first of those that brought a child down; exit code 1 if there was one.
The same seed gives the same bytes.
"""

from __future__ import annotations

import json
import random
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.child import Children
from pipeline.sources.feeds import parse_feed
from pipeline.sources.pages import Listing
from pipeline.sources.records import SourceError, is_web_address
from pipeline.sources.sitemaps import parse_sitemap
from pipeline.stages.normalise import clean, extract
from tests.faults.hostile import STORY, item, page, rss

URL = "http://harbourtimes.example/a"
SAMPLE = Path(__file__).parents[2] / "sample"
LISTED = "".join(f"<url><loc>http://a.example/{n}</loc><lastmod>2026-01-0{n}</lastmod></url>" for n in range(1, 9))
TOKENS = (
    *(
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\r",
        b"\x85",
        b" " * 2000,
        b"a" * 5000,
    ),
    *(b"&", b"&#0;", b"&#x110000;", b"&#xD800;", b"&nbsp;", b"&l9;", b"<", b">", b"<!--", b"-->", b"<![CDATA[", b"]]>"),
    *(b"<?xml version='1.0' encoding='utf-16'?>", b"<!DOCTYPE a [<!ENTITY l9 '&l9;&l9;'>]>", b"charset=utf-7"),
    *(
        b"<script>",
        b"</script>",
        b"<style>",
        b"<svg>",
        b"<math>",
        b"<template>",
        b"<table><tr>",
        b"<td colspan=99999999>",
    ),
    *(b"<p>", b"</p>", b"<article>", b"</article>", b"</html>", b"<div>" * 300, b"<b><i>" * 200, b"<item>", b"</item>"),
    *(
        b"<link>",
        b"http://[",
        b"javascript:",
        b"charset=klingon",
        "\u202e\u2066\u200f".encode(),
        "e\u0301\u0327".encode(),
    ),
    *(b"9" * 400, b"-1", b"1e999", b"NaN", b"{", b"}", b"[" * 500, b'"', b"\\ud800"),
)


@dataclass(frozen=True)
class Mutant:
    kind: str
    data: bytes


def seeds() -> dict[str, list[bytes]]:
    """What is mutated: pages, feeds and sitemaps as they should be."""
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>Rain</title><updated>2026-01-05T08:00:00Z</updated>'
        '<author><name>Ola Nord</name></author><link href="news/rain#top"/></entry></feed>'
    )
    items = [{"url": "/a", "title": "Rain", "date_published": "2026-01-05T10:00:00+01:00", "authors": [{"name": "O"}]}]
    index = (
        "<sitemapindex><sitemap><loc>http://a.example/1.xml</loc><lastmod>2026-01-05</lastmod></sitemap></sitemapindex>"
    )
    linked = json.dumps({"@type": "NewsArticle", "headline": "H", "datePublished": "2026-01-05T09:00:00Z"})
    head = f'<script type="application/ld+json">{linked}</script>'
    return {
        "page": [page().encode(), page(*STORY, head=head).encode()]
        + [path.read_bytes() for path in sorted(SAMPLE.glob("*.example/**/*.html"))[::4]],
        "feed": [rss(item("/a"), item("/b")).encode(), atom.encode()]
        + [json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}).encode()]
        + [path.read_bytes() for path in sorted(SAMPLE.glob("*.example/feed.xml"))],
        "sitemap": [f"<urlset>{LISTED}</urlset>".encode(), index.encode()],
    }


def mutate(random: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """One to six changes: bytes turned, pieces cut, doubled, moved, put in, or taken from another."""
    for _ in range(random.randint(1, 6)):
        at, to = sorted(random.randrange(len(data) + 1) for _ in range(2))
        to = min(to, at + random.choice((1, 8, 200, 5000)))
        match random.randrange(7):
            case 0:
                turned = bytearray(data)
                for _ in range(random.randint(1, 20) if turned else 0):
                    turned[random.randrange(len(turned))] = random.randrange(256)
                data = bytes(turned)
            case 1:
                data = data[:at] + data[to:]
            case 2:
                data = data[:at] + data[at:to] * random.randint(2, 30) + data[to:]
            case 3 | 4:
                data = data[:at] + random.choice(TOKENS) + data[at:]
            case 5:
                other = random.choice(others)
                begin = random.randrange(len(other))
                data = data[:at] + other[begin : begin + 2000] + data[to:]
            case 6:
                data = (
                    data[:at] if random.random() < 0.3 else data.replace(b"</p>", b"", 3).replace(b"</title>", b"", 1)
                )
    return data[:300_000]


def mutants(count: int, seed: int) -> Iterator[Mutant]:
    """Half of them pages, the rest feeds and sitemaps."""
    chance, given = random.Random(seed), seeds()
    everything = [data for kind in given.values() for data in kind]
    for _ in range(count):
        kind = chance.choice(("page", "page", "page", "feed", "feed", "sitemap"))
        yield Mutant(kind, mutate(chance, chance.choice(given[kind]), everything))


def judge(mutant: Mutant) -> str:
    """How the mutant ends; runs in the child.

    Raises:
        AssertionError: what was read breaks a promise.
    """
    if mutant.kind == "page":
        story = extract(mutant.data, URL)
        if story is None:
            return "no article"
        assert clean(story.body) == story.body and unicodedata.is_normalized("NFC", story.body), "the body is not clean"
        story.body.encode(), story.title.encode()
        return "article"
    parse: Callable[[bytes, str, str, str | None], Listing] = parse_feed if mutant.kind == "feed" else parse_sitemap
    try:
        listing = parse(mutant.data, URL, "application/xml", None)
    except SourceError as error:
        str(error).encode()
        return "refused"
    for entry in listing.entries:
        assert is_web_address(entry.url), "an address is none of the web"
        "".join((entry.url, entry.title or "", *entry.authors, *listing.notes)).encode()
    return "entries" if listing.entries else "no entries"


def run(count: int, seed: int, children: Children) -> tuple[Counter[tuple[str, str]], list[tuple[Mutant, str]]]:
    """How often each kind ended how, and those that brought their child down, with the reason."""
    ended: Counter[tuple[str, str]] = Counter()
    down: list[tuple[Mutant, str]] = []

    def fell(mutant: Mutant, reason: str) -> str:
        down.append((mutant, reason))
        return "brought its child down"

    kinds = (mutant.kind for mutant in mutants(count, seed))
    for kind, end in zip(kinds, children.map(judge, mutants(count, seed), fell), strict=True):
        ended[kind, end] += 1
    return ended, down


def main(count: int = 10_000, seed: int = 1) -> int:
    start, children = time.monotonic(), Children(2)
    ended, down = run(count, seed, children)
    for (kind, end), number in sorted(ended.items()):
        print(f"{kind:8} {end:24} {number:6}")
    print(f"{count} mutants, seed {seed}: {len(down)} brought their child down, in {time.monotonic() - start:.0f} s")
    for mutant, reason in down[:10]:
        print(f"  {mutant.kind} of {len(mutant.data)} bytes: {reason}")
    children.close()
    return 1 if down else 0


if __name__ == "__main__":
    from tests.faults.fuzz import main  # under its own name, by which a child finds `judge`

    sys.exit(main(*map(int, sys.argv[1:])))
