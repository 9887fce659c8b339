"""The main part of a web page as text. What readers wrote below it, and lists of other pages, are
taken away first, code, tables and formulas are kept as they are, then trafilatura finds the rest;
tests/mcp/test_extraction.py measures it. A pure function of the page's text."""

import re
from dataclasses import dataclass
from typing import Any

from codeplan.fetching import code_blocks, tables
from codeplan.fetching.asides import take_asides_away
from codeplan.fetching.formulas import put_formulas
from codeplan.fetching.links import base_of, frames_of, make_absolute, refresh_of
from codeplan.fetching.not_fetched import Kind, NotFetched
from codeplan.fetching.standins import StandIns
from codeplan.fetching.urls import join_address

_MOST_ELEMENTS = 100_000
_MOST_LINKS = 200
_MOST_IMAGES = 100
_DATA_IMAGE = re.compile(r"!\[[^\]]*\]\(data:[^)]*\)")
# What XML's trees refuse, and so each library that works on one (XML 1.0, 2.2).
_NO_LETTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&#([xX][0-9a-fA-F]{1,8}|[0-9]{1,9});?")
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

    @property
    def is_marked(self) -> bool:
        return self.form == "markdown"


@dataclass(frozen=True, slots=True)
class ReadPage:
    """``links``, ``images``: what each is called, and its address. ``cut``: what was not read of
    it, as a sentence. ``refresh``: where it goes by itself; ``frames``: what it consists of, where
    it has nothing of its own."""

    url: str
    title: str
    description: str
    text: str
    links: tuple[tuple[str, str], ...] = ()
    images: tuple[tuple[str, str], ...] = ()
    cut: str = ""
    refresh: str = ""
    frames: tuple[str, ...] = ()


def read_html(html: str, url: str, wanted: Wanted) -> ReadPage:
    """``text`` is "" where nothing was found. Raises NotFetched. A page of too many elements is
    refused before it is taken apart."""
    if html.count("<") > _MOST_ELEMENTS:
        raise NotFetched(f"the page has more than {_MOST_ELEMENTS} elements", Kind.LARGE)
    tree = _parse(html)
    if tree is None:
        return ReadPage(url, "", "", "")
    # A large library is loaded when the first page is read, not at the start.
    import trafilatura

    base = base_of(tree, url)
    about = trafilatura.extract_metadata(html)
    links = _list_addresses(tree, "a", "href", base, _MOST_LINKS) if wanted.link_list else ()
    images = _list_addresses(tree, "img", "src", base, _MOST_IMAGES) if wanted.image_list else ()
    refresh, frames = refresh_of(tree, url, base), frames_of(tree, base)
    has_frameset = next(tree.iter("frameset"), None) is not None
    text = _main_part(tree, html, base, wanted)
    return ReadPage(
        url,
        (about.title if about else "") or "",
        (about.description if about else "") or "",
        text,
        links,
        images,
        refresh=refresh,
        frames=frames if has_frameset or not text.strip() else (),
    )


def _parse(html: str) -> Any:
    """The tree; None where there is no element in it."""
    from lxml import etree
    from lxml import html as markup

    parser = markup.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    body = _NO_LETTERS.sub("", _REFERENCE.sub(_letter_or_mark, html)).encode("utf-8", "replace")
    try:
        return markup.document_fromstring(body, parser=parser)
    except etree.LxmlError:
        return None


def _letter_or_mark(reference: re.Match[str]) -> str:
    """The reference, or a mark in the place of one to what no tree may hold."""
    digits = reference[1]
    number = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    is_letter = number < 0x110000 and not _NO_LETTERS.match(chr(number))
    return reference[0] if is_letter else "\ufffd"


def _main_part(tree: Any, html: str, base: str, wanted: Wanted) -> str:
    """Changes the tree."""
    import trafilatura

    make_absolute(tree, base)
    take_asides_away(tree)
    standins = StandIns(html)
    put_formulas(tree, standins.keep_within, marked=wanted.is_marked)
    _keep_blocks(tree, standins, wanted)
    _keep_numbers(tree, standins)
    text = trafilatura.extract(
        tree,
        output_format="markdown" if wanted.is_marked else "txt",
        include_images=wanted.images and wanted.is_marked,
        include_links=wanted.links and wanted.is_marked,
        include_tables=True,
        include_comments=False,
        with_metadata=False,
    )
    return standins.put_back(_as_wanted(text or trafilatura.html2txt(tree), wanted))


def _keep_blocks(tree: Any, standins: StandIns, wanted: Wanted) -> None:
    """Code and tables of data; the outer ones of those within each other."""
    for element in list(tree.iter("table", "pre", "code")):
        if tree not in element.iterancestors():
            continue  # it stood in one that was kept
        if element.tag == "table":
            tables.bound_spans(element)
        code = code_blocks.code_in(element)
        if code is not None:
            language = code_blocks.language_of(element)
            kept = code_blocks.fence_code(code, language) if wanted.is_marked else code
            if code:
                standins.replace(element, kept)
        elif element.tag == "table" and tables.is_of_data(element):
            grid = tables.grid_of(
                element,
                links=wanted.links and wanted.is_marked,
                images=wanted.images and wanted.is_marked,
            )
            as_markdown = wanted.is_marked and wanted.tables
            rows = (tables.markdown if as_markdown else tables.lines)(grid) if grid else ""
            if rows:
                standins.replace(element, tables.caption_of(element) + rows)


def _keep_numbers(tree: Any, standins: StandIns) -> None:
    """Lists that do not count from one."""
    for items in tree.iter("ol"):
        inside = [child for child in items if child.tag == "li"]
        if not any(name in items.attrib for name in ("start", "reversed")) and not any(
            "value" in item.attrib for item in inside
        ):
            continue
        is_down = "reversed" in items.attrib
        number = _whole_number(items.get("start"), len(inside) if is_down else 1)
        for item in inside:
            number = _whole_number(item.get("value"), number)
            standins.number(item, number)
            number += -1 if is_down else 1


def _whole_number(value: str | None, default: int) -> int:
    return int(value) if value and re.fullmatch(r"-?\d{1,9}", value.strip()) else default


def _list_addresses(
    tree: Any, tag: str, attribute: str, base: str, most: int
) -> tuple[tuple[str, str], ...]:
    """Each address once, by what it is first called."""
    names: dict[str, str] = {}
    for element in tree.iter(tag):
        link = (element.get(attribute) or "").strip()
        if not link or link.startswith(("#", "data:", "javascript:")):
            continue
        name = element.get("alt") or " ".join(element.text_content().split())
        address = join_address(base, link)
        if address.startswith(("http://", "https://")) and not names.get(address):
            names[address] = name[:200]
        if len(names) == most:
            break
    return tuple((name, address) for address, name in names.items())


def _as_wanted(text: str, wanted: Wanted) -> str:
    if not wanted.data_images:
        text = _DATA_IMAGE.sub("", text)
    if wanted.tables and wanted.is_marked:
        return text
    return _TABLE_ROW.sub(_line_of_cells, text)


def _line_of_cells(row: re.Match[str]) -> str:
    cells = [cell.strip() for cell in row[1].split("|")]
    return "" if all(not cell.strip("-: ") for cell in cells) else " · ".join(cells)
