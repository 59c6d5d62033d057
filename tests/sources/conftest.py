"""A web server on loopback that answers what a test tells it to."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import dataframely as dy
import pytest
import stamina

from pipeline import sources
from pipeline.schemas import Fetches, Raw
from pipeline.settings import Config
from pipeline.settings import Web as Manners
from pipeline.sources import Fetched, client

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers and body."""
LOOPBACK = Manners(allow=("127.0.0.0/8",), seconds_between=0, at_once=4)
"""What lets a test fetch from its own server, and at once."""


def fetch_all(config: Config, names: list[str], day: date, *, today: date, **options: Any) -> dict[str, Fetched]:
    """What each source gives for the day."""
    given: dict[str, Fetched] = {}
    config = config.model_copy(update={"web": options.pop("web", LOOPBACK)})
    sources.fetch(config, names, day, lambda fetched: given.update({fetched.source: fetched}), today=today, **options)
    return given


def fetch(
    config: Config, name: str, day: date, *, today: date, **options: Any
) -> tuple[dy.DataFrame[Raw], dy.DataFrame[Fetches]]:
    """What one source gives for the day."""
    given = fetch_all(config, [name], day, today=today, **options)[name]
    return given.raw, given.fetches


@dataclass
class Web:
    """The answers of one server, by path, and what it was asked."""

    address: str
    pages: dict[str, bytes | Answer | list[Answer]] = field(default_factory=dict)
    """A body (HTML, status 200), an answer, or answers in turn, of which the last one stays."""
    asked: Counter[str] = field(default_factory=Counter)
    agents: set[str] = field(default_factory=set)
    headers: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    """What came with the requests, by path."""
    slow: dict[str, float] = field(default_factory=dict)
    """Seconds between two bytes, by path."""
    most_at_once: int = 0
    """Requests that were open at the same time, at most."""

    def answer(self, path: str) -> Answer:
        self.asked[path] += 1
        page = self.pages.get(path, (404, {}, b"no such page"))
        if isinstance(page, list):
            page = page[min(self.asked[path], len(page)) - 1]
        return (200, {"Content-Type": "text/html; charset=utf-8"}, page) if isinstance(page, bytes) else page


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)

    lock, open_now = threading.Lock(), list[str]()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.agents.add(self.headers["User-Agent"])
            site.headers.setdefault(self.path, []).append(dict(self.headers))
            with lock:
                open_now.append(self.path)
                site.most_at_once = max(site.most_at_once, len(open_now))
                status, headers, body = site.answer(self.path)
            with suppress(ConnectionError):  # whoever has enough hangs up
                self.send_response_only(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                pause = site.slow.get(self.path, 0)
                for piece in [body[n : n + 1] for n in range(len(body))] if pause else [body]:
                    self.wfile.write(piece)
                    self.wfile.flush()
                    time.sleep(pause)
            with lock:
                open_now.remove(self.path)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = Web(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Retries and pauses happen, but at once."""

    async def sleep(seconds: float) -> None:
        pass

    monkeypatch.setattr(client, "sleep", sleep)
    with stamina.set_testing(True, attempts=3):
        yield
