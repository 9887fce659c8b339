"""Changing one top-level value of a JSON object and leaving every other byte as it came."""

import json
import re
from collections.abc import Iterator

from codeplan.protocol.fields import without_halves

_FIRST_MODEL = re.compile(rb'\s*\{\s*"model"\s*:\s*("(?:[^"\\]|\\.)*")')
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]', re.DOTALL)


def replace_model(body: bytes, quoted: bytes) -> bytes:
    """``body`` (a valid JSON object) with its ``model`` replaced by that JSON string."""
    first = _FIRST_MODEL.match(body)
    if first and body.count(b'"model"') == 1 and b"\\u006" not in body:
        return body[: first.start(1)] + quoted + body[first.end(1) :]
    return replace_value(body, "model", quoted)


def rename_model(body: bytes, name: str) -> bytes:
    """``body`` for another name of its model, in the formats that have it in the body.

    Half of a surrogate pair is U+FFFD from here on: a server's reader of JSON may refuse it.
    """
    return replace_model(without_halves(body), json.dumps(name, ensure_ascii=False).encode())


def replace_value(body: bytes, key: str, value: bytes) -> bytes:
    """Replace every top-level value of that key; where there is none, put it first."""
    pieces = []
    copied = 0
    for start, end in _values_of(body, key):
        pieces += [body[copied:start], value]
        copied = end
    if pieces:
        return b"".join([*pieces, body[copied:]])
    brace = body.index(b"{") + 1
    comma = b"" if body[brace:].lstrip()[:1] == b"}" else b","
    return b"".join([body[:brace], b'"', key.encode(), b'":', value, comma, body[brace:]])


def _values_of(body: bytes, key: str) -> Iterator[tuple[int, int]]:
    """Where the key's top-level values stand: from behind the colon to the comma or brace."""
    depth = 0
    name: bytes | None = None
    started: int | None = None
    for match in _TOKEN.finditer(body):
        token = match[0]
        if token in (b"{", b"["):
            depth += 1
        elif token in (b"}", b"]"):
            depth -= 1
            if depth == 0 and started is not None:
                yield _trimmed(body, started, match.start())
                started = None
        elif depth != 1:
            continue
        elif token == b":":
            if name is not None and _unquoted(name) == key:
                started = match.end()
            name = None
        elif token == b",":
            if started is not None:
                yield _trimmed(body, started, match.start())
                started = None
            name = None
        else:
            name = token


def _trimmed(body: bytes, start: int, end: int) -> tuple[int, int]:
    """The bounds without the white space around the value, which stays as it came."""
    value = body[start:end]
    return end - len(value.lstrip()), start + len(value.rstrip())


def _unquoted(token: bytes) -> str:
    if b"\\" not in token:
        return token[1:-1].decode("utf-8", "replace")
    return str(json.loads(token))
