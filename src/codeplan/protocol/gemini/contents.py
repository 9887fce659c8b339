"""A call's contents as the common form's messages.

Calls of functions may come without ids, and their responses too: such a call gets a number, and a
response belongs to the earliest call of its name that has none yet.
"""

import base64
import binascii
from collections import deque
from typing import Any

from codeplan.protocol import fields, inner
from codeplan.protocol.gemini import signature
from codeplan.protocol.gemini.spelling import field, names_of
from codeplan.protocol.outline import Malformed

Shown = inner.Text | inner.Image | inner.Video | inner.Document
# Parts that only Google's own tools and models make.
_FOREIGN = ("executableCode", "codeExecutionResult", "toolCall", "toolResponse")


class Conversation:
    """Reads contents in their order. ``open``: the calls without a response, each its id by its
    number; of each id and of each name the numbers in order, so that each response is one look-up.
    """

    def __init__(self) -> None:
        self._open: dict[int, str] = {}
        self._by_id: dict[str, deque[int]] = {}
        self._by_name: dict[str, deque[int]] = {}
        self._read, self._made = 0, 0

    def message(self, content: dict[str, Any], place: str) -> inner.Message:
        role = content.get("role") or "user"
        if role not in ("user", "model", "function"):
            raise Malformed(f"{place}.role: expected user or model")
        parts: list[inner.Part] = []
        thought = ""  # as it was shown, until the signature behind it brings it whole
        for index, item in enumerate(fields.items(content.get("parts") or [], f"{place}.parts")):
            where = f"{place}.parts[{index}]"
            part = fields.table(item, where)
            if part.get("thought") is True:
                thought += fields.text(part.get("text") or "", f"{where}.text")
                continue
            thinking = signature.read(field(part, "thoughtSignature"))
            if thinking is not None or thought:
                parts.append(thinking or inner.Thinking(thought))
                thought = ""
            parts += self._part(part, where)
        if thought:
            parts.append(inner.Thinking(thought))
        return inner.Message("assistant" if role == "model" else "user", tuple(parts))

    def _part(self, part: dict[str, Any], place: str) -> list[inner.Part]:
        if field(part, "functionCall") is not None:
            return [self._call(field(part, "functionCall"), f"{place}.functionCall")]
        if field(part, "functionResponse") is not None:
            given = fields.table(field(part, "functionResponse"), f"{place}.functionResponse")
            return [self._result(given, f"{place}.functionResponse")]
        return list(shown(part, place))

    def _call(self, value: Any, place: str) -> inner.ToolCall:
        call = fields.table(value, place)
        name = fields.text(call.get("name"), f"{place}.name")
        arguments = fields.table(call.get("args") or {}, f"{place}.args")
        identity = fields.text(call.get("id") or "", f"{place}.id")
        if not identity:
            self._made += 1
            identity = f"call_{self._made}"
        self._read += 1
        self._open[self._read] = identity
        self._by_id.setdefault(identity, deque()).append(self._read)
        self._by_name.setdefault(name, deque()).append(self._read)
        return inner.ToolCall(identity, name, fields.to_json(arguments))

    def _result(self, given: dict[str, Any], place: str) -> inner.ToolResult:
        name = fields.text(given.get("name") or "", f"{place}.name")
        identity = fields.text(given.get("id") or "", f"{place}.id")
        call_id = self._answered(identity, name)
        if call_id is None:
            raise Malformed(f"{place}: no functionCall of {name!r} before it waits for a response")
        text, is_error = _said(given.get("response"))
        parts: list[Shown] = [inner.Text(text)] if text else []
        for index, item in enumerate(fields.items(given.get("parts") or [], f"{place}.parts")):
            where = f"{place}.parts[{index}]"
            parts += shown(fields.table(item, where), where)
        return inner.ToolResult(call_id, tuple(parts), is_error)

    def _answered(self, identity: str, name: str) -> str | None:
        """Take the call that a response answers: by its id, else the first of its name."""
        for waiting in (self._by_id.get(identity), self._by_name.get(name)):
            while waiting:
                # What was answered by its id is still in the row of its name.
                call_id = self._open.pop(waiting.popleft(), None)
                if call_id is not None:
                    return call_id
        return None


def _said(response: Any) -> tuple[str, bool]:
    """A response's text, and whether it tells of a failure. Google's documentation asks for
    ``output`` or ``error``; its SDK for Python writes ``result``."""
    match response:
        case None:
            return "", False
        case {"error": str(text)} if len(response) == 1:
            return text, True
        case {"output": str(text)} | {"result": str(text)} if len(response) == 1:
            return text, False
        case {"error": _}:
            return fields.to_json(response), True
    return fields.to_json(response), False


def shown(part: dict[str, Any], place: str) -> list[Shown]:
    """What a part shows or says: text, or a file inside it or by its link."""
    if isinstance(part.get("text"), str):
        return [inner.Text(part["text"])] if part["text"] else []
    if field(part, "inlineData") is not None:
        return [_inline(fields.table(field(part, "inlineData"), place), f"{place}.inlineData")]
    if field(part, "fileData") is not None:
        return [_linked(fields.table(field(part, "fileData"), place), f"{place}.fileData")]
    for name in names_of(part, _FOREIGN):
        raise Malformed(f"{place}.{name}: no upstream of this service can read it")
    if part.get("text") is not None:
        raise Malformed(f"{place}.text: expected a string")
    return []


def _inline(data: dict[str, Any], place: str) -> Shown:
    kind = fields.text(field(data, "mimeType"), f"{place}.mimeType")
    content = fields.text(data.get("data"), f"{place}.data")
    name = fields.text(field(data, "displayName") or "", f"{place}.displayName")
    if kind.startswith("text/"):
        return inner.Text(_decoded(content, place))
    return _file(kind, name, place, data=content.translate(str.maketrans("-_", "+/")))


def _linked(data: dict[str, Any], place: str) -> Shown:
    kind = fields.text(field(data, "mimeType") or "", f"{place}.mimeType")
    link = fields.text(field(data, "fileUri"), f"{place}.fileUri")
    if not link.startswith(("https://", "http://")) or "/v1beta/files/" in link:
        raise Malformed(
            f"{place}.fileUri: files are not kept here; send the data, or a public link"
        )
    return _file(kind, "", place, url=link)


def _file(kind: str, name: str, place: str, data: str = "", url: str = "") -> Shown:
    if kind.startswith("image/"):
        return inner.Image(kind, data, url)
    if kind.startswith("video/"):
        return inner.Video(kind, data, url)
    if kind == "application/pdf":
        return inner.Document(name, kind, data, url)
    raise Malformed(f"{place}.mimeType: this model's upstream cannot read {kind!r}")


def _decoded(content: str, place: str) -> str:
    try:
        return base64.b64decode(content.translate(str.maketrans("-_", "+/"))).decode()
    except (binascii.Error, ValueError):
        raise Malformed(f"{place}.data: expected base64 of UTF-8 text") from None
