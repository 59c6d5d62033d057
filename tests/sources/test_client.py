"""The HTTP client: what it fetches, how often it tries, where it stops."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.sources.client import ATTEMPTS, MAX_REDIRECTS, Client, FetchError

from .conftest import Web


@pytest.fixture
def client() -> Iterator[Client]:
    with Client() as client:
        yield client


def test_an_answer_has_bytes_type_and_charset_and_the_server_learns_who_asks(web: Web, client: Client) -> None:
    web.pages["/a"] = (200, {"Content-Type": "text/html; charset=KOI8-R"}, b"\xf0")
    response = client.get(f"{web.address}/a", 100)
    assert (response.content, response.media_type, response.charset) == (b"\xf0", "text/html", "KOI8-R")
    assert response.url == f"{web.address}/a"
    assert all(agent.startswith("standpoint/") for agent in web.agents)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_error_is_tried_again(web: Web, client: Client, status: int) -> None:
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
    web: Web, client: Client, answer: tuple[int, dict[str, str], bytes], times: int
) -> None:
    web.pages["/a"] = answer
    with pytest.raises(FetchError, match=rf"^HTTP {answer[0]} \w.* at {web.address}/a$") as error:
        client.get(f"{web.address}/a", 100)
    assert error.value.status == answer[0]
    assert web.asked["/a"] == times


@pytest.mark.parametrize(("size", "is_read"), [(1000, True), (1001, False)])
def test_an_answer_over_the_size_cap_is_not_read(web: Web, client: Client, size: int, is_read: bool) -> None:
    web.pages["/a"] = b"x" * size
    if is_read:
        assert len(client.get(f"{web.address}/a", 1000).content) == size
    else:
        with pytest.raises(FetchError, match="longer than 1,000 bytes"):
            client.get(f"{web.address}/a", 1000)


@pytest.mark.parametrize(("redirects", "is_followed"), [(MAX_REDIRECTS, True), (MAX_REDIRECTS + 1, False)])
def test_redirects_are_followed_up_to_a_number(web: Web, client: Client, redirects: int, is_followed: bool) -> None:
    web.pages |= {f"/{n}": (302, {"Location": f"/{n + 1}"}, b"") for n in range(redirects)}
    web.pages[f"/{redirects}"] = b"there"
    if is_followed:
        assert client.get(f"{web.address}/0", 100).url == f"{web.address}/{redirects}"
    else:
        with pytest.raises(FetchError, match="redirects"):
            client.get(f"{web.address}/0", 100)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/a", "file:///etc/hostname", "http://", "http://a b/", "nonsense", ""])
def test_only_web_addresses_are_fetched(client: Client, url: str) -> None:
    with pytest.raises(FetchError, match=r"^cannot fetch"):
        client.get(url, 100)


def test_a_redirect_does_not_lead_out_of_the_web(web: Web, client: Client) -> None:
    web.pages["/a"] = (302, {"Location": "file:///etc/hostname"}, b"")
    with pytest.raises(FetchError, match=r"^cannot fetch"):
        client.get(f"{web.address}/a", 100)


def test_a_server_that_is_not_there_is_told_in_one_line(client: Client) -> None:
    with pytest.raises(FetchError, match=r"^cannot fetch http://127.0.0.1:9/a: [^\n]*refused[^\n]*$"):
        client.get("http://127.0.0.1:9/a", 100)


def test_the_proxy_of_the_environment_is_asked(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", web.address)
    web.pages["http://harbourtimes.example/a"] = b"from the proxy"
    with Client() as client:
        assert client.get("http://harbourtimes.example/a", 100).content == b"from the proxy"
