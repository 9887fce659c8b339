"""What a client's own errand quotes: a title call carries the text that it finds a title for,
alone, on lines of its own, behind a name, between marks or quotation marks. Pure."""

import re
from collections.abc import Iterator

from codeplan.protocol.outline import Outline

# Texts that are looked at, and how long one may be: an errand is short beside a conversation.
_MOST_TEXTS, _MOST_CHARACTERS = 40, 20_000
_MOST_QUOTES = 400
_NAMED = re.compile(r"^[ \t]*(?:[-*>#]+[ \t]*)?[\w ./()]{1,30}:[ \t]*(?P<text>\S.*)$", re.DOTALL)
_MARKED = re.compile(r"<([A-Za-z][\w-]*)>(.*?)</\1>", re.DOTALL)
_BLANK = re.compile(r"\n[ \t]*\n")
_AROUND = " \t\r\n\"'`“”‘’«»「」"


def quotes_in(outline: Outline) -> list[str]:
    """The texts that one of the call's own texts may quote, themselves first, each once."""
    quotes: dict[str, None] = {}
    for message in outline.said[-_MOST_TEXTS:]:
        for text in message.texts:
            for quote in _parts(text[:_MOST_CHARACTERS]):
                quotes.setdefault(quote)
                if len(quotes) >= _MOST_QUOTES:
                    return list(quotes)
    return list(quotes)


def _parts(text: str) -> Iterator[str]:
    yield text
    pieces = [text, *(match[2] for match in _MARKED.finditer(text)), *_BLANK.split(text)]
    halves = text.split("\n")
    pieces += ["\n".join(halves[1:]), "\n".join(halves[:-1]), *halves]
    for piece in pieces:
        yield from _bare(piece)
        named = _NAMED.match(piece)
        if named:
            yield from _bare(named["text"])


def _bare(piece: str) -> Iterator[str]:
    bare = piece.strip()
    if bare:
        yield bare
        yield bare.strip(_AROUND)
