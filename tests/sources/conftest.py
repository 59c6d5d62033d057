"""A web server on loopback that answers what a test tells it to."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import stamina

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers and body."""


@dataclass
class Web:
    """The answers of one server, by path, and what it was asked."""

    address: str
    pages: dict[str, bytes | Answer | list[Answer]] = field(default_factory=dict)
    """A body (HTML, status 200), an answer, or answers in turn, of which the last one stays."""
    asked: Counter[str] = field(default_factory=Counter)
    agents: set[str] = field(default_factory=set)

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

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.agents.add(self.headers["User-Agent"])
            status, headers, body = site.answer(self.path)
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

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
def _no_waiting() -> Iterator[None]:
    """Retries happen, but at once."""
    with stamina.set_testing(True, attempts=3):
        yield
