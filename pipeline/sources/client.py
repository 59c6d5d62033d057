"""The one HTTP client of all sources: whatever is to be asked of every request is asked here.

Guarded: http and https only, checked addresses (`guard.py`), a time that an answer may take in all, caps on the bytes
as sent and as expanded. Polite: robots.txt (RFC 9309) with its crawl-delay, a pace and a number of requests at a time
for each host, Retry-After, and a host that keeps failing is left alone for the rest of the run.
"""

from __future__ import annotations

import asyncio
import io
import ssl
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import cache
from importlib.metadata import version
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import urlsplit

import httpx2
import stamina
from aiolimiter import AsyncLimiter
from protego import Protego

from pipeline.settings import Web
from pipeline.sources.guard import Guard, GuardedTransport
from pipeline.sources.records import FetchError, is_web_address, one_line

AGENT = "standpoint"
"""The name that robots.txt may call us by."""
TIMEOUT = httpx2.Timeout(20, connect=10, pool=None)
"""Seconds that a server may stay silent: slow newsrooms answer within 10. For a free connection we wait as long as it
takes: other hosts are in front of us, not the server."""
MAX_SECONDS = 90.0
"""Seconds that one answer may take in all, its redirects included, so that a server that drips bytes costs little."""
MAX_REDIRECTS = 5
"""Redirects in a row: link shortener, http to https, new domain, trailing slash and one more."""
ATTEMPTS = 3
"""Tries of one address: enough for a restart of the server, few enough for a night of dead addresses."""
MAX_RETRY_AFTER = 60.0
"""Seconds of `Retry-After` that are waited; a host that asks for more is left alone for the rest of the run."""
MAX_FAILURES = 5
"""Addresses of one host that fail in a row before it is left alone for the rest of the run."""
MAX_SLOWING = 30.0
"""Seconds between two requests up to which a host that says "too many" slows us down."""
MAX_CRAWL_DELAY = 3600.0
"""Seconds of crawl-delay from which on it makes no difference: a night has room for one page."""
MAX_MEMBERS = 100
"""Members of one gzip stream: servers send one, tools that compress in parallel some; a bomb may have a million."""
MAX_ROBOTS_BYTES = 500 * 2**10
"""Bytes of robots.txt that are read, as RFC 9309 has it."""
CONNECTIONS = 200
"""Open connections to all hosts together: a fifth of the files that a process may usually open."""

sleep = asyncio.sleep
stamina.instrumentation.set_on_retry_hooks(())  # a retry is no news: what goes wrong in the end is told in the tables


@dataclass(frozen=True)
class Version:
    """The server's own names for what it sent, by which it can be asked whether that has changed."""

    etag: str | None = None
    last_modified: str | None = None

    def __bool__(self) -> bool:
        return bool(self.etag or self.last_modified)

    @property
    def headers(self) -> dict[str, str]:
        """The conditional request (RFC 9110, section 13)."""
        named = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in named.items() if value}


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
    """The body, with the transfer's own compression undone; empty where nothing has changed."""
    version: Version
    is_unchanged: bool = False
    """The server says that it is what was known before (304)."""


@dataclass
class _Host:
    """What is known of one host in this run."""

    name: str
    seconds_between: float
    slots: asyncio.Semaphore
    pace: AsyncLimiter | None = None
    opens_at: float = 0.0
    """Time of the event loop before which nothing is asked: it said Retry-After."""
    failures: int = 0
    closed: str | None = None
    """Why nothing more is asked of it in this run."""

    def slow_down(self, seconds: float) -> None:
        if seconds > self.seconds_between or (seconds > 0 and self.pace is None):
            self.seconds_between = seconds
            self.pace = AsyncLimiter(1, seconds)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a place, for the pace, and for the time that the host asked for."""
        async with self.slots:
            if (pause := self.opens_at - asyncio.get_running_loop().time()) > 0:
                await sleep(pause)
            if self.pace:
                await self.pace.acquire()
            if self.closed:
                raise FetchError(self.closed)
            yield


@dataclass
class _Robots:
    rules: Protego | None = None
    """None: everything may be fetched."""
    closed: FetchError | None = None
    """Why nothing may be fetched."""
    sitemaps: list[str] = field(default_factory=list)


class Client:
    """Fetches addresses, for one run in one event loop."""

    def __init__(self, web: Web) -> None:
        self._web = web
        contact = f"; {web.contact}" if web.contact else ""
        self._http = httpx2.AsyncClient(
            transport=GuardedTransport(Guard(web.allow), _certificates(), CONNECTIONS),
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            headers={
                "User-Agent": f"{AGENT}/{version('standpoint')} (news archive, one visit a night{contact})",
                "Accept-Encoding": "gzip, deflate",
            },
        )
        self._hosts: dict[str, _Host] = {}
        self._robots: dict[str, asyncio.Task[_Robots]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for task in self._robots.values():
            task.cancel()
        await asyncio.gather(*self._robots.values(), return_exceptions=True)
        await self._http.aclose()

    async def get(self, url: str, max_bytes: int, known: Version | None = None) -> Response:
        """The answer to a GET, at most `max_bytes` long; `known` is the version that we have already.

        Raises:
            FetchError: no answer, not a successful one, too long or too slow a one, or it may not be fetched.
        """
        buffer = io.BytesIO()
        response = await self._retried(url, buffer, max_bytes, MAX_SECONDS, known)
        header = Message()
        header["Content-Type"] = response.headers.get("Content-Type", "")
        charset = header.get_param("charset")
        return Response(
            url=str(response.url),
            media_type=header.get_content_type() if header["Content-Type"] else "",
            charset=charset if isinstance(charset, str) else None,
            content=buffer.getvalue(),
            version=Version(response.headers.get("ETag"), response.headers.get("Last-Modified")),
            is_unchanged=response.status_code == 304,
        )

    async def download(self, url: str, file: BinaryIO, max_bytes: int, seconds: float) -> None:
        """Write the answer to a GET into `file`: an archive, which the operator named, so robots.txt is not asked.

        Raises:
            FetchError: as `get`.
        """
        await self._retried(url, file, max_bytes, seconds, None, is_crawl=False)

    async def robots(self, url: str) -> tuple[str, list[str]]:
        """What the host's robots.txt says of the address (empty: it may be fetched), and the sitemaps that it names."""
        robots = await self._robots_of(url)
        try:
            await self._ask_robots(url)
        except FetchError as error:
            return str(error), robots.sitemaps
        return "", robots.sitemaps

    # --- one address --------------------------------------------------------------------------------------------------

    async def _retried(
        self,
        url: str,
        file: BinaryIO,
        max_bytes: int,
        seconds: float,
        known: Version | None = None,
        *,
        is_crawl: bool = True,
        is_cut: bool = False,
    ) -> httpx2.Response:
        host: _Host | None = None
        try:
            host = self._host(url)
            async for attempt in stamina.retry_context(
                on=_is_worth_a_retry, attempts=ATTEMPTS, timeout=None, wait_initial=0.5
            ):
                with attempt:
                    file.seek(0)
                    file.truncate()
                    response = await self._follow(url, file, max_bytes, seconds, known, is_crawl, is_cut)
                    host.failures = 0
                    return response
        except httpx2.HTTPStatusError as error:
            status = error.response.status_code
            host.failures = host.failures + 1 if status == 429 or status >= 500 else 0  # type: ignore[union-attr]
            failure = FetchError(f"{_said(error.response)} at {url}", status)
            raise self._failed(host, failure) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            if host and isinstance(error, httpx2.TransportError):
                host.failures += 1
            raise self._failed(host, FetchError(f"cannot fetch {url}: {one_line(error)}")) from error
        except TimeoutError as error:
            if host:
                host.failures += 1
            raise self._failed(host, FetchError(f"{url} took longer than {seconds:.0f} s")) from error
        raise AssertionError("a retry loop ends by a return or an error")

    def _failed(self, host: _Host | None, error: FetchError) -> FetchError:
        """The error, after the host was closed where it was one too many."""
        if host and host.failures >= MAX_FAILURES and host.closed is None:
            host.closed = f"{host.name} failed {host.failures} times in a row ({error}) and is left alone for this run"
        return error

    async def _follow(
        self,
        url: str,
        file: BinaryIO,
        max_bytes: int,
        seconds: float,
        known: Version | None,
        is_crawl: bool,
        is_cut: bool,
    ) -> httpx2.Response:
        """The answer at the end of the redirects; each hop is checked as the first one is."""
        request = self._http.build_request("GET", url, headers=known.headers if known else {})
        loop = asyncio.get_running_loop()
        for _ in range(MAX_REDIRECTS + 1):
            address = str(request.url)
            if not is_web_address(address):
                said = f"cannot fetch {address}: not an http or https address"
                raise FetchError(said if address == url else f"{said}, to which {url} leads", is_forbidden=True)
            if is_crawl:
                await self._ask_robots(address)
            host = self._host(address)
            async with host.turn():
                begun = loop.time()
                async with asyncio.timeout(seconds):
                    response = await self._http.send(request, stream=True)
                    try:
                        if response.next_request is None:
                            self._heed(host, response)
                            if response.status_code != 304 or not known:
                                response.raise_for_status()
                                await _receive(response, file, max_bytes, is_cut=is_cut)
                            return response
                    finally:
                        await response.aclose()
                seconds -= loop.time() - begun
            request = response.next_request
        raise FetchError(f"cannot fetch {url}: more than {MAX_REDIRECTS} redirects")

    def _host(self, url: str) -> _Host:
        name = (urlsplit(url).hostname or "") if is_web_address(url) else ""
        if name not in self._hosts:
            host = _Host(name, 0.0, asyncio.Semaphore(self._web.at_once))
            host.slow_down(self._web.seconds_between)
            self._hosts[name] = host
        return self._hosts[name]

    def _heed(self, host: _Host, response: httpx2.Response) -> None:
        """Do as a host asks that has had enough of us."""
        if response.status_code not in (429, 503):
            return
        if response.status_code == 429:
            host.slow_down(min(max(1.0, 2 * host.seconds_between), MAX_SLOWING))
        after = _retry_after(response)
        if after > MAX_RETRY_AFTER:
            host.closed = f"{host.name} asks to be left alone for {after:.0f} s"
            raise FetchError(f"{_said(response)} at {response.url}: {host.closed}", response.status_code)
        host.opens_at = asyncio.get_running_loop().time() + after

    # --- robots.txt ---------------------------------------------------------------------------------------------------

    async def _ask_robots(self, url: str) -> None:
        robots = await self._robots_of(url)
        if robots.closed:
            raise FetchError(str(robots.closed), is_forbidden=robots.closed.is_forbidden)
        if robots.rules and not robots.rules.can_fetch(url, AGENT):
            raise FetchError(f"cannot fetch {url}: robots.txt there does not allow it", is_forbidden=True)

    async def _robots_of(self, url: str) -> _Robots:
        """The rules of the address's origin, read once a run however many ask."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        if origin not in self._robots:
            self._robots[origin] = asyncio.create_task(self._read_robots(origin))
        return await asyncio.shield(self._robots[origin])

    async def _read_robots(self, origin: str) -> _Robots:
        buffer = io.BytesIO()
        try:
            await self._retried(
                f"{origin}/robots.txt", buffer, MAX_ROBOTS_BYTES, MAX_SECONDS, is_crawl=False, is_cut=True
            )
        except FetchError as error:
            if error.status is None:  # refused, or not there at all: that says enough
                return _Robots(closed=error)
            # RFC 9309: where there is none, everything may be fetched; where that cannot be known, nothing.
            if 400 <= error.status < 500 and error.status != 429:
                return _Robots()
            said = f"{origin} may not be fetched as long as its robots.txt cannot be read ({error})"
            return _Robots(closed=FetchError(said, is_forbidden=True))
        rules = Protego.parse(buffer.getvalue().decode("utf-8-sig", "replace"))
        self._host(origin).slow_down(min(float(rules.crawl_delay(AGENT) or 0), MAX_CRAWL_DELAY))
        return _Robots(rules, sitemaps=list(rules.sitemaps))


# --- bodies -----------------------------------------------------------------------------------------------------------


async def _receive(response: httpx2.Response, file: BinaryIO, max_bytes: int, *, is_cut: bool) -> None:
    """Write the body, expanded, into the file; a longer one is an error, or cut off where `is_cut`."""
    said = response.headers.get("Content-Length", "")
    if said.isdecimal() and int(said) > max_bytes and not is_cut:
        raise FetchError(f"{response.url} is longer than {max_bytes:,} bytes")
    sent = expanded = 0
    body = Body(response.headers.get("Content-Encoding", "identity"), str(response.url))
    async for chunk in response.aiter_raw():
        sent += len(chunk)
        for piece in body.expand(chunk):
            expanded += len(piece)
            if max(sent, expanded) > max_bytes:
                if is_cut:
                    return
                raise FetchError(f"{response.url} is longer than {max_bytes:,} bytes")
            file.write(piece)
    body.end()


class Body:
    """Expands the content codings that we ask for, a piece at a time, so that no chunk becomes a gigabyte."""

    PIECE = 2**18
    """Bytes that are expanded at a time."""

    def __init__(self, coding: str, url: str) -> None:
        self._coding, self._url = coding.strip().lower() or "identity", url
        if self._coding not in ("identity", "gzip", "x-gzip", "deflate"):
            raise FetchError(f"{url} is sent as {one_line(coding, 50)!r}, which we did not ask for")
        self._inflate: zlib._Decompress | None = None
        self._members = 0

    def expand(self, chunk: bytes) -> Iterator[bytes]:
        if self._coding == "identity":
            yield chunk
            return
        piece = b""
        while chunk or len(piece) == self.PIECE:
            if self._inflate is None or self._inflate.eof:
                if self._inflate and not chunk.startswith(b"\x1f\x8b"):
                    return  # what comes after the end, which browsers pass over too
                self._next_member(chunk)
            assert self._inflate
            try:
                piece = self._inflate.decompress(chunk, self.PIECE)
            except zlib.error as error:
                raise FetchError(f"{self._url} is not {self._coding}, as it says ({one_line(error)})") from error
            yield piece
            chunk = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail

    def end(self) -> None:
        if self._inflate and not self._inflate.eof:
            raise FetchError(f"{self._url} breaks off: its {self._coding} stream ends too early")

    def _next_member(self, chunk: bytes) -> None:
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise FetchError(f"{self._url} has more than {MAX_MEMBERS} {self._coding} members")
        # Some servers send the bare stream as "deflate", without the head that the standard asks for.
        is_bare = self._coding == "deflate" and (chunk[0] & 15 != 8 or int.from_bytes(chunk[:2], "big") % 31)
        self._inflate = zlib.decompressobj(-15 if is_bare else 47)


@cache
def _certificates() -> ssl.SSLContext:
    return httpx2.create_ssl_context()  # takes longer than reading a day's archive from disk


def _is_worth_a_retry(error: Exception) -> bool:
    if isinstance(error, httpx2.HTTPStatusError):
        return error.response.status_code == 429 or error.response.status_code >= 500
    return isinstance(error, httpx2.TransportError) and not isinstance(error, httpx2.UnsupportedProtocol)


def _said(response: httpx2.Response) -> str:
    phrase = f" {one_line(response.reason_phrase, 50)}" if response.reason_phrase else ""
    return f"HTTP {response.status_code}{phrase}"


def _retry_after(response: httpx2.Response) -> float:
    """Seconds that the server asks us to wait; 0 where it does not say."""
    after = response.headers.get("Retry-After", "").strip()
    if after.isdecimal():
        return float(after)
    try:  # a date, which only the server's own clock can turn into seconds
        seconds = parsedate_to_datetime(after) - parsedate_to_datetime(response.headers.get("Date", ""))
    except (ValueError, TypeError):
        return 0
    return max(0.0, seconds.total_seconds())
