"""The one HTTP client of all sources: time-outs, retries, a size cap, capped redirects, http and https only.

It honours HTTP_PROXY, HTTPS_PROXY and NO_PROXY. Whatever is to be asked of every request belongs here.
"""

from __future__ import annotations

import io
import ssl
import time
from dataclasses import dataclass
from email.message import Message
from functools import cache
from importlib.metadata import version
from types import TracebackType
from typing import BinaryIO, Self

import httpx2
import stamina

from pipeline.sources.records import SourceError, one_line

TIMEOUT = httpx2.Timeout(20, connect=10)
"""Seconds that a server may stay silent: slow newsrooms answer within 10."""
MAX_SECONDS = 300.0
"""Seconds that one answer may take in all, so that a server that drips bytes does not hold the night."""
MAX_REDIRECTS = 5
"""Redirects in a row: link shortener, http to https, new domain, trailing slash and one more."""
ATTEMPTS = 3
"""Tries of one address: enough for a restart of the server, few enough for a night of dead addresses."""
MAX_RETRY_AFTER = 60.0
"""Seconds of `Retry-After` that are waited; a server that asks for more has said no."""


class FetchError(SourceError):
    """An address could not be fetched; `status` is the HTTP status where the server gave one."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Response:
    """A successful answer."""

    url: str
    """Address after redirects."""
    media_type: str
    """Such as `text/html`; empty where the server states none."""
    charset: str | None
    """As the server states it."""
    content: bytes
    """The body, with the transfer's own compression undone."""


class Client:
    """Fetches addresses; safe to share between threads."""

    def __init__(self) -> None:
        self._http = httpx2.Client(
            verify=_certificates(),
            timeout=TIMEOUT,
            follow_redirects=True,
            max_redirects=MAX_REDIRECTS,
            headers={"User-Agent": f"standpoint/{version('standpoint')} (news archive, one visit a night)"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def get(self, url: str, max_bytes: int) -> Response:
        """The answer to a GET, at most `max_bytes` long.

        Raises:
            FetchError: no answer, not a successful one, or too long a one.
        """
        buffer = io.BytesIO()
        response = self.download(url, buffer, max_bytes)
        header = Message()
        header["Content-Type"] = response.headers.get("Content-Type", "")
        charset = header.get_param("charset")
        return Response(
            url=str(response.url),
            media_type=header.get_content_type() if header["Content-Type"] else "",
            charset=charset if isinstance(charset, str) else None,
            content=buffer.getvalue(),
        )

    def download(self, url: str, file: BinaryIO, max_bytes: int) -> httpx2.Response:
        """Write the answer to a GET into `file`; returns its head.

        Raises:
            FetchError: as `get`.
        """
        try:
            for attempt in stamina.retry_context(on=_wait, attempts=ATTEMPTS, timeout=None, wait_initial=0.5):
                with attempt:
                    file.seek(0)
                    file.truncate()
                    return self._stream(url, file, max_bytes)
        except httpx2.HTTPStatusError as error:
            status = error.response.status_code
            raise FetchError(f"HTTP {status} {error.response.reason_phrase}".strip() + f" at {url}", status) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise FetchError(f"cannot fetch {url}: {one_line(error)}") from error
        raise AssertionError("a retry loop ends by a return or an error")

    def _stream(self, url: str, file: BinaryIO, max_bytes: int) -> httpx2.Response:
        deadline, size = time.monotonic() + MAX_SECONDS, 0
        with self._http.stream("GET", url) as response:
            response.raise_for_status()
            for chunk in response.iter_bytes():
                size += len(chunk)
                if size > max_bytes:
                    raise FetchError(f"{url} is longer than {max_bytes:,} bytes")
                if time.monotonic() > deadline:
                    raise FetchError(f"{url} took longer than {MAX_SECONDS:.0f} s")
                file.write(chunk)
        return response


@cache
def _certificates() -> ssl.SSLContext:
    return httpx2.create_ssl_context()  # takes longer than reading a day's archive from disk


def _wait(error: Exception) -> bool | float:
    """Whether another try may help, or how many seconds the server wants it to wait."""
    if isinstance(error, httpx2.HTTPStatusError):
        response = error.response
        if response.status_code != 429 and response.status_code < 500:
            return False
        after = response.headers.get("Retry-After", "")
        if not after.isdecimal():
            return True
        return float(after) if float(after) <= MAX_RETRY_AFTER else False
    return isinstance(error, httpx2.TransportError) and not isinstance(error, httpx2.UnsupportedProtocol)
