"""The HTTP client: what it fetches, how often it tries, where it stops."""

from __future__ import annotations

import asyncio
import gzip
import time
import zlib
from collections.abc import Awaitable, Callable

import httpcore2
import pytest

from pipeline.settings import Web as Manners
from pipeline.sources import client as client_module
from pipeline.sources.client import ATTEMPTS, MAX_FAILURES, MAX_REDIRECTS, Client, Response, Version
from pipeline.sources.guard import Guard
from pipeline.sources.records import FetchError

from .conftest import LOOPBACK, Web


def using(job: Callable[[Client], Awaitable[object]], manners: Manners = LOOPBACK) -> object:
    async def run() -> object:
        async with Client(manners) as client:
            return await job(client)

    return asyncio.run(run())


class Blocking:
    """A client for one request at a time."""

    def get(self, url: str, max_bytes: int = 10**6, known: Version | None = None, **manners: object) -> Response:
        response = using(lambda client: client.get(url, max_bytes, known), LOOPBACK.model_copy(update=manners))
        assert isinstance(response, Response)
        return response


@pytest.fixture
def client() -> Blocking:
    return Blocking()


def test_an_answer_has_bytes_type_and_charset_and_the_server_learns_who_asks(web: Web, client: Blocking) -> None:
    web.pages["/a"] = (200, {"Content-Type": "text/html; charset=KOI8-R"}, b"\xf0")
    response = client.get(f"{web.address}/a", 100)
    assert (response.content, response.media_type, response.charset) == (b"\xf0", "text/html", "KOI8-R")
    assert response.url == f"{web.address}/a"
    assert all(agent.startswith("standpoint/") for agent in web.agents)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_error_is_tried_again(web: Web, client: Blocking, status: int) -> None:
    web.pages["/a"] = [(status, {}, b"later"), (status, {"Retry-After": "0"}, b"later"), (200, {}, b"now")]
    assert client.get(f"{web.address}/a", 100).content == b"now"
    assert web.asked["/a"] == 3


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        ((404, {}, b""), 1),
        ((403, {}, b""), 1),
        ((500, {}, b""), ATTEMPTS),
        ((503, {"Retry-After": "86400"}, b""), 1),
    ],
)
def test_an_error_that_stays_is_told_with_its_status(
    web: Web, client: Blocking, answer: tuple[int, dict[str, str], bytes], times: int
) -> None:
    web.pages["/a"] = answer
    with pytest.raises(FetchError, match=rf"^HTTP {answer[0]} \w.* at {web.address}/a") as error:
        client.get(f"{web.address}/a", 100)
    assert error.value.status == answer[0]
    assert web.asked["/a"] == times


@pytest.mark.parametrize(("size", "is_read"), [(1000, True), (1001, False)])
def test_an_answer_over_the_size_cap_is_not_read(web: Web, client: Blocking, size: int, is_read: bool) -> None:
    web.pages["/a"] = b"x" * size
    if is_read:
        assert len(client.get(f"{web.address}/a", 1000).content) == size
    else:
        with pytest.raises(FetchError, match="longer than 1,000 bytes"):
            client.get(f"{web.address}/a", 1000)


@pytest.mark.parametrize(("redirects", "is_followed"), [(MAX_REDIRECTS, True), (MAX_REDIRECTS + 1, False)])
def test_redirects_are_followed_up_to_a_number(web: Web, client: Blocking, redirects: int, is_followed: bool) -> None:
    web.pages |= {f"/{n}": (302, {"Location": f"/{n + 1}"}, b"") for n in range(redirects)}
    web.pages[f"/{redirects}"] = b"there"
    if is_followed:
        assert client.get(f"{web.address}/0", 100).url == f"{web.address}/{redirects}"
    else:
        with pytest.raises(FetchError, match="redirects"):
            client.get(f"{web.address}/0", 100)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/a", "file:///etc/hostname", "http://", "http://a b/", "nonsense", ""])
def test_only_web_addresses_are_fetched(client: Blocking, url: str) -> None:
    with pytest.raises(FetchError, match=r"^cannot fetch"):
        client.get(url, 100)


def test_a_redirect_does_not_lead_out_of_the_web(web: Web, client: Blocking) -> None:
    web.pages["/a"] = (302, {"Location": "file:///etc/hostname"}, b"")
    with pytest.raises(FetchError, match=r"^cannot fetch"):
        client.get(f"{web.address}/a", 100)


def test_a_server_that_is_not_there_is_told_in_one_line(client: Blocking) -> None:
    with pytest.raises(FetchError, match=r"^cannot fetch http://127.0.0.1:9/robots.txt: [^\n]*refused$"):
        client.get("http://127.0.0.1:9/a", 100)


def test_the_proxy_of_the_environment_is_asked(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", web.address)
    web.pages["http://harbourtimes.example/a"] = b"from the proxy"
    assert Blocking().get("http://harbourtimes.example/a").content == b"from the proxy"


# --- guard ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "192.0.2.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "2002:0a00:0001::1",
    ],
)
def test_an_address_beside_the_open_web_is_refused(address: str) -> None:
    with pytest.raises(FetchError, match="no address of the open web") as error:
        Guard().check("harbourtimes.example", [address])
    assert error.value.is_forbidden
    with pytest.raises(FetchError):
        Guard().check("harbourtimes.example", ["93.184.215.14", address])


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "2606:2800:21f:cb07::1", "::ffff:93.184.215.14", "64:ff9b::93.184.215.14"]
)
def test_an_address_of_the_open_web_is_not(address: str) -> None:
    assert len(Guard().check("harbourtimes.example", [address])) == 1


def test_a_network_or_host_on_the_list_may_be_fetched() -> None:
    guard = Guard(("10.1.0.0/16", "intranet.example"))
    assert guard.check("news.example", ["10.1.2.3"]) == ["10.1.2.3"]
    assert guard.check("Intranet.example.", ["192.168.0.1"]) == ["192.168.0.1"]
    with pytest.raises(FetchError):
        guard.check("news.example", ["10.2.2.3"])
    with pytest.raises(FetchError):
        guard.check("notintranet.example", ["192.168.0.1"])


def test_without_a_list_nothing_is_asked_of_this_machine(web: Web, client: Blocking) -> None:
    with pytest.raises(FetchError, match=r"127.0.0.1 is 127.0.0.1, which is no address of the open web") as error:
        client.get(f"{web.address}/a", allow=())
    assert error.value.is_forbidden
    assert not web.asked


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f000001", "2130706433", "[::1]", "[::ffff:7f00:1]", "0"])
def test_no_other_spelling_of_this_machine_is_fetched_directly_or_through_a_proxy(
    web: Web, client: Blocking, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    url = f"http://{host}:{web.address.rpartition(':')[2]}/a"
    with pytest.raises(FetchError, match="no address of the open web"):
        client.get(url, allow=())
    monkeypatch.setenv("HTTP_PROXY", web.address)
    with pytest.raises(FetchError, match="no address of the open web"):
        client.get(url, allow=())
    assert not web.asked


def test_a_redirect_to_a_private_address_is_refused(web: Web, client: Blocking) -> None:
    port = web.address.rpartition(":")[2]
    web.pages["/a"] = (302, {"Location": f"http://[::ffff:127.0.0.2]:{port}/secret"}, b"")
    with pytest.raises(FetchError, match="no address of the open web"):
        client.get(f"{web.address}/a", allow=("127.0.0.1",))
    assert web.asked["/secret"] == 0


def test_the_address_that_was_checked_is_the_one_that_is_asked(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is public when it is looked up first and private when it is looked up again gains nothing."""
    answers = iter(["93.184.215.14", "127.0.0.1", "127.0.0.1"])
    asked: list[str] = []

    async def getaddrinfo(self: object, host: str, port: int, **_: object) -> list[object]:
        return [(2, 1, 6, "", (next(answers), port))]

    async def connect_tcp(self: object, host: str, *_: object, **__: object) -> None:
        asked.append(host)
        raise httpcore2.ConnectError("no network in tests")

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", connect_tcp)
    with pytest.raises(FetchError):
        Blocking().get("http://harbourtimes.example/a", allow=())
    assert asked == ["93.184.215.14"]


def test_a_name_that_nobody_knows_is_told(client: Blocking) -> None:
    with pytest.raises(FetchError, match=r"no address of nowhere\.invalid is known"):
        client.get("http://nowhere.invalid/a")
    with pytest.raises(FetchError, match="no address of"):
        client.get(f"http://{'x' * 70}.invalid/a")


# --- bodies -----------------------------------------------------------------------------------------------------------


def encoded(body: bytes, coding: str = "gzip") -> tuple[int, dict[str, str], bytes]:
    return (200, {"Content-Type": "text/html", "Content-Encoding": coding}, body)


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (gzip.compress(b"words " * 100), "gzip"),
        (gzip.compress(b"words " * 40) + gzip.compress(b"words " * 60), "x-gzip"),
        (gzip.compress(b"words " * 100) + b"\0\0padding", "gzip"),
        (zlib.compress(b"words " * 100), "deflate"),
        (zlib.compress(b"words " * 100)[2:-4], "deflate"),
        (b"words " * 100, "identity"),
    ],
)
def test_the_codings_that_we_ask_for_are_expanded(web: Web, client: Blocking, body: bytes, coding: str) -> None:
    web.pages["/a"] = encoded(body, coding)
    assert client.get(f"{web.address}/a").content == b"words " * 100


@pytest.mark.parametrize(
    ("body", "coding", "said"),
    [
        (gzip.compress(b"\0" * 10**8), "gzip", "longer than 1,000,000 bytes"),
        (b"".join(gzip.compress(b"a") for _ in range(101)), "gzip", "more than 100 gzip members"),
        (gzip.compress(b"words " * 100)[:-20], "gzip", "its gzip stream ends too early"),
        (b"<html>", "gzip", "is not gzip, as it says"),
        (b"words", "br", "is sent as 'br', which we did not ask for"),
        (b"words", "gzip, gzip", "which we did not ask for"),
    ],
)
def test_a_coding_that_lies_or_explodes_is_refused(
    web: Web, client: Blocking, body: bytes, coding: str, said: str
) -> None:
    web.pages["/a"] = encoded(body, coding)
    with pytest.raises(FetchError, match=said):
        client.get(f"{web.address}/a")


def test_an_answer_that_takes_too_long_in_all_is_given_up(
    web: Web, client: Blocking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "MAX_SECONDS", 1.0)

    web.slow["/a"] = 0.05
    web.pages["/a"] = b"x" * 100
    with pytest.raises(FetchError, match="took longer than 1 s"):
        client.get(f"{web.address}/a")
    assert web.asked["/a"] == 1


# --- manners ----------------------------------------------------------------------------------------------------------


def test_what_is_known_already_is_asked_for_only_if_it_has_changed(web: Web, client: Blocking) -> None:
    web.pages["/a"] = [(200, {"ETag": '"1"', "Last-Modified": "Mon, 05 Jan 2026 09:00:00 GMT"}, b"one"), (304, {}, b"")]
    first = client.get(f"{web.address}/a")
    assert (first.content, first.is_unchanged) == (b"one", False)
    again = client.get(f"{web.address}/a", known=first.version)
    assert (again.content, again.is_unchanged) == (b"", True)
    sent = web.headers["/a"][1]
    assert sent["If-None-Match"] == '"1"'
    assert sent["If-Modified-Since"] == "Mon, 05 Jan 2026 09:00:00 GMT"


def test_an_answer_of_not_modified_that_nobody_asked_for_is_an_error(web: Web, client: Blocking) -> None:
    web.pages["/a"] = (304, {}, b"")
    with pytest.raises(FetchError, match="HTTP 304"):
        client.get(f"{web.address}/a")


ROBOTS = b"User-agent: standpoint\nDisallow: /private\nAllow: /private/open\n\nUser-agent: *\nDisallow: /\n"


@pytest.mark.parametrize(
    ("robots", "path", "is_allowed"),
    [
        (ROBOTS, "/news", True),
        (ROBOTS, "/private/a", False),
        (ROBOTS, "/private/open/a", True),
        (b"User-agent: *\nDisallow: /*.html$", "/a.html", False),
        (b"User-agent: other\nDisallow: /", "/a", True),
        (b"\xef\xbb\xbfUser-agent: *\nDisallow: /", "/a", False),
        (b"<html>no rules here</html>", "/a", True),
        ((404, {}, b""), "/a", True),
        ((403, {}, b""), "/a", True),
        ((429, {}, b""), "/a", False),
        ((500, {}, b""), "/a", False),
        ((302, {"Location": "/other"}, b""), "/a", False),
    ],
)
def test_robots_txt_is_asked_first_and_kept(
    web: Web, client: Blocking, robots: bytes, path: str, is_allowed: bool
) -> None:
    web.pages |= {"/robots.txt": robots, "/other": b"User-agent: *\nDisallow: /", path: b"words"}
    if is_allowed:
        assert client.get(web.address + path).content == b"words"
    else:
        with pytest.raises(FetchError, match=r"robots\.txt") as error:
            client.get(web.address + path)
        assert error.value.is_forbidden
        assert web.asked[path] == 0


def test_a_redirect_asks_the_robots_txt_of_where_it_leads(web: Web, client: Blocking) -> None:
    web.pages |= {"/robots.txt": b"User-agent: *\nDisallow: /secret", "/a": (302, {"Location": "/secret"}, b"")}
    with pytest.raises(FetchError, match=r"/secret: robots\.txt there does not allow it"):
        client.get(f"{web.address}/a")


def test_robots_txt_is_read_once_for_a_host_and_as_far_as_its_cap(web: Web) -> None:
    rules = b"User-agent: *\nDisallow: /a\n" + b"# words\n" * 10**5 + b"Disallow: /b\n"
    web.pages |= {"/robots.txt": rules, "/b": b"words"}

    async def job(client: Client) -> int:
        given = await asyncio.gather(
            *(client.get(web.address + path, 100) for path in ("/b", "/a", "/b")), return_exceptions=True
        )
        return sum(isinstance(answer, Response) for answer in given)

    assert using(job) == 2
    assert web.asked["/robots.txt"] == 1


def test_requests_to_a_host_keep_its_pace_and_number(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """One host gets no more than two at a time and 0.1 s between them; another is not waited for."""
    web.pages |= {f"/{n}": b"words" for n in range(4)}

    async def job(client: Client) -> float:
        begun = time.monotonic()
        await asyncio.gather(*(client.get(f"{web.address}/{n}", 100) for n in range(4)))
        return time.monotonic() - begun

    assert using(job, LOOPBACK.model_copy(update={"seconds_between": 0.1, "at_once": 2})) >= 0.4  # type: ignore[operator]
    assert web.most_at_once <= 2


@pytest.mark.parametrize(
    ("delay", "seconds"), [("0.3", 0.3), ("nan", 0.1), ("1000000", 3600), ("often", 0.1), ("0", 0.1)]
)
def test_a_longer_crawl_delay_is_kept(web: Web, delay: str, seconds: float) -> None:
    web.pages |= {"/robots.txt": f"User-agent: *\nCrawl-delay: {delay}".encode(), "/a": b"words"}

    async def job(client: Client) -> float:
        await client.robots(f"{web.address}/a")
        return client._host(web.address).seconds_between

    assert using(job, LOOPBACK.model_copy(update={"seconds_between": 0.1})) == seconds


def test_a_host_that_keeps_failing_is_left_alone(web: Web) -> None:
    web.pages["/robots.txt"] = b""
    dead = [f"/dead/{n}" for n in range(MAX_FAILURES + 3)]
    web.pages |= {path: (500, {}, b"") for path in dead}

    async def job(client: Client) -> list[str]:
        said = []
        for path in dead:
            try:
                await client.get(web.address + path, 100)
            except FetchError as error:
                said.append(str(error))
        return said

    said = using(job)
    assert isinstance(said, list)
    assert said[-1].startswith(f"127.0.0.1 failed {MAX_FAILURES} times in a row (HTTP 500")
    assert sum(web.asked[path] for path in dead) == MAX_FAILURES * ATTEMPTS


def test_a_server_may_say_when_it_wants_to_be_asked_again(web: Web, client: Blocking) -> None:
    day = "Mon, 05 Jan 2026 09:00:00 GMT"
    web.pages["/a"] = [
        (429, {"Retry-After": "Mon, 05 Jan 2026 09:00:30 GMT", "Date": day}, b""),
        (503, {"Retry-After": "30"}, b""),
        (200, {}, b"now"),
    ]
    assert client.get(f"{web.address}/a").content == b"now"
    web.pages["/b"] = (429, {"Retry-After": "Mon, 05 Jan 2026 12:00:00 GMT", "Date": day}, b"")
    with pytest.raises(FetchError, match="asks to be left alone for 10800 s"):
        client.get(f"{web.address}/b")
    assert web.asked["/b"] == 1
