"""The sample newsroom's web: an HTTP proxy on the loopback that answers for the sample's domains from this folder.

    python -m sample.serve --port 8907
    HTTP_PROXY=http://127.0.0.1:8907 standpoint run --day 2026-01-05

Nothing is ever forwarded: every other address is answered with 404.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from threading import Event, Thread
from urllib.parse import parse_qs, unquote, urlsplit

ROOT = Path(__file__).resolve().parent
DOMAINS = frozenset(folder.name for folder in ROOT.glob("*.example"))
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".xml": "application/xml; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}


def find(url: str) -> Path | None:
    """The file that answers an absolute URL of the sample; None where there is none.

    A file cannot change overnight as a page does. So the corrected text of a page lies beside it, and the feed of the
    next day names the page's address with `utm_content=corrected`, which is no part of its canonical URL.
    """
    try:
        parts = urlsplit(url)
        domain = parts.hostname
        if parts.scheme != "http" or domain not in DOMAINS:
            return None
        file = (ROOT / domain / unquote(parts.path).lstrip("/")).resolve()
        if parse_qs(parts.query).get("utm_content") == ["corrected"]:
            file = file.with_suffix(".corrected.html")
        served = file.is_relative_to(ROOT / domain) and file.suffix in MEDIA_TYPES and file.is_file()
    except (ValueError, OSError):  # not a URL; a NUL byte or a name too long in its path
        return None
    return file if served else None


class _Handler(BaseHTTPRequestHandler):
    """GET and HEAD, addressed as to a proxy (absolute URL) or as to the site itself (Host header)."""

    def do_GET(self) -> None:
        url = self.path if not self.path.startswith("/") else f"http://{self.headers.get('Host', '')}{self.path}"
        file = find(url)
        content = file.read_bytes() if file else f"{url} is not a page of the sample newsroom\n".encode()
        self.send_response(200 if file else 404)
        self.send_header("Content-Type", MEDIA_TYPES[file.suffix] if file else "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass  # quiet: whoever fetches reports what did not come


class _Server(ThreadingHTTPServer):
    request_queue_size = 64  # several outlets, several pages of each at a time

    def server_bind(self) -> None:
        # HTTPServer asks the resolver for this machine's name here, which can take seconds and is not needed.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.socket.getsockname()[1]


@contextmanager
def serving(port: int = 0) -> Iterator[str]:
    """The sample's web, up while the context lasts: yields the proxy's URL. Port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    with _Server(("127.0.0.1", port), _Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def main() -> int:
    """Serve until Ctrl-C. Exit code 1: the port cannot be used."""
    parser = argparse.ArgumentParser(description="Serve the sample newsroom as an HTTP proxy on the loopback.")
    parser.add_argument("--port", type=int, default=8907, help="port; 0 takes a free one (default: %(default)s)")
    port = parser.parse_args().port
    try:
        with serving(port) as proxy, suppress(KeyboardInterrupt):
            print(proxy, flush=True)
            Event().wait()
    except (OSError, OverflowError) as error:
        print(f"cannot serve on port {port}: {error}; choose another with --port", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
