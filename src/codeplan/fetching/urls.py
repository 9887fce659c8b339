"""Addresses as browsers read them, by ada, the WHATWG URL parser of Node: blanks, backslashes,
tabs, letters of every script, numbers for hosts. What comes out is ASCII, in the one writing that
is also connected to. Decides nothing about where a name leads."""

import re
from dataclasses import dataclass

from ada_url import URL

from codeplan.fetching.not_fetched import Kind, NotFetched

_MOST_LETTERS = 8192
_PORTS = {"http:": 80, "https:": 443}
# A scheme, and no port of a host that was written without one.
_SCHEME = re.compile(r"https?:|[a-z][a-z0-9+.-]*:(?!\d)", re.IGNORECASE)
# The ports that browsers connect to for no page, since other protocols have them
# (https://fetch.spec.whatwg.org/#port-blocking).
_BLOCKED = frozenset(
    (0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
     102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427,
     465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
     993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
     6668, 6669, 6679, 6697, 10080)
)  # fmt: skip


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
    no scheme). Raises NotFetched."""
    if len(text) > _MOST_LETTERS:
        raise NotFetched("the address is too long", Kind.ADDRESS)
    if not base:
        text = _with_scheme(text)
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
    if port in _BLOCKED:
        raise NotFetched(f"port {port} is none of the web's", Kind.ADDRESS)
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


def joined(base: str, link: str) -> str:
    """Where a link of a page leads, whatever its scheme; "" where it is none."""
    try:
        return str(URL(link, base).href)
    except ValueError:
        return ""
