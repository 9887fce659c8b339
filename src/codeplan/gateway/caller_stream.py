"""The caller's stream: begun by the first content, or by a sign of life where an upstream is silent
for long, and kept alive until its end, so that no proxy between takes it for dead."""

import asyncio

from codeplan.gateway.caller import Caller, Headers
from codeplan.gateway.formats import CallerFormat
from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.names import ProtocolName
from codeplan.protocol.signs import sign_of

_BLANK = (b"\n\n", b"\r\n\r\n", b"\r\r")
_EVENTS: Headers = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)
# A caller that once took nothing for so long has had its upstream kept waiting: whatever becomes of
# the answer then is the caller's doing, as servers end what nobody takes.
STALL_SECONDS = 10.0
# Where a stream is one JSON array.
_ARRAY: Headers = ((b"content-type", b"application/json"), *_EVENTS[1:])


class CallerStream:
    """``headers``: beside those of every stream. ``events``: it is an event stream, into which a
    sign fits between two events only. ``every_seconds``: of silence. ``patience_seconds``: a caller
    that takes nothing for so long is taken to have left. ``stalled``: it kept its upstream waiting.
    """

    def __init__(
        self,
        caller: Caller,
        protocol: ProtocolName,
        headers: Headers,
        events: bool,
        every_seconds: float,
        patience_seconds: float,
    ) -> None:
        self._caller, self._protocol, self._events = caller, protocol, events
        self._headers = (*(_EVENTS if events else _ARRAY), *headers)
        self._every_seconds, self._patience_seconds = every_seconds, patience_seconds
        self._loop = asyncio.get_running_loop()
        self._said_at = self._loop.time()
        self._begun, self._between = False, True
        # One timer a call, set anew only after a silence: a piece costs none.
        self._timer = self._loop.call_later(every_seconds, self._look)
        self._stall_seconds = min(STALL_SECONDS, patience_seconds / 2)
        self.opened = self.stalled = False

    async def write(self, data: bytes) -> None:
        """Send a piece of the answer, and wait while the caller does not keep up."""
        if data:
            self._say(data)
            self._begun = True
            self._between = not self._events or data.endswith(_BLANK)
            if self._caller.behind:
                await self._wait_for_caller()

    async def _wait_for_caller(self) -> None:
        began = self._loop.time()
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self._caller.flush()
        except TimeoutError:
            self._caller.drop()
        if self._loop.time() - began >= self._stall_seconds:
            self.stalled = True

    def end(self, data: bytes) -> None:
        """Send the last piece and end the stream."""
        self.stop()
        self._open()
        self._caller.end_stream(data)

    def stop(self) -> None:
        """No sign of life leaves any more."""
        self._timer.cancel()

    def _open(self) -> None:
        if not self.opened:
            self.opened = True
            self._caller.start_stream(200, self._headers)

    def _say(self, data: bytes) -> None:
        self._open()
        self._said_at = self._loop.time()
        self._caller.say(data)

    def _look(self) -> None:
        if self._caller.gone:
            return
        due_at = self._said_at + self._every_seconds
        if self._between and self._loop.time() >= due_at:
            self._say(sign_of(self._protocol, self._events, self._begun))
            due_at = self._said_at + self._every_seconds
        self._timer = self._loop.call_at(max(due_at, self._loop.time() + 0.05), self._look)


def end_in_stream(
    caller: Caller, format_: CallerFormat, request_id: str, headers: Headers, failed: inner.Failed
) -> None:
    """Answer with a stream that is nothing but an error."""
    caller.start_stream(200, (*_EVENTS, *headers))
    caller.end_stream(format_.writer(Answering(request_id, "", 0)).write(failed))
