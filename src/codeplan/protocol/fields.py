"""Reading decoded JSON with clear complaints: each function names the place that is wrong."""

from typing import Any, TypeVar

import msgspec

from codeplan.protocol.outline import Malformed

_T = TypeVar("_T")
_ANYTHING: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


def read_as(decoder: msgspec.json.Decoder[_T], body: bytes) -> _T:
    """What the decoder makes of a call's body, however broken or deeply nested that is."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(str(error)) from None


def whole_body(body: bytes) -> dict[str, Any]:
    """The JSON object that a call's body is."""
    return table(read_as(_ANYTHING, body), "body")


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
