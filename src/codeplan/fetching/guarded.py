"""A connection that is made to the very address that was looked at: a name is resolved once, every
address that it has must be of the open Internet, and the connection goes to one of those."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import httpcore

from codeplan.fetching.addresses import may_connect

# From a name and a port to its addresses.
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
# The ports that browsers connect to for no page, since other protocols have them
# (https://fetch.spec.whatwg.org/#port-blocking).
_BLOCKED_PORTS = frozenset(
    (0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
     102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427,
     465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
     993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
     6668, 6669, 6679, 6697, 10080)
)  # fmt: skip


class Forbidden(Exception):
    """The address is none of the open Internet's, or its port none of the web's."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """By the machine's own resolver. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """``allowed``: addresses that an operator (or a test) lets in beside the open ones, as
    ``host:port``."""

    def __init__(self, resolver: Resolve = resolve, allowed: Iterable[str] = ()) -> None:
        self._resolve, self._allowed = resolver, frozenset(allowed)
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises Forbidden, httpcore.ConnectError."""
        try:
            addresses = await asyncio.wait_for(self._resolve(host, port), timeout)
        except (OSError, TimeoutError, UnicodeError) as problem:
            raise httpcore.ConnectError(f"{host} could not be resolved") from problem
        for address in addresses:
            if not may_connect(address) and f"{address}:{port}" not in self._allowed:
                raise Forbidden(f"{host} is at an address that is not of the open Internet")
            if port in _BLOCKED_PORTS and f"{address}:{port}" not in self._allowed:
                raise Forbidden(f"port {port} is none of the web's")
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except httpcore.ConnectError as problem:
                failure = problem
        raise failure

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise Forbidden("a socket of this machine")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
