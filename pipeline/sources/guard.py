"""The guard of addresses: a server is on the open web or on the operator's list, whatever a name or redirect says.

It stands where a connection is opened, so that the address which was checked is the one that is connected to: a name
that resolves anew to another address (DNS rebinding) gains nothing, and no redirect goes round it.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpcore2
import httpx2

from pipeline.sources.records import FetchError

IP = IPv4Address | IPv6Address
NAT64 = ip_network("64:ff9b::/96")
"""IPv6 addresses that a network translates to the IPv4 address in their last four bytes (RFC 6052)."""


def is_public(address: IP) -> bool:
    """Whether the address is one of the open web: not private, local, shared (CGNAT), reserved or multicast.

    An IPv6 address that carries an IPv4 one (mapped, 6to4, Teredo, NAT64) is what that one is.
    """
    if isinstance(address, IPv6Address):
        address = IPv6Address(int(address))  # without its zone
        if address.ipv4_mapped or address in NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if (
            any(ip and not is_public(ip) for ip in (address.sixtofour, *(address.teredo or ())))
            or address.is_site_local
        ):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


class Guard:
    """Says which addresses may be connected to."""

    def __init__(self, allow: Sequence[str] = ()) -> None:
        self._networks, self._hosts = [], set()
        for name in allow:
            try:
                self._networks.append(ip_network(name))
            except ValueError:
                self._hosts.add(name.lower().rstrip("."))

    def check(self, host: str, addresses: Iterable[str]) -> list[str]:
        """The addresses of a host, if it may be fetched.

        Raises:
            FetchError: one of them is not public and not on the list.
        """
        found = [ip_address(address) for address in addresses]
        if host.lower().rstrip(".") not in self._hosts:
            for address in found:
                if not is_public(address) and not any(address in network for network in self._networks):
                    raise FetchError(
                        f"{host} is {address}, which is no address of the open web; if it is a server of your own, add "
                        "it to `allow` under [web] in the configuration",
                        is_forbidden=True,
                    )
        return [str(address) for address in found]

    def check_name(self, host: str) -> None:
        """Refuse a name that means a private address without being looked up; the proxy answers for all others.

        Raises:
            FetchError: see `check`.
        """
        name = host.strip("[]").rstrip(".").lower()
        if name == "localhost" or name.endswith(".localhost"):
            self.check(host, ["127.0.0.1"])
        try:
            self.check(host, [name])
        except ValueError:
            try:  # 127.1, 0x7f000001: what the C library, and so a proxy, takes for an IPv4 address
                self.check(host, [str(IPv4Address(socket.inet_aton(name)))])
            except (OSError, UnicodeError):
                return


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Looks a name up once, has its addresses checked, and connects to one of those."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(f"{host} was looked up for {timeout:.0f} s without an answer") from error
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise httpcore2.ConnectError(f"no address of {host} is known ({reason})") from error
        addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
        last: Exception = httpcore2.ConnectError(f"{host} has no address")
        for address in self._guard.check(host, addresses):
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                last = error
        raise type(last)(f"{host}: {_reason(last)}") from last


def _reason(error: BaseException) -> str:
    """What the system said at the bottom of an error."""
    while error.__cause__:
        error = error.__cause__
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number else str(error) or type(error).__name__


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Straight to a checked address, or to the proxy that the environment names (HTTP_PROXY, HTTPS_PROXY, NO_PROXY).

    A proxy looks names up by itself: which of them it forwards is up to whoever runs it.
    """

    def __init__(self, guard: Guard, certificates: Any, connections: int) -> None:
        self._guard = guard
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=15)
        self._direct = httpx2.AsyncHTTPTransport(verify=certificates, limits=limits)
        # httpx2 has no argument for how connections are opened; its pool has.
        self._direct._pool = httpcore2.AsyncConnectionPool(
            ssl_context=certificates,
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=15,
            network_backend=GuardedBackend(guard),
        )
        named = getproxies()
        self._proxies = {
            scheme: httpx2.AsyncHTTPTransport(
                verify=certificates, proxy=url if "://" in url else f"http://{url}", limits=limits
            )
            for scheme in ("http", "https")
            if (url := named.get(scheme) or named.get("all"))
        }

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        proxy, host = self._proxies.get(request.url.scheme), request.url.host
        if proxy is None or proxy_bypass(host):
            return await self._direct.handle_async_request(request)
        self._guard.check_name(host)
        return await proxy.handle_async_request(request)

    async def aclose(self) -> None:
        for transport in (self._direct, *self._proxies.values()):
            await transport.aclose()
