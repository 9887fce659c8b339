"""From what was fetched to text: the main part of a page as Markdown or plain text, a PDF's
text, other text as it is."""

import asyncio
import io
import re
from dataclasses import replace

from codeplan.fetching.fetcher import Fetched, NotFetched
from codeplan.fetching.pages import ReadPage, Wanted, read_html

_MOST_PAGES = 200
_MOST_TEXT = 400_000
# Where a page says how it is written, and how far into it that may stand.
_CHARSET = re.compile(rb"<meta[^>]{1,200}charset=[\"']?([\w-]{1,40})", re.IGNORECASE)
_HEAD = 4096
_PAGES = ("text/html", "application/xhtml+xml")


async def read_page(found: Fetched, wanted: Wanted) -> ReadPage:
    """Beside the loop. Raises NotFetched."""
    return await asyncio.to_thread(_read, found, wanted)


def _read(found: Fetched, wanted: Wanted) -> ReadPage:
    if found.media_type == "application/pdf" or found.body[:5] == b"%PDF-":
        return ReadPage(found.url, "", "", _pdf(found.body)[:_MOST_TEXT])
    if found.media_type in _PAGES or (not found.media_type and b"<" in found.body[:1000]):
        page = read_html(_decoded(found), found.url, wanted)
        return replace(page, text=page.text[:_MOST_TEXT])
    if found.media_type.startswith("text/") or found.media_type.endswith(("json", "xml")):
        return ReadPage(found.url, "", "", _decoded(found)[:_MOST_TEXT])
    raise NotFetched(
        f"it is {found.media_type or 'of no known kind'}, which cannot be read as text"
    )


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
    """By what the answer says, what the page says of itself, or UTF-8."""
    named = _CHARSET.search(found.body[:_HEAD])
    of_page = named[1].decode("ascii", "replace") if named else ""
    for charset in (found.charset, of_page, "utf-8"):
        try:
            return found.body.decode(charset or "utf-8")
        except (LookupError, UnicodeDecodeError):
            continue
    return found.body.decode("utf-8", "replace")
