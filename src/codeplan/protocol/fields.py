"""Reading JSON with clear complaints: each function names the place that is wrong.

Two things that clients send by mistake are read as they were meant: a null is an absent field, and
half of a surrogate pair, as cutting a text in its middle leaves it, is U+FFFD.
"""

import re
from typing import Any, TypeVar

import msgspec

from codeplan.protocol.outline import Malformed

_T = TypeVar("_T")
_ANYTHING: msgspec.json.Decoder[Any] = msgspec.json.Decoder()
_HIGH = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
# One look through the text tells that there is none, where only whole emojis are escaped. It begins
# with letters alone, which is what makes it fast.
_ALONE = re.compile(
    rb"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!" + _LOW + rb")"
    rb"|(?<!" + _HIGH + rb"\\u[dD])[c-fC-F][0-9a-fA-F]{2})"
)
# Of all escapes in their order (a backslash may itself be escaped) those that are half a pair.
_HALF = re.compile(_HIGH + _LOW + b"|(" + _HIGH + b"|" + _LOW + rb")|\\.")


def read_as(decoder: msgspec.json.Decoder[_T], body: bytes) -> _T:
    """What the decoder makes of a call's body, however broken or deeply nested that is.

    A null where its type has none is read as an absent field.
    """
    body = without_halves(body)
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        if b"null" not in body:
            raise Malformed(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(str(error)) from None
    try:
        return msgspec.convert(without_nulls(_ANYTHING.decode(body)), decoder.type)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(str(error)) from None


def whole_body(body: bytes, free: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The JSON object that a call's body is, without nulls.

    ``free``: the fields whose JSON is the caller's own, such as schemas, and stays as it came.
    """
    value = table(read_as(_ANYTHING, body), "body")
    if b"null" not in body:
        return value
    try:
        return table(without_nulls(value, free), "body")
    except RecursionError:
        raise Malformed("body: nested too deeply") from None


def without_nulls(value: Any, free: frozenset[str] = frozenset()) -> Any:
    """The value itself, from whose objects those members are gone that are null, however deep."""
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict | list):
                without_nulls(item, free)
    elif isinstance(value, dict):
        for name in [name for name, member in value.items() if member is None]:
            del value[name]
        for name, member in value.items():
            if isinstance(member, dict | list) and name not in free:
                without_nulls(member, free)
    return value


def without_halves(body: bytes) -> bytes:
    """The JSON text with U+FFFD for each escaped half of a surrogate pair."""
    if b"\\ud" not in body and b"\\uD" not in body:
        return body
    if _ALONE.search(body) is None:
        return body
    return _HALF.sub(lambda escape: b"\\ufffd" if escape[1] else escape[0], body)


def text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise Malformed(f"{place}: expected a string")
    return value


def items(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise Malformed(f"{place}: expected a list")
    return value


def table(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed(f"{place}: expected an object")
    return value


def whole(value: Any, place: str) -> int | None:
    """A whole number, or None where the field is absent or null."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise Malformed(f"{place}: expected a whole number")
    return value


def number(value: Any, place: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Malformed(f"{place}: expected a number")
    return float(value)


def flag(value: Any, place: str) -> bool | None:
    """True or false, or None where the field is absent or null."""
    if value is not None and not isinstance(value, bool):
        raise Malformed(f"{place}: expected true or false")
    return value


def texts(value: Any, place: str) -> tuple[str, ...]:
    """One string or a list of them."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    return tuple(text(item, place) for item in items(value, place))


def to_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def whole_number(value: Any) -> int | None:
    """A number above nothing; None for whatever else was sent, which is the upstream's to judge."""
    return value if type(value) is int and value > 0 else None
