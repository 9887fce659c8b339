"""Addresses as browsers read them, by ada, the WHATWG URL parser of Node: blanks, backslashes,
tabs, letters of every script, numbers for hosts. What comes out is ASCII, in the one writing that
is also connected to. Decides nothing about where a name leads."""

import re
from dataclasses import dataclass

from ada_url import URL

from codeplan.fetching.not_fetched import Kind, NotFetched

_MOST_LETTERS = 8192
_PORTS = {"http:": 80, "https:": 443}
# A scheme, and no host with a port, which has a dot or is the machine itself.
_SCHEME = re.compile(r"(?!localhost:\d)[a-z][a-z0-9+-]*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WebAddress:
    """``host``: without brackets, as the resolver takes it; ``authority``: host and port as the
    Host header has them; ``target``: path and query."""

    href: str
    scheme: str
    host: str
    port: int
    authority: str
    target: str

    @property
    def site(self) -> str:
        return f"{self.scheme}://{self.authority}"


def web_address(text: str, base: str = "") -> WebAddress:
    """An address that can be fetched; without a base, one that a person typed (https where it has
    no scheme). Raises NotFetched: of Kind.ADDRESS where a person typed it."""
    if not base:
        return _address(_with_scheme(text), "")
    try:
        return _address(text, base)
    except NotFetched as failed:
        sentence = f"it leads on to another address: {failed}"
        raise NotFetched(sentence, Kind.UNREACHABLE) from None


def _address(text: str, base: str) -> WebAddress:
    if len(text) > _MOST_LETTERS:
        raise NotFetched("the address is too long", Kind.ADDRESS)
    try:
        url = URL(text, base) if base else URL(text)
    except ValueError:  # and UnicodeEncodeError, for half a character
        raise NotFetched("that is not an address", Kind.ADDRESS) from None
    if url.protocol not in _PORTS:
        scheme = url.protocol.rstrip(":")[:20]
        raise NotFetched(f"only http and https are fetched, not {scheme!r}", Kind.ADDRESS)
    if len(url.href) > _MOST_LETTERS:
        raise NotFetched("the address is too long", Kind.ADDRESS)
    if url.username or url.password:
        text = "an address with a name and a password in it is not fetched"
        raise NotFetched(text, Kind.ADDRESS)
    port = int(url.port) if url.port else _PORTS[url.protocol]
    return WebAddress(
        url.href,
        url.protocol.rstrip(":"),
        url.hostname.strip("[]"),
        port,
        url.host,
        f"{url.pathname}{url.search}",
    )


def _with_scheme(text: str) -> str:
    text = text.strip()
    if _SCHEME.match(text):
        return text
    return f"https:{text}" if text.startswith(("//", "\\\\")) else f"https://{text}"


def join_address(base: str, link: str) -> str:
    """Where a link of a page leads, whatever its scheme; "" where it is none."""
    try:
        return str(URL(link, base).href)
    except ValueError:
        return ""
