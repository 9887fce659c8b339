"""Gemini streams: written as server-sent events (``alt=sse``), or as one JSON array.

Pings are left out. Google sends none, and not each of its SDKs reads an event stream's comments.
"""

import msgspec

from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.gemini.answer import Parts, response
from codeplan.protocol.gemini.errors import status_name
from codeplan.protocol.ordering import OrderedWriter


class Writer(OrderedWriter):
    """Turns the common form's events into a stream's bytes, as they come."""

    def __init__(self, answering: Answering) -> None:
        super().__init__(answering)
        self._parts = Parts(answering)
        self._begun = False

    def _put(self, event: inner.Event) -> bytes:
        match event:
            case inner.Ended():
                whole = response(self._answering, self._parts, [], end=True)
                return self._piece(msgspec.json.encode(whole)) + self._close()
            case inner.Failed(status, message):
                error = {"code": status, "message": message, "status": status_name(status)}
                return self._piece(msgspec.json.encode({"error": error})) + self._close()
        parts = self._parts.take(event)
        if not parts:
            return b""
        return self._piece(msgspec.json.encode(response(self._answering, self._parts, parts)))

    def _piece(self, body: bytes) -> bytes:
        if self._answering.event_stream:
            return b"data: " + body + b"\r\n\r\n"
        opening = b",\r\n" if self._begun else b"["
        self._begun = True
        return opening + body

    def _close(self) -> bytes:
        return b"" if self._answering.event_stream else b"]"
