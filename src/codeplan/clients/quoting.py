"""What a client's own errand quotes: a title call carries the text that it finds a title for,
alone, on lines of its own, behind a name, between marks or quotation marks. Pure, and linear in
what it reads: anybody may send anything.
"""

import re
from collections.abc import Iterator

from codeplan.protocol.outline import Outline

# What is looked at of a call, from its newest text back: an errand is short.
_MOST_CHARACTERS = 40_000
_MOST_QUOTES = 400
_NAME = re.compile(r"[ \t]*(?:[-*>#]+[ \t]*)?[\w ./()]{1,30}[:：][ \t]*(?=\S)")
_OPENING = re.compile(r"<([A-Za-z][\w-]{0,60})>")
_BLANK = re.compile(r"\n[ \t]*\n")
_AROUND = " \t\r\n\"'`“”‘’«»「」"


def quotes_in(outline: Outline) -> list[str]:
    """The texts that one of the call's own texts may quote, themselves first, each once."""
    quotes: dict[str, None] = {}
    left = _MOST_CHARACTERS
    for message in reversed(outline.said):
        for text in message.texts:
            looked_at = text[:left]
            left -= len(looked_at)
            for quote in _parts(looked_at):
                quotes.setdefault(quote)
                if len(quotes) >= _MOST_QUOTES:
                    return list(quotes)
            if left <= 0:
                return list(quotes)
    return list(quotes)


def _parts(text: str) -> Iterator[str]:
    yield text
    lines = text.split("\n")
    for piece in (text, *_between_marks(text), *_BLANK.split(text)):
        yield from _bare(piece)
    for piece in ("\n".join(lines[1:]), "\n".join(lines[:-1]), *lines):
        yield from _bare(piece)


def _between_marks(text: str) -> Iterator[str]:
    """What stands between ``<name>`` and the next ``</name>``; each name is looked for once."""
    seen: set[str] = set()
    for opening in _OPENING.finditer(text):
        if opening[1] in seen:
            continue
        seen.add(opening[1])
        end = text.find(f"</{opening[1]}>", opening.end())
        if end >= 0:
            yield text[opening.end() : end]


def _bare(piece: str) -> Iterator[str]:
    """The piece, and what of it stands behind a name, without blanks and quotation marks."""
    name = _NAME.match(piece)
    for part in (piece, piece[name.end() :] if name else ""):
        bare = part.strip()
        if bare:
            yield bare
            yield bare.strip(_AROUND)
