"""A web that lies: outlets on loopback of which each does one thing wrong, and a whole night of them.

    python -m tests.faults.hostile [SECONDS]        prints what each of them ends as; SECONDS = patience with one answer

Every outlet has a feed that names a good page, `/good`, and the bad one, `/bad`; where the feed, the sitemap or
robots.txt is what is wrong, the source ends as a row of `fetches` that says so.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import patch

import httpx2
import polars as pl
import stamina

from pipeline import runs
from pipeline.lake import Lake
from pipeline.schemas import Articles, Fetches, Quarantine
from pipeline.settings import Settings
from pipeline.sources import client

DAY = date(2026, 1, 5)
STORY = (
    "Mayor Ines Calder said on Monday that the city would not sell the old harbour to the Norvane shipping group.",
    "The council had argued for three months about the offer, which would have paid for two new schools and a tram.",
    "“We do not sell what our children will need,” Calder told reporters outside the town hall in Port Ellery.",
    "Tomas Brandt, who leads the opposition, called the decision a costly mistake and asked for a vote in spring.",
    "The harbour was built by fishermen two centuries ago; the café on its pier has been closed since the autumn.",
)

Handler = BaseHTTPRequestHandler
Answer = Callable[[Handler], None]
"""Writes an answer, or what is none."""


def page(*paragraphs: str, title: str = "City keeps its harbour", head: str = "", before: str = "") -> str:
    story = "".join(f"<p>{text}</p>" for text in paragraphs or STORY)
    return (
        f"<!DOCTYPE html><html lang='en'><head><title>{title}</title>{head}</head><body><nav><a href='/'>Home</a></nav>"
        f"<article><h1>{title}</h1>{before}{story}</article><footer>All rights reserved.</footer></body></html>"
    )


def rss(*items: str, head: str = "") -> str:
    return f'<?xml version="1.0"?>{head}<rss version="2.0"><channel><title>T</title>{"".join(items)}</channel></rss>'


def item(path: str, published: str = "Mon, 05 Jan 2026 09:00:00 GMT") -> str:
    return (
        f"<item><title>{path}</title><link>{path}</link>{f'<pubDate>{published}</pubDate>' if published else ''}</item>"
    )


# --- how servers answer -----------------------------------------------------------------------------------------------


def says(body: str | bytes, media_type: str = "text/html; charset=utf-8", status: int = 200, **headers: str) -> Answer:
    data = body.encode() if isinstance(body, str) else body
    given = {"Content-Type": media_type, "Content-Length": str(len(data))}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}

    def answer(handler: Handler) -> None:
        handler.send_response_only(status)
        for name, value in given.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def fails(status: int, **headers: str) -> Answer:
    return says("no", status=status, **headers)


def leads(to: str) -> Answer:
    return says("", status=302, Location=to)


def packed(body: bytes) -> Answer:
    return says(body, Content_Encoding="gzip")


def writes(raw: bytes) -> Answer:
    """Bytes that need not be HTTP; then the line goes dead."""

    def answer(handler: Handler) -> None:
        handler.wfile.write(raw)
        handler.close_connection = True

    return answer


def drips(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(600):
        handler.wfile.write(b"<")
        handler.wfile.flush()
        time.sleep(0.1)


def is_silent(handler: Handler) -> None:
    with suppress(OSError):
        handler.connection.settimeout(60)
        handler.rfile.read(1)  # until the client has enough


def never_ends(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        handler.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def in_turn(*answers: Answer) -> Answer:
    left = list(answers)
    return lambda handler: (left.pop(0) if len(left) > 1 else left[0])(handler)


# --- what they do wrong -----------------------------------------------------------------------------------------------


@dataclass
class Case:
    """One outlet, and what has to become of it."""

    ends: str
    """`article`, a reason of the quarantine, or a status of the source; then a pattern of what it says."""
    bad: Answer = field(default_factory=lambda: says(page()))
    feed: Answer | None = None
    robots: Answer = field(default_factory=lambda: fails(404))
    published: str = "Mon, 05 Jan 2026 09:00:00 GMT"
    more: dict[str, Answer] = field(default_factory=dict)
    kind: str = "feed"
    saved: dict[str, str] = field(default_factory=dict)
    """Of the article, columns and what they hold."""


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(12))
ENTITIES = f'<!DOCTYPE rss [{LAUGHS}<!ENTITY file SYSTEM "file:///etc/passwd">]>'
WALL = (
    "We value your privacy. We and our 842 partners store and access information on your device, such as cookies.",
    "You may accept all cookies or manage your cookie settings at any time in our privacy policy.",
    "Without your consent to cookies this site cannot be shown. Accept all cookies to continue to the site.",
)
TEASER = (
    "Mayor Ines Calder said on Monday that the city…",
    "Subscribe to continue reading. Already a subscriber? Log in.",
)
LOST = (
    "Sorry, the page you are looking for could not be found. It may have moved or is no longer available.",
    "Error 404. Go back to the home page, or search our archive for what you were looking for.",
)
BIDI = "Calder\u202e rebrah\u202c spoke\x00 of\u200b the har\u00adbour\x08 and the cafe\u0301."
HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
WHOLE = page().encode()

CASES: dict[str, Case] = {
    # --- slow, and wrong lengths
    "slow-drip": Case(r"not_fetched: .* took longer than", drips),
    "silent": Case(r"not_fetched: cannot fetch .*", is_silent),
    "never-ends": Case(r"not_fetched: .* (is|took) longer than", never_ends),
    "length-too-long": Case(
        r"not_fetched: .*", writes(HTTP + b"Content-Length: %d\r\n\r\n" % (2 * len(WHOLE)) + WHOLE)
    ),
    "length-too-short": Case("article", writes(HTTP + b"Content-Length: %d\r\n\r\n" % (len(WHOLE) - 60) + WHOLE)),
    "half-a-body": Case(r"not_fetched: .*", writes(HTTP + b"Transfer-Encoding: chunked\r\n\r\n400\r\n" + WHOLE[:500])),
    "no-http": Case(r"not_fetched: .*", writes(b"HELLO\r\n\r\n" + WHOLE)),
    "huge-header": Case(r"not_fetched: .*", writes(HTTP + b"X: " + b"x" * 2_000_000 + b"\r\n\r\n" + WHOLE)),
    "hangs-up": Case(r"not_fetched: .*", writes(b"")),
    "empty-body": Case(r"no_article: .* 0 bytes", says("")),
    "page-of-30-mb": Case(r"not_fetched: .* longer than", says(b"<p>" + b"x" * 30_000_000)),
    # --- wrong types
    "pdf-as-html": Case(r"no_article: .*", says(b"%PDF-1.7\n" + bytes(range(256)) * 200, "text/html")),
    "picture-as-html": Case(r"no_article: .*", says(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 200, "text/html")),
    "pdf": Case(r"not_fetched: .* is application/pdf, not a page", says(b"%PDF-1.7", "application/pdf")),
    "html-as-text": Case("article", says(page(), "text/plain")),
    "html-without-type": Case("article", says(page(), "application/octet-stream")),
    "page-that-is-a-feed": Case(r"not_fetched: .* not a page", says(rss(item("/a")), "application/rss+xml")),
    "feed-as-html": Case(r"(no_article|too_short): .*", says(rss(item("/a")), "text/html")),
    "wrong-charset": Case("article", says(page(), "text/html; charset=iso-8859-1"), saved={"body": "the café on"}),
    "charset-not-told": Case(
        "article", says(page().encode("windows-1252", "replace"), "text/html"), saved={"body": "the café on"}
    ),
    "charset-that-is-none": Case("article", says(page(), "text/html; charset=klingon"), saved={"body": "café"}),
    "utf-16": Case("article", says(page().encode("utf-16"), "text/html; charset=utf-16"), saved={"body": "café"}),
    "nul-and-bidi": Case(
        "article", says(page(BIDI, *STORY)), saved={"body": "Calder rebrah spoke of the harbour and the café."}
    ),
    # --- redirects
    "redirect-loop": Case(r"not_fetched: .* more than 5 redirects", leads("/bad")),
    "redirect-to-private": Case(r"forbidden: .* no address of the open web", leads("http://10.0.0.1/secret")),
    "redirect-to-metadata": Case(r"forbidden: .* no address of the open web", leads("http://169.254.169.254/latest")),
    "redirect-to-shared": Case(r"forbidden: .* no address of the open web", leads("http://100.64.0.1/")),
    "redirect-to-mapped": Case(r"forbidden: .* no address of the open web", leads("http://[::ffff:10.0.0.1]/")),
    "redirect-to-rebound": Case(r"forbidden: .* no address of the open web", leads("http://private.example/")),
    "redirect-to-file": Case(r"forbidden: .* not an http or https address", leads("file:///etc/passwd")),
    "redirect-to-script": Case(r"(forbidden|not_fetched): .*", leads("javascript:alert(1)")),
    "redirect-to-nonsense": Case(r"(forbidden|not_fetched): .*", leads("http://[::bad/")),
    "redirect-to-front-page": Case(r"not_fetched: .* leads to the front page", leads("/")),
    # --- bombs
    "gzip-bomb": Case(r"not_fetched: .* longer than", packed(gzip.compress(b"\0" * 100_000_000, 1))),
    "gzip-members": Case(r"not_fetched: .* more than 100 gzip members", packed(gzip.compress(b"") * 50_000)),
    "gzip-cut-off": Case(r"not_fetched: .* ends too early", packed(gzip.compress(WHOLE)[:-50])),
    "gzip-that-is-none": Case(r"not_fetched: .* is not gzip", packed(WHOLE)),
    "coding-unasked": Case(r"not_fetched: .* did not ask for", says(b"\x0b\x02", Content_Encoding="br")),
    "xml-entities": Case(
        "article", says(f"<?xml version='1.0'?>{ENTITIES}" + page("&l11; &file;", *STORY)), saved={"body": "Calder"}
    ),
    "nested-tags": Case(r"(article|too_short|no_article|unreadable).*", says(page(before="<div>" * 10_000))),
    "nested-quotes": Case(
        r"(article|too_short|no_article|unreadable).*", says(page(before="<blockquote><b>" * 10_000))
    ),
    "huge-colspan": Case(
        "article", says(page(before='<table><tr><td colspan="999999999" rowspan="999999999">x</table>'))
    ),
    "many-attributes": Case(
        r"(article|too_short|no_article|unreadable).*",
        says(page(before=f"<p {' '.join(f'a{n}=1' for n in range(100_000))}>x</p>")),
    ),
    "many-elements": Case(r"(article|too_short|no_article|unreadable).*", says(page(before="<i>x</i>" * 200_000))),
    "open-brackets": Case(r"(article|no_article|too_short|unreadable).*", says("<" * 3_000_000)),
    "deep-json": Case("article", says(page(head=f"<script type='application/ld+json'>{'[' * 100_000}</script>"))),
    # --- statuses
    "304-unasked": Case(r"not_fetched: HTTP 304", writes(b"HTTP/1.1 304 Not Modified\r\n\r\n")),
    "403": Case(r"not_fetched: HTTP 403", fails(403)),
    "404": Case(r"not_fetched: HTTP 404", fails(404)),
    "410": Case(r"not_fetched: HTTP 410", fails(410)),
    "429": Case(r"not_fetched: HTTP 429", fails(429)),
    "429-for-a-day": Case(r"not_fetched: HTTP 429 .* left alone for 86400 s", fails(429, Retry_After="86400")),
    "429-for-a-second": Case("article", in_turn(fails(429, Retry_After="1"), says(page()))),
    "500": Case(r"not_fetched: HTTP 500", fails(500)),
    "503-once": Case("article", in_turn(fails(503), says(page()))),
    # --- pages that are no story, and stories that are odd
    "paywall": Case(r"(too_short|no_article): .*", says(page(*TEASER))),
    "cookie-wall": Case(r"(too_short|no_article): .*", says(page(*WALL, title="Before you go on"))),
    "soft-404": Case(r"(too_short|no_article): .*", says(page(*LOST, title="Page not found"))),
    "live-blog": Case(
        "article", says(page(*(f"<time>{9 + n}:00</time> {text}" for n in range(8) for text in STORY), title="Live"))
    ),
    "said-twice": Case("article", says(page(*STORY, *STORY))),
    "code-in-words": Case(
        "article",
        says(page("&lt;script&gt;alert(1)&lt;/script&gt; '); DROP TABLE articles; --", *STORY)),
        saved={"body": "'); DROP TABLE articles; --"},
    ),
    "date-missing": Case("article", published="", saved={"published_at_origin": "day"}),
    "date-in-the-future": Case(
        r"article",
        says(page(head='<meta property="article:published_time" content="2031-01-01T00:00:00Z">')),
        published="",
        saved={"published_at_origin": "day"},
    ),
    "date-without-zone": Case(
        "article",
        says(page(head='<meta property="article:published_time" content="2026-01-05T09:30:00">')),
        published="",
        saved={"published_at": "2026-01-05 09:30:00"},
    ),
    "date-on-a-dst-edge": Case(
        "article",
        says(page(head='<meta property="article:published_time" content="2025-10-26T02:30:00+02:00">')),
        published="",
        saved={"published_at": "2025-10-26 00:30:00"},
    ),
    # --- feeds
    "feed-404": Case(r"failed: HTTP 404", feed=fails(404)),
    "feed-500": Case(r"failed: HTTP 500", feed=fails(500)),
    "feed-304-unasked": Case(r"failed: HTTP 304", feed=writes(b"HTTP/1.1 304 Not Modified\r\n\r\n")),
    "feed-that-is-a-page": Case(r"failed: .* is neither RSS, Atom nor JSON Feed", feed=says(page())),
    "feed-empty": Case(r"failed: .*", feed=says("")),
    "feed-of-70-mb": Case(r"failed: .* is longer than", feed=says(rss(item("/bad")) + " " * 70_000_000, "text/xml")),
    "feed-gzip-bomb": Case(r"failed: .* is longer than", feed=packed(gzip.compress(b" " * 100_000_000, 1))),
    "feed-drip": Case(r"failed: .* took longer than", feed=drips),
    "feed-half": Case("article", feed=says(rss(item("/good"), item("/bad"))[:-30], "text/xml")),
    "feed-entities": Case(
        "article", feed=says(rss(item("/good"), item("/bad"), "<item>&l11;&file;</item>", head=ENTITIES), "text/xml")
    ),
    "feed-nested": Case(r"(failed|fetched|empty).*", feed=says(rss("<a>" * 100_000), "text/xml")),
    "feed-to-file": Case(r"failed: .* not an http or https address", feed=leads("file:///etc/passwd")),
    "feed-to-private": Case(r"failed: .* no address of the open web", feed=leads("http://192.168.1.1/feed")),
    "feed-deep-json": Case(r"failed: .*", feed=says('{"version": ' + "[" * 100_000, "application/feed+json")),
    "feed-of-nul": Case(r"failed: .*", feed=says(b"\0" * 100_000, "text/xml")),
    "sitemap-that-is-a-page": Case(r"failed: .* is no sitemap", feed=says(page()), kind="sitemap"),
    "sitemap-entities": Case(
        "empty",
        feed=says(
            f"<?xml version='1.0'?>{ENTITIES.replace('rss', 'urlset')}<urlset><url><loc>&l11;</loc></url></urlset>"
        ),
        kind="sitemap",
    ),
    "sitemap-of-itself": Case(
        r"empty.*",
        feed=says(
            "<sitemapindex><sitemap><loc>/feed?a</loc></sitemap><sitemap><loc>/feed?b</loc></sitemap></sitemapindex>"
        ),
        kind="sitemap",
    ),
    # --- robots.txt
    "robots-500": Case(r"failed: .* as long as its robots.txt cannot be read", robots=fails(500)),
    "robots-silent": Case(r"failed: .*robots.txt", robots=is_silent),
    "robots-no": Case(
        r"failed: .* robots.txt there does not allow it", robots=says("User-agent: *\nDisallow: /", "text/plain")
    ),
    "robots-not-this": Case(
        r"forbidden: .* robots.txt there does not allow it", robots=says("User-agent: *\nDisallow: /bad", "text/plain")
    ),
    "robots-huge": Case("article", robots=says("# words\n" * 2_000_000, "text/plain")),
    "robots-wild": Case("article", robots=says("User-agent: *\nDisallow: /" + "*a" * 50_000 + "*b", "text/plain")),
}


# --- a night of them --------------------------------------------------------------------------------------------------


@contextmanager
def serving() -> Iterator[int]:
    """All outlets on one port of loopback, told apart by name; names ending in `.example` lead here, one elsewhere."""

    class Web(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            case = CASES.get(self.headers["Host"].partition(".")[0], Case(""))
            path = self.path.partition("?")[0]
            feed = case.feed or says(rss(item("/good"), item("/bad", case.published)), "application/rss+xml")
            known = {"/robots.txt": case.robots, "/feed": feed, "/bad": case.bad, "/good": says(page())} | case.more
            with suppress(OSError):  # whoever has enough hangs up
                known.get(path, says(page()))(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # a client that hangs up is what is wanted

    real = asyncio.base_events.BaseEventLoop.getaddrinfo

    async def getaddrinfo(loop: asyncio.BaseEventLoop, host: str, port: int, **given: object) -> object:
        if str(host).endswith(".example"):
            address = "10.9.8.7" if host == "private.example" else "127.0.0.1"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]
        return await real(loop, host, port, **given)  # type: ignore[arg-type]

    server = Server(("127.0.0.1", 0), Web)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        with patch.object(asyncio.base_events.BaseEventLoop, "getaddrinfo", getaddrinfo):
            yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def night(folder: Path, seconds: float = 20.0) -> dict[str, str]:
    """Fetch and normalise a night of all cases; what each ends as: `article`, `reason: detail` or `status: problem`."""
    settings = Settings(lake=str(folder / "lake"), warehouse=folder / "w.duckdb", config=folder / "newsroom.toml")
    limits = {"MAX_SECONDS": seconds, "TIMEOUT": httpx2.Timeout(seconds / 2, pool=None)}
    with serving() as port, patch.multiple(client, **limits), stamina.set_testing(True, attempts=2):
        outlets = [
            f'[[outlets]]\ndomain = "{name}.example"\nname = "{name}"\n'
            f'sources = [{{ kind = "{case.kind}", url = "http://{name}.example:{port}/feed" }}]\n'
            for name, case in CASES.items()
        ]
        manners = '[web]\nallow = ["127.0.0.0/8"]\nseconds_between = 0\nat_once = 4\n'
        settings.config.write_text("\n".join(outlets) + manners)
        runs.run_fetch(DAY, settings, today=DAY)
        runs.run_normalise(DAY, settings)
    return outcomes(Lake(settings.lake))


def outcomes(lake: Lake) -> dict[str, str]:
    articles = lake.read(Articles, DAY).filter(pl.col("url").str.ends_with("/bad"))
    quarantine = lake.read(Quarantine, DAY).filter(pl.col("url").str.ends_with("/bad"))
    ended = {
        outlet.removesuffix(".example"): f"{status}: {problem}" if problem else status
        for outlet, status, problem in lake.read(Fetches, DAY).select("outlet", "status", "problem").iter_rows()
    }
    for outlet, reason, detail in quarantine.select("outlet", "reason", "detail").iter_rows():
        ended[outlet.removesuffix(".example")] = f"{reason}: {detail}"
    for outlet in articles["outlet"]:
        ended[outlet.removesuffix(".example")] = "article"
    return ended


def main(seconds: float = 20.0) -> int:
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        ended = night(Path(folder), seconds)
    wrong = [name for name, case in CASES.items() if not re.match(rf"{case.ends}(?!\w)", ended.get(name, ""))]
    for name in CASES:
        said = re.sub(r"http://\S+?\.example:\d+", "", ended.get(name, "nothing"))
        print(f"| {name} | {'WRONG ' if name in wrong else ''}{said[:150]} |")
    kinds = Counter(said.partition(":")[0] for said in ended.values())
    print(f"{len(CASES)} cases in {time.monotonic() - start:.0f} s, {len(wrong)} wrong; {dict(kinds)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:])))
