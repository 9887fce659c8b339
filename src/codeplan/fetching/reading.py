"""From what was fetched to text: the main part of a page as Markdown or plain text, a PDF's
text, other text as it is. A page of too many elements is refused before it is taken apart."""

import asyncio
import io
from dataclasses import dataclass

from codeplan.fetching.fetcher import Fetched, NotFetched

_MOST_ELEMENTS = 100_000
_MOST_PAGES = 200
_MOST_TEXT = 400_000
_PAGES = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True, slots=True)
class Wanted:
    """``form``: markdown or text. ``images``, ``links``: whether they stay in the text."""

    form: str = "markdown"
    images: bool = True
    links: bool = True


@dataclass(frozen=True, slots=True)
class ReadPage:
    url: str
    title: str
    description: str
    text: str


async def read_page(found: Fetched, wanted: Wanted) -> ReadPage:
    """Beside the loop. Raises NotFetched."""
    return await asyncio.to_thread(_read, found, wanted)


def _read(found: Fetched, wanted: Wanted) -> ReadPage:
    if found.media_type == "application/pdf" or found.body[:5] == b"%PDF-":
        return ReadPage(found.url, "", "", _pdf(found.body)[:_MOST_TEXT])
    if found.media_type in _PAGES or (not found.media_type and b"<" in found.body[:1000]):
        return _page(found, wanted)
    if found.media_type.startswith("text/") or found.media_type.endswith(("json", "xml")):
        return ReadPage(found.url, "", "", _decoded(found)[:_MOST_TEXT])
    raise NotFetched(
        f"it is {found.media_type or 'of no known kind'}, which cannot be read as text"
    )


def _page(found: Fetched, wanted: Wanted) -> ReadPage:
    # Large libraries are loaded when the first page is read, not at the start.
    import trafilatura
    from lxml import etree

    if found.body.count(b"<") > _MOST_ELEMENTS:
        raise NotFetched(f"the page has more than {_MOST_ELEMENTS} elements")
    html = _decoded(found)
    try:
        text = trafilatura.extract(
            html,
            url=found.url,
            output_format="markdown" if wanted.form == "markdown" else "txt",
            include_images=wanted.images,
            include_links=wanted.links,
            include_tables=True,
            with_metadata=False,
        )
        about = trafilatura.extract_metadata(html, default_url=found.url)
    except (etree.LxmlError, ValueError, RecursionError) as problem:
        raise NotFetched(f"the page could not be read: {problem}") from None
    title = (about.title if about else "") or ""
    description = (about.description if about else "") or ""
    if not text:
        text = trafilatura.html2txt(html)
    return ReadPage(found.url, title, description, text[:_MOST_TEXT])


def _pdf(body: bytes) -> str:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(body))
        pages = []
        length = 0
        for page in reader.pages[:_MOST_PAGES]:
            pages.append(page.extract_text())
            length += len(pages[-1])
            if length > _MOST_TEXT:
                break
        return "\n\n".join(pages)
    except (PyPdfError, ValueError, KeyError, RecursionError) as problem:
        raise NotFetched(f"the PDF could not be read: {problem}") from None


def _decoded(found: Fetched) -> str:
    for charset in (found.charset, "utf-8"):
        try:
            return found.body.decode(charset or "utf-8")
        except (LookupError, UnicodeDecodeError):
            continue
    return found.body.decode("utf-8", "replace")
