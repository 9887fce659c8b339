"""The main part of a web page as text. What readers wrote below it, and lists of other pages, are
taken away first, then trafilatura finds the rest; tests/mcp/test_extraction.py measures it."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from codeplan.fetching.fetcher import NotFetched

_MOST_ELEMENTS = 100_000
_MOST_LINKS = 200
_MOST_IMAGES = 100
# Names of the parts that are taken away, where they are less than half of the page.
_ASIDE = re.compile(
    r"(?:^|[-_\s])"
    r"(?:comments?|comentarios?|commentaires?|disqus|respond|replies|newsletter|related)"
    r"(?:$|[-_\s\d])",
    re.IGNORECASE,
)
_PARTS = ("div", "section", "ul", "ol", "aside", "form", "table")
_DATA_IMAGE = re.compile(r"!\[[^\]]*\]\(data:[^)]*\)")
_TABLE_ROW = re.compile(r"^\|(.*)\|\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """``form``: markdown or text. ``images``, ``links``: whether they stay in the text;
    ``data_images``: also pictures that stand in their links. ``tables``: as GitHub's Markdown has
    them; else a row is a line of its cells. ``link_list``, ``image_list``: whether they are listed
    as well."""

    form: str = "markdown"
    images: bool = True
    links: bool = True
    data_images: bool = False
    tables: bool = True
    link_list: bool = False
    image_list: bool = False


@dataclass(frozen=True, slots=True)
class ReadPage:
    """``links``, ``images``: what each is called, and its address."""

    url: str
    title: str
    description: str
    text: str
    links: tuple[tuple[str, str], ...] = ()
    images: tuple[tuple[str, str], ...] = ()


def read_html(html: str, url: str, wanted: Wanted) -> ReadPage:
    """Raises NotFetched. A page of too many elements is refused before it is taken apart."""
    # Large libraries are loaded when the first page is read, not at the start.
    import trafilatura
    from lxml import etree

    marked = wanted.form == "markdown"
    if html.count("<") > _MOST_ELEMENTS:
        raise NotFetched(f"the page has more than {_MOST_ELEMENTS} elements")
    try:
        about = trafilatura.extract_metadata(html, default_url=url)
        tree = trafilatura.load_html(html)
        if tree is None:
            raise NotFetched("the page is empty, or not HTML")
        links = _listed(tree, "a", "href", url, _MOST_LINKS) if wanted.link_list else ()
        images = _listed(tree, "img", "src", url, _MOST_IMAGES) if wanted.image_list else ()
        _take_asides_away(tree)
        text = trafilatura.extract(
            tree,
            url=url,
            output_format="markdown" if marked else "txt",
            include_images=wanted.images and marked,
            include_links=wanted.links and marked,
            include_tables=True,
            include_comments=False,
            with_metadata=False,
        )
    except (etree.LxmlError, ValueError, RecursionError) as problem:
        raise NotFetched(f"the page could not be read: {problem}") from None
    title = (about.title if about else "") or ""
    description = (about.description if about else "") or ""
    text = _as_wanted(text or trafilatura.html2txt(html), wanted)
    return ReadPage(url, title, description, text, links, images)


def _take_asides_away(tree: Any) -> None:
    most = len(tree.text_content()) / 2
    for part in [part for part in tree.iter(*_PARTS) if _is_aside(part)]:
        if part.getparent() is not None and len(part.text_content()) < most:
            part.drop_tree()


def _is_aside(part: Any) -> bool:
    return any(_ASIDE.search(part.get(name) or "") for name in ("id", "class"))


def _listed(
    tree: Any, tag: str, attribute: str, base: str, most: int
) -> tuple[tuple[str, str], ...]:
    """Each address once, by what it is first called."""
    found: dict[str, str] = {}
    for element in tree.iter(tag):
        link = (element.get(attribute) or "").strip()
        if not link or link.startswith(("#", "data:", "javascript:")):
            continue
        name = element.get("alt") or " ".join(element.text_content().split())
        address = _joined(base, link)
        if address.startswith(("http://", "https://")) and not found.get(address):
            found[address] = name[:200]
        if len(found) == most:
            break
    return tuple((name, address) for address, name in found.items())


def _joined(base: str, link: str) -> str:
    try:
        return urljoin(base, link)
    except ValueError:  # an address that is none
        return ""


def _as_wanted(text: str, wanted: Wanted) -> str:
    if not wanted.data_images:
        text = _DATA_IMAGE.sub("", text)
    return (
        text
        if wanted.tables and wanted.form == "markdown"
        else _TABLE_ROW.sub(_line_of_cells, text)
    )


def _line_of_cells(row: re.Match[str]) -> str:
    cells = [cell.strip() for cell in row[1].split("|")]
    return "" if all(not cell.strip("-: ") for cell in cells) else " · ".join(cells)
