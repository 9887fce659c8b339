"""What a body is, by how it begins and not by what its sender calls it (after the WHATWG's MIME
Sniffing). Opens nothing."""

import re
from enum import Enum

_MARGIN = 1024
# What no text has; ESC is left out, since ISO-2022-JP has it.
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
# How files begin that are no text. Where it stands, if not in the beginning.
_MAGIC: tuple[tuple[bytes, int, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", 0, "a picture (image/png)"),
    (b"\xff\xd8\xff", 0, "a picture (image/jpeg)"),
    (b"GIF87a", 0, "a picture (image/gif)"),
    (b"GIF89a", 0, "a picture (image/gif)"),
    (b"WEBPVP", 8, "a picture (image/webp)"),
    (b"ftypavif", 4, "a picture (image/avif)"),
    (b"ftyphei", 4, "a picture (image/heic)"),
    (b"ftyp", 4, "a film or a recording (video/mp4)"),
    (b"\x1aE\xdf\xa3", 0, "a film or a recording (video/webm)"),
    (b"OggS\x00", 0, "a recording (audio/ogg)"),
    (b"ID3", 0, "a recording (audio/mpeg)"),
    (b"WAVE", 8, "a recording (audio/wav)"),
    (b"PK\x03\x04", 0, "an archive or an office document (application/zip)"),
    (b"\x1f\x8b\x08", 0, "an archive (application/gzip)"),
    (b"Rar!\x1a\x07", 0, "an archive (application/x-rar)"),
    (b"7z\xbc\xaf\x27\x1c", 0, "an archive (application/x-7z-compressed)"),
    (b"\xd0\xcf\x11\xe0", 0, "an office document of an older kind"),
    (b"\x7fELF", 0, "a program"),
    (b"wOFF", 0, "a font (font/woff)"),
    (b"wOF2", 0, "a font (font/woff2)"),
)
# How a page begins (mimesniff, "rules for identifying an unknown MIME type"), after white space and
# a byte order mark.
_TAG = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--|<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a"
    r"|style|title|b|body|br|p|meta|frameset)[\s>/])",
    re.IGNORECASE,
)
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
# Under these a sender means no page even where it could be one: sources and data are shown as such.
_SOURCES = re.compile(r"text/(?!html)(?!plain$)|.*(?:json|javascript|ecmascript|yaml|toml)$")


class Form(Enum):
    """How a text is to be read."""

    PAGE = "page"
    TEXT = "text"


def is_pdf(body: bytes, media_type: str = "") -> bool:
    """Blanks may stand before its first line; where it is called a PDF, anything, as readers of
    PDFs allow."""
    place = body.find(b"%PDF-", 0, _MARGIN)
    is_called_so = media_type in ("application/pdf", "application/x-pdf")
    return place >= 0 and (is_called_so or not body[:place].strip(b"\0\t\n\r\x0c \xef\xbb\xbf"))


def foreign_kind(body: bytes) -> str:
    """What it is, where it is known to be no text: "a picture (image/png)"; else ""."""
    for magic, place, name in _MAGIC:
        if body.startswith(magic, place):
            return name
    return ""


def looks_plain(body: bytes) -> bool:
    """Whether it can be what it is as it came: a text of some charset, or a PDF."""
    return is_pdf(body) or not (foreign_kind(body) or _BINARY.search(body, 0, _MARGIN))


def form_of(text: str, media_type: str) -> Form:
    """``media_type``: as the sender calls it; "" where it does not."""
    begins = _TAG.match(text[:_MARGIN].lstrip("\ufeff"))
    if media_type in _HTML_TYPES:
        # Many send all texts as pages.
        return Form.PAGE if begins or re.search(r"<[a-z!]", text, re.IGNORECASE) else Form.TEXT
    if _SOURCES.match(media_type) or media_type == "text/plain":
        return Form.TEXT
    return Form.PAGE if begins else Form.TEXT
