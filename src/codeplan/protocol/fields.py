"""Reading decoded JSON with clear complaints: each function names the place that is wrong."""

from typing import Any

import msgspec

from codeplan.protocol.outline import Malformed


def whole_body(body: bytes) -> dict[str, Any]:
    """The JSON object that a call's body is."""
    try:
        return table(msgspec.json.decode(body), "body")
    except msgspec.DecodeError as error:
        raise Malformed(str(error)) from None


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
