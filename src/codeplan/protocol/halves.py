"""Characters that a server cut in half, between two pieces of its answer.

Such a half is a lone surrogate where it was written as ``\\ud83d``, and bytes that are no UTF-8
where the server cut its bytes (decoded with ``surrogateescape``).
"""

import codecs
import re

from codeplan.protocol import inner

_REPLACEMENT = "\ufffd"
_ANY = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_RAW_BYTES = re.compile("[\udc80-\udcff]+")


class Halves:
    """Joins the halves of each channel: an answer's text, its thinking, each call's arguments."""

    def __init__(self) -> None:
        self._kept: dict[str | int, str] = {}

    def join(self, event: inner.Event) -> inner.Event:
        """The event with the half that was kept before it; half a character at its end is kept."""
        match event:
            case inner.TextDelta(text):
                if not self._kept and text.isascii():
                    return event
                made = self._join("text", text)
                return event if made is text else inner.TextDelta(made)
            case inner.ThinkingDelta(text):
                made = self._join("thinking", text)
                return event if made is text else inner.ThinkingDelta(made)
            case inner.ToolCallDelta(index, arguments):
                made = self._join(index, arguments)
                return event if made is arguments else inner.ToolCallDelta(index, made)
            case _:
                return event

    def rest(self) -> list[inner.Event]:
        """Of each channel that ends with half a character: a mark in its place."""
        channels, self._kept = list(self._kept), {}
        return [_replaced(channel) for channel in channels]

    def _join(self, channel: str | int, text: str) -> str:
        if not self._kept and (text.isascii() or not _ANY.search(text)):
            return text
        made, rest = _parted(self._kept.pop(channel, "") + text)
        if rest:
            self._kept[channel] = rest
        return made


def _replaced(channel: str | int) -> inner.Event:
    if isinstance(channel, int):
        return inner.ToolCallDelta(channel, _REPLACEMENT)
    return (inner.TextDelta if channel == "text" else inner.ThinkingDelta)(_REPLACEMENT)


def _parted(text: str) -> tuple[str, str]:
    """Whole characters, and the half that may go on in the next piece."""
    text = _PAIR.sub(lambda pair: _one(pair.group()), text)
    if text and "\ud800" <= text[-1] <= "\udbff":
        return _whole(text[:-1]), text[-1]
    bytes_at_end = re.search("[\udc80-\udcff]+$", text)
    if bytes_at_end is None:
        return _whole(text), ""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoded = decoder.decode(bytes_at_end.group().encode("utf-8", "surrogateescape"))
    rest, _ = decoder.getstate()
    return _whole(text[: bytes_at_end.start()]) + decoded, rest.decode("utf-8", "surrogateescape")


def joined(text: str) -> str:
    """A whole text with the halves in it joined."""
    if text.isascii() or not _ANY.search(text):
        return text
    return _whole(_PAIR.sub(lambda pair: _one(pair.group()), text))


def _one(pair: str) -> str:
    return pair.encode("utf-16", "surrogatepass").decode("utf-16")


def _whole(text: str) -> str:
    """Bytes of whole characters joined; every other half is replaced."""
    text = _RAW_BYTES.sub(
        lambda run: run.group().encode("utf-8", "surrogateescape").decode("utf-8", "replace"), text
    )
    return _ANY.sub(_REPLACEMENT, text)
