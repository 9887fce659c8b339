"""From what was fetched to text: the main part of a page as Markdown or plain text, a PDF's text,
other text as it is. A pure function of bytes, beside the loop."""

import asyncio
import re
from dataclasses import replace

from codeplan.fetching.charsets import decode_body
from codeplan.fetching.kinds import Form, foreign_kind, form_of, is_pdf
from codeplan.fetching.links import refresh_to
from codeplan.fetching.not_fetched import Kind, NotFetched, nothing_else_leaves
from codeplan.fetching.pages import ReadPage, Wanted, read_html
from codeplan.fetching.pdfs import read_pdf
from codeplan.fetching.trips import Fetched

# Under these a body is text only where it says its charset or is UTF-8: anything can be guessed of
# the bytes of a picture.
_FOREIGN = ("image/", "audio/", "video/", "font/")
# What is seen by nobody, and splits words: marks of byte order, soft hyphens, places to break.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\u00ad\u200b\u2060]")
_LINE_ENDS = re.compile(r"\r\n?")


async def read_page(fetched: Fetched, wanted: Wanted) -> ReadPage:
    """Beside the loop. Raises NotFetched."""
    return await asyncio.to_thread(read, fetched, wanted)


def read(fetched: Fetched, wanted: Wanted) -> ReadPage:
    """Raises NotFetched; also where nothing was found, and the page leads nowhere else."""
    with nothing_else_leaves("reading a page"):
        page = _read(fetched, wanted)
        page = replace(
            page,
            title=_sendable(_UNSEEN.sub("", page.title)).strip(),
            description=_sendable(_UNSEEN.sub("", page.description)).strip(),
            text=_sendable(page.text),
            links=_sendable_names(page.links),
            images=_sendable_names(page.images),
            refresh=page.refresh or refresh_to(fetched.refresh, fetched.url, fetched.url),
        )
        if not (page.text.strip() or page.refresh or page.frames):
            raise NotFetched("nothing was found on the page", Kind.EMPTY)
        return page


def _read(fetched: Fetched, wanted: Wanted) -> ReadPage:
    body, url = fetched.body, fetched.url
    if is_pdf(body, fetched.media_type):
        pdf = read_pdf(body)
        return ReadPage(url, pdf.title, "", _UNSEEN.sub("", pdf.text), cut=pdf.cut)
    if foreign := foreign_kind(body):
        raise NotFetched(f"it is {foreign}, which cannot be read as text", Kind.NOT_TEXT)
    text = _text_of(fetched)
    if form_of(text, fetched.media_type) is Form.PAGE:
        page = read_html(text, url, wanted)
        return replace(page, text=_UNSEEN.sub("", page.text).strip())
    # A source stays as it was written, but for a byte order mark that was not taken for one.
    return ReadPage(url, "", "", _LINE_ENDS.sub("\n", text.removeprefix("\ufeff")))


def _text_of(fetched: Fetched) -> str:
    """Raises NotFetched."""
    try:
        is_foreign = fetched.media_type.startswith(_FOREIGN)
        text = decode_body(fetched.body, fetched.charset, guesses=not is_foreign)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        kind = fetched.media_type or "something without a type"
        raise NotFetched(f"it is {kind}, which cannot be read as text", Kind.NOT_TEXT)
    return text


def _sendable(text: str) -> str:
    """Without halves of characters, which no UTF-8 has."""
    return text.encode("utf-8", "replace").decode()


def _sendable_names(named: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((_sendable(name), address) for name, address in named)
