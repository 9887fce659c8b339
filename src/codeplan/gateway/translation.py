"""What becomes of a call's body on its way to an upstream, and of the answer on its way back.

The same format on both sides: the bytes pass, and what they say is read beside them. Different
formats: events are translated one by one, as they come.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import msgspec

from codeplan.gateway.formats import CallerFormat
from codeplan.protocol import inner, splice, tool_names
from codeplan.protocol.answering import Answering
from codeplan.protocol.openai_chat.stream import is_usage_only
from codeplan.protocol.outline import Outline
from codeplan.protocol.sse import EventSplitter, ServerEvent, parse_event
from codeplan.routing import tiny
from codeplan.routing.formats import UPSTREAM_FORMATS, UpstreamFormat
from codeplan.upstream.base import Upstream

_INCLUDE_USAGE = b'{"include_usage":true}'
# What reading JSON of an unexpected shape raises: a number where a list should be, and the like.
_SHAPELESS = (AttributeError, IndexError, KeyError, TypeError, ValueError)
_UNREADABLE = inner.unreadable("the upstream's answer has a shape that its protocol does not know")
Change = Callable[[inner.Event], inner.Event]


def _unchanged(event: inner.Event) -> inner.Event:
    return event


class Plan(msgspec.Struct, frozen=True):
    """How one call is carried to one upstream. ``passes``: byte for byte. ``drops_usage``: the
    usage chunk was asked for by us alone."""

    caller: CallerFormat
    upstream: UpstreamFormat
    body: bytes
    passes: bool
    drops_usage: bool = False
    change: Change = _unchanged


def plan_body(
    caller: CallerFormat, outline: Outline, body: bytes, upstream: Upstream, upstream_model: str
) -> Plan:
    """The body for that upstream. Raises Malformed where its format cannot carry the call."""
    target = UPSTREAM_FORMATS[upstream.settings.protocol]
    if target.name == caller.name and not upstream.tiny:
        carried = target.rename_model(body, upstream_model)
        drops_usage = outline.stream and not outline.asks_usage
        if drops_usage:
            carried = splice.replace_value(carried, "stream_options", _INCLUDE_USAGE)
        return Plan(caller, target, carried, passes=True, drops_usage=drops_usage)
    # A format may say in its address whether it streams, and the outline knows.
    request = replace(caller.decode_request(body), stream=outline.stream)
    names = tool_names.originals(request.tools)
    change: Change = partial(tool_names.restored, names=names) if names else _unchanged
    if upstream.tiny:
        asked = request.max_tokens
        request = tiny.shorten(request)

        def change(event: inner.Event) -> inner.Event:
            return tiny.ended(event, asked)

    dialect = upstream.settings.dialect_of(upstream_model)
    encoded = target.encode_request(request, upstream_model, dialect)
    return Plan(caller, target, encoded, passes=False, change=change)


class StreamCarrier:
    """Carries a streamed answer. What `feed` returns may go out at once; what must wait for the
    settlement, the answer's end, is in ``tail``."""

    def __init__(self, plan: Plan, answering: Answering) -> None:
        self._plan = plan
        self._reader = plan.upstream.reader()
        self._writer = plan.caller.writer(answering)
        self._splitter = EventSplitter()
        self.progress = inner.Progress()
        self.tail = b""

    def feed(self, data: bytes) -> bytes:
        pieces = []
        for event in self._splitter.feed(data):
            pieces.append(self._carry(event))
            if self.progress.failure is not None:
                break  # what comes behind an error is no answer
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def end(self) -> bytes:
        """The upstream's body has ended: what may still go out, and the rest into ``tail``.

        An answer whose finish was told is whole, also where the last mark is missing.
        """
        rest = self._splitter.rest
        out = self._carry(parse_event(rest)) if rest.strip() else b""
        if self.progress.finish is not None and not self.progress.ended:
            self.progress.ended = True
            if not self._plan.passes:
                self.tail += self._writer.write(inner.Ended())
        return out

    def _carry(self, event: ServerEvent) -> bytes:
        try:
            known = self._reader.read(event)
            if self._plan.passes:
                piece = b"" if self._plan.drops_usage and is_usage_only(event) else event.raw
            else:
                piece = self._translate(known)
        except _SHAPELESS:
            known, piece = [_UNREADABLE], b""
        for item in known:
            self.progress.note(item)
        failure = self.progress.failure
        if failure is not None and failure.unreadable:
            # Nothing that a client could read: it is told in its own protocol.
            return self._writer.write(failure)
        if not self.progress.ended:
            return piece
        self.tail += piece
        return b""

    def failure(self, failure: inner.Failed) -> bytes:
        """An error in the middle of the stream, as the caller's format writes it."""
        return self._writer.write(failure)

    def _translate(self, events: list[inner.Event]) -> bytes:
        return b"".join(self._writer.write(self._plan.change(event)) for event in events)


class WholeCarrier:
    """Carries an answer that is not streamed."""

    def __init__(self, plan: Plan, answering: Answering) -> None:
        self._plan, self._answering = plan, answering
        self.progress = inner.Progress()

    def carry(self, body: bytes) -> bytes:
        try:
            events = self._plan.upstream.decode_answer(body)
            if self._plan.passes or isinstance(events[0], inner.Failed):
                out = body
            else:
                changed = [self._plan.change(event) for event in events]
                out = self._plan.caller.encode_answer(changed, self._answering)
        except _SHAPELESS:
            events, out = [_UNREADABLE], b""
        for event in events:
            self.progress.note(event)
        return out
