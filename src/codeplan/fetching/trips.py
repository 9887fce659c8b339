"""One trip: an address and all that it leads on to. Each step is looked at as the first was, shares
the trip's cookies and time, and there are so many of them. Never connects by itself: that is the
guarded network's."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass

import httpcore

from codeplan.fetching.cookies import Cookies
from codeplan.fetching.guarded import Forbidden, GuardedNetwork
from codeplan.fetching.not_fetched import Kind, NotFetched, nothing_else_leaves
from codeplan.fetching.packing import ACCEPTED, too_large, unpack_body
from codeplan.fetching.urls import WebAddress, web_address

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_STEPS = 10
_CONNECT_SECONDS = 8.0
_AGENT = b"codeplan-reader/1.0"
_ACCEPT = b"text/html,application/xhtml+xml,application/pdf,text/*;q=0.9,*/*;q=0.5"
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';,]{1,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fetched:
    """``url``: where it was found in the end. ``media_type``: without its parameters, lower-case;
    ``charset``: as the answer says, or ""; ``refresh``: what its header of that name says."""

    url: str
    status: int
    media_type: str
    charset: str
    body: bytes
    refresh: str = ""


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """``most_bytes``: of the body, packed and unpacked. ``seconds``: for a whole trip."""

    most_bytes: int = 5 * 1024 * 1024
    seconds: float = 20.0


class Trip:
    """Its time begins when it is made, in a running loop."""

    def __init__(self, network: GuardedNetwork, limits: FetchLimits, seconds: float) -> None:
        self._network, self._limits, self._seconds = network, limits, seconds
        self._ends_at = asyncio.get_running_loop().time() + seconds
        self._cookies, self._steps_left = Cookies(), _MOST_STEPS + 1

    async def fetch(self, url: str, base: str = "") -> Fetched:
        """``base``: the page that named ``url``, where one did. Raises NotFetched."""
        with nothing_else_leaves("fetching an address"):
            try:
                async with asyncio.timeout_at(self._ends_at):
                    return await self._follow(web_address(url, base))
            except TimeoutError:
                sentence = f"it took longer than {self._seconds:g} seconds"
                raise NotFetched(sentence, Kind.SLOW) from None
            except Forbidden as forbidden:
                raise NotFetched(str(forbidden), Kind.FORBIDDEN) from None
            except (
                httpcore.TimeoutException,
                httpcore.NetworkError,
                httpcore.ProtocolError,
            ) as failure:
                reason = str(failure) or type(failure).__name__
                sentence = f"it could not be reached: {reason}"
                raise NotFetched(sentence, Kind.UNREACHABLE) from None

    async def _follow(self, address: WebAddress) -> Fetched:
        # One connection an address: none is kept that another name could come by.
        async with httpcore.AsyncConnectionPool(
            network_backend=self._network, max_keepalive_connections=0
        ) as pool:
            while self._steps_left:
                self._steps_left -= 1
                answer = await self._once(pool, address)
                if isinstance(answer, Fetched):
                    return answer
                address = answer
        raise NotFetched(f"it redirects more than {_MOST_STEPS} times", Kind.UNREACHABLE)

    async def _once(
        self, pool: httpcore.AsyncConnectionPool, address: WebAddress
    ) -> Fetched | WebAddress:
        """What is there, or where it redirects to."""
        url = httpcore.URL(
            scheme=address.scheme, host=address.host, port=address.port, target=address.target
        )
        timeouts = {"connect": _CONNECT_SECONDS, "read": self._seconds, "write": _CONNECT_SECONDS}
        async with pool.stream(
            "GET", url, headers=self._headers(address), extensions={"timeout": timeouts}
        ) as answer:
            fields = [(name.lower(), _words(value)) for name, value in answer.headers]
            headers = dict(fields)
            self._cookies.take(address.href, [v for name, v in fields if name == b"set-cookie"])
            if answer.status in _REDIRECTS and b"location" in headers:
                return _onward(address, headers[b"location"])
            if answer.status in (204, 205):
                sentence = f"the site answered {answer.status}, without a page"
                raise NotFetched(sentence, Kind.EMPTY, answer.status)
            if not 200 <= answer.status < 300:
                sentence = f"the site answered {answer.status}"
                raise NotFetched(sentence, Kind.ANSWERED, answer.status)
            body = await self._body(answer)
        codings = ",".join(value for name, value in fields if name == b"content-encoding")
        body = await asyncio.to_thread(unpack_body, body, codings, self._limits.most_bytes)
        return _as_fetched(address, answer.status, headers, body)

    def _headers(self, address: WebAddress) -> list[tuple[bytes, bytes]]:
        headers = [
            (b"host", address.authority.encode()),
            (b"user-agent", _AGENT),
            (b"accept", _ACCEPT),
            (b"accept-encoding", ACCEPTED),
        ]
        cookies = self._cookies.header(address.href)
        return [*headers, (b"cookie", cookies.encode("utf-8", "replace"))] if cookies else headers

    async def _body(self, answer: httpcore.Response) -> bytes:
        """As it came. Raises NotFetched for what is too large."""
        body = bytearray()
        async for piece in answer.aiter_stream():
            body += piece
            if len(body) > self._limits.most_bytes:
                raise too_large(self._limits.most_bytes)
        return bytes(body)


def _as_fetched(
    address: WebAddress, status: int, headers: Mapping[bytes, str], body: bytes
) -> Fetched:
    media_type, _, parameters = headers.get(b"content-type", "").partition(";")
    charset = _CHARSET.search(parameters)
    return Fetched(
        address.href, status, media_type.strip().lower(), charset[1] if charset else "", body,
        headers.get(b"refresh", ""),
    )  # fmt: skip


def _onward(address: WebAddress, location: str) -> WebAddress:
    """With the fragment that was asked for, where the site names none."""
    fragment = address.href.partition("#")[2]
    if fragment and "#" not in location:
        location = f"{location}#{fragment}"
    return web_address(location, address.href)


def _words(value: bytes) -> str:
    """A header's text: UTF-8 as browsers read it, or else Latin-1."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
