"""Where a page's links lead: by its `base`, each as a whole address; and where the page itself
leads on to: by a refresh, or into its frames. Fetches nothing."""

import re
from typing import Any

from codeplan.fetching.urls import join_address

# A page that goes elsewhere later than this is meant to be read first.
_MOST_SECONDS = 30
_MOST_FRAMES = 5
_REFRESH = re.compile(
    r"\s*(\d*)(?:\.[\d.]*)?\s*(?:[;,]|\s)\s*(?:url\s*=\s*)?(?:\"([^\"]*)|'([^']*)|(.*))",
    re.IGNORECASE | re.DOTALL,
)
# The links of each element that a reader shows, and where pages keep those of pictures that are
# loaded late.
_LINKS = {"a": ("href",), "img": ("src", "data-src", "data-original", "data-lazy-src")}


def base_of(tree: Any, url: str) -> str:
    """What the page's links start from: the first `base` with an address counts (HTML, 4.2.3)."""
    for base in tree.iter("base"):
        if base.get("href") is not None:
            address = join_address(url, base.get("href"))
            return address if address.startswith(("http://", "https://")) else url
    return url


def make_absolute(tree: Any, base: str) -> None:
    """Each link as it leads from anywhere; of one that leads nowhere its words stay."""
    nowhere: list[Any] = []
    for element in tree.iter(*_LINKS):
        for name in _LINKS[element.tag]:
            link = element.get(name)
            if link is None or link.startswith("#"):
                continue
            if link.lstrip()[:5].lower() == "data:":
                continue
            address = join_address(base, link)
            if address and not address.startswith("javascript:"):
                element.set(name, address.replace("(", "%28").replace(")", "%29"))
            else:
                del element.attrib[name]
                nowhere += [element] if element.tag == "a" else []
    for element in nowhere:
        element.drop_tag()


def refresh_of(tree: Any, url: str, base: str) -> str:
    """Where the page goes by itself; "" where it stays."""
    for meta in tree.iter("meta"):
        if (meta.get("http-equiv") or "").strip().lower() != "refresh":
            continue
        if address := refresh_to(meta.get("content") or "", url, base):
            return address
    return ""


def refresh_to(content: str, url: str, base: str) -> str:
    """Where what a refresh says leads, in a page or in a header; "" for the page itself, or where
    it is meant to be read first."""
    match = _REFRESH.match(content)
    link = next((part for part in match.groups()[1:] if part), "").strip() if match else ""
    if not match or not link or int(match[1][:9] or 0) > _MOST_SECONDS:
        return ""
    address = join_address(base, link)
    return address if address.partition("#")[0] != url.partition("#")[0] else ""


def frames_of(tree: Any, base: str) -> tuple[str, ...]:
    """What a page consists of that has no text of its own: its frames, in their order."""
    addresses: list[str] = []
    for frame in tree.iter("frame", "iframe"):
        address = join_address(base, (frame.get("src") or "").strip() or "about:blank")
        if address.startswith(("http://", "https://")) and address not in addresses:
            addresses.append(address)
    return tuple(addresses[:_MOST_FRAMES])
