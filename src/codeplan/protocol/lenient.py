"""Reading what servers send for JSON: odd values become plain ones, what is no JSON is passed over.
Raises nothing, since what an upstream sent may have been delivered already."""

import json
from typing import Any

import msgspec

_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder()
# Takes NaN, control characters in strings and halves of surrogate pairs, as some servers write.
_TOLERANT = json.JSONDecoder(strict=False)
_UNREADABLE = (ValueError, RecursionError)  # msgspec's and json's errors are ValueErrors
# How deep a text may lie in lists and objects: parts of parts.
_DEEPEST = 8
_TEXT_KEYS = ("text", "thinking", "content", "summary", "value", "refusal", "transcript")


def objects(data: bytes) -> list[dict[str, Any]]:
    """The JSON objects in these bytes: mostly one, or none where they are something else.

    Characters that are cut in half stand in the texts as surrogates; `Halves` joins them.
    """
    try:
        value = _DECODER.decode(data)
    except _UNREADABLE:
        return _several(data.decode("utf-8", "surrogateescape"))
    return [value] if isinstance(value, dict) else tables(value)


def _several(written: str) -> list[dict[str, Any]]:
    """One value behind the other, up to what is none. Some servers leave out the blank lines
    between events, or write the field's name twice."""
    read: list[dict[str, Any]] = []
    rest = written.lstrip("\ufeff \t\r\n")
    while rest:
        rest = rest.removeprefix("data:").lstrip()
        try:
            value, end = _TOLERANT.raw_decode(rest)
        except _UNREADABLE:
            break
        read += [value] if isinstance(value, dict) else tables(value)
        rest = rest[end:].lstrip()
    return read


def table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def tables(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; one that stands alone is a list of one."""
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        return []
    if len(value) == 1 and isinstance(value[0], dict):
        return value  # the frequent one
    return [item for item in value if isinstance(item, dict)]


def place(value: Any) -> int | None:
    """An index; None where it is absent, null or no number."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def count(value: Any) -> int:
    """A number of tokens: 0 for whatever is none."""
    if isinstance(value, str):
        value = int(value) if value.isdecimal() and len(value) < 19 else 0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e18:
        return 0
    return int(value)


def text(value: Any, depth: int = 0) -> str:
    """The text in a value: a string, an object that has one, or a list of such."""
    if isinstance(value, str):
        return value
    if depth == _DEEPEST:
        return ""
    if isinstance(value, list):
        return "".join(text(item, depth + 1) for item in value)
    if isinstance(value, dict):
        return next((text(value[key], depth + 1) for key in _TEXT_KEYS if value.get(key)), "")
    return ""


def word(value: Any) -> str:
    """A name or an id: "" where there is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).encode("utf-8", "replace").decode()


def arguments(value: Any) -> str:
    """A call's arguments as text, also where the server sent the JSON itself."""
    if value is None or isinstance(value, str):
        return value or ""
    return to_json(value)


def to_json(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except (ValueError, OverflowError):  # half a character; a number beyond 64 bits
        return json.dumps(value, separators=(",", ":"))
