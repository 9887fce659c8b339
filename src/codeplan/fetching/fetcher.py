"""Fetching one address: within a size, within a time, through each redirect as if it were the
first. What is packed is unpacked in small pieces, so that a bomb is noticed before it is whole."""

import asyncio
import zlib
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpcore

from codeplan.fetching.guarded import Forbidden, GuardedNetwork

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_MOST_URL = 4096
_PIECE = 64 * 1024
_CONNECT_SECONDS = 8.0
_PORTS = {"http": 80, "https": 443}
_AGENT = b"codeplan-reader/1.0"


class NotFetched(Exception):
    """It could not be fetched; the text says why."""


class SiteAnswered(NotFetched):
    """It answered that there is nothing for us. ``status``: HTTP's."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the site answered {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Fetched:
    """``url``: where it was found in the end. ``media_type``: without its parameters, lower-case;
    ``charset``: as the answer says, or ""."""

    url: str
    status: int
    media_type: str
    charset: str
    body: bytes


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """``most_bytes``: of the body, unpacked. ``seconds``: for all of it, redirects too."""

    most_bytes: int = 5 * 1024 * 1024
    seconds: float = 20.0


class Fetcher:
    def __init__(self, network: GuardedNetwork, limits: FetchLimits | None = None) -> None:
        self._network, self.limits = network, limits or FetchLimits()

    async def fetch(self, url: str, seconds: float | None = None) -> Fetched:
        """Raises NotFetched."""
        limit = min(seconds or self.limits.seconds, self.limits.seconds)
        try:
            async with asyncio.timeout(limit):
                return await self._followed(url)
        except TimeoutError:
            raise NotFetched(f"it took longer than {limit:g} seconds") from None
        except Forbidden as forbidden:
            raise NotFetched(str(forbidden)) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as failed:
            raise NotFetched(
                f"it could not be reached: {failed or type(failed).__name__}"
            ) from None

    async def _followed(self, url: str) -> Fetched:
        # One connection an address: none is kept that another name could come by.
        async with httpcore.AsyncConnectionPool(
            network_backend=self._network, max_keepalive_connections=0
        ) as pool:
            for _ in range(_MOST_REDIRECTS + 1):
                answer = await self._once(pool, checked(url))
                if isinstance(answer, Fetched):
                    return answer
                url = urljoin(url, answer)
        raise NotFetched(f"it redirects more than {_MOST_REDIRECTS} times")

    async def _once(self, pool: httpcore.AsyncConnectionPool, url: str) -> Fetched | str:
        """What is there, or where it redirects to."""
        headers = [
            (b"user-agent", _AGENT),
            (b"accept", b"text/html,application/xhtml+xml,application/pdf,text/*;q=0.9,*/*;q=0.5"),
            (b"accept-encoding", b"gzip"),
        ]
        timeouts = {"connect": _CONNECT_SECONDS, "read": self.limits.seconds, "write": 8.0}
        async with pool.stream(
            "GET", url, headers=headers, extensions={"timeout": timeouts}
        ) as answer:
            found = {name.lower(): value.decode("latin-1") for name, value in answer.headers}
            if answer.status in _REDIRECTS and b"location" in found:
                return found[b"location"]
            if answer.status >= 400:
                raise SiteAnswered(answer.status)
            media_type, _, rest = found.get(b"content-type", "").partition(";")
            body = await self._body(answer, found.get(b"content-encoding", ""))
        charset = rest.lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
        return Fetched(url, answer.status, media_type.strip().lower(), charset, body)

    async def _body(self, answer: httpcore.Response, encoding: str) -> bytes:
        """Raises NotFetched for what is too large, or packed in an unknown way."""
        unpack = _unpacker(encoding)
        body = bytearray()
        async for piece in answer.aiter_stream():
            while piece:
                part = unpack.decompress(piece, _PIECE) if unpack else piece
                body += part
                if len(body) > self.limits.most_bytes:
                    raise NotFetched(f"it is larger than {self.limits.most_bytes} bytes")
                piece = unpack.unconsumed_tail if unpack else b""
        return bytes(body)


def _unpacker(encoding: str) -> "zlib._Decompress | None":
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        case "deflate":
            return zlib.decompressobj()
        case other:
            raise NotFetched(f"it is packed as {other[:20]!r}, which was not asked for")


def checked(url: str) -> str:
    """An address that can be fetched. Raises NotFetched."""
    if len(url) > _MOST_URL:
        raise NotFetched("the address is too long")
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
        host = parts.hostname or ""
    except ValueError:
        raise NotFetched("that is not an address") from None
    if parts.scheme not in _PORTS:
        raise NotFetched(f"only http and https are fetched, not {parts.scheme[:20]!r}")
    if not host or not port:
        raise NotFetched("the address has no host")
    if parts.username or parts.password:
        raise NotFetched("an address with a name and a password in it is not fetched")
    if any(ord(letter) < 33 or ord(letter) == 127 for letter in url):
        raise NotFetched("the address has characters that none has")
    return url
