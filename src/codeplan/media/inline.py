"""Bytes that stand in a text: base64 as programs write it, and data: links (RFC 2397)."""

import binascii
import re
from urllib.parse import unquote_to_bytes

from codeplan.media.kinds import Because, MediaInvalid

_URL_SAFE = str.maketrans("-_", "+/")
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")


def is_data_link(link: str) -> bool:
    return link[:5].lower() == "data:"


def bytes_of(text: str) -> bytes:
    """Base64 of either alphabet (RFC 4648), with line breaks and blanks in it or none, with its
    padding or without, escaped for an address or not. Raises MediaInvalid."""
    if "%" in text:
        text = _ESCAPED.sub(lambda escaped: chr(int(escaped[1], 16)), text)
    letters = "".join(text.split()).translate(_URL_SAFE).rstrip("=")
    try:
        return binascii.a2b_base64(letters + "=" * (-len(letters) % 4), strict_mode=True)
    except ValueError:
        raise MediaInvalid("its base64 is damaged", Because.DAMAGED) from None


def bytes_of_data_link(link: str) -> bytes:
    """Whatever parameters it has. Raises MediaInvalid."""
    head, comma, data = link[5:].partition(",")
    if not comma:
        raise MediaInvalid("the data: link has no comma, and so no data", Because.DAMAGED)
    parameters = {one.strip().lower() for one in head.split(";")[1:]}
    if "base64" in parameters:
        return bytes_of(data)
    return unquote_to_bytes(data.encode(errors="replace"))
