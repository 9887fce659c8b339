"""What becomes of a call's body on its way to an upstream, and of the answer on its way back.

The same format on both sides: the bytes pass, and what they say is read beside them. Different
formats: events are translated one by one, as they come.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import msgspec
from msgspec import structs

from codeplan.gateway.formats import CallerFormat
from codeplan.protocol import inner, links, splice, tool_names
from codeplan.protocol.answering import Answering
from codeplan.protocol.openai_chat.stream import is_usage_only
from codeplan.protocol.outline import Malformed, Outline
from codeplan.protocol.sse import Body, EventSplitter, ServerEvent, begins_as, parse_event
from codeplan.protocol.usage import about_tokens
from codeplan.routing import tiny
from codeplan.routing.formats import UPSTREAM_FORMATS, UpstreamFormat
from codeplan.telemetry import log
from codeplan.upstream.base import Upstream

_INCLUDE_USAGE = b'{"include_usage":true}'
BROKEN_OFF = "the upstream ended in the middle of its answer"
Change = Callable[[inner.Event], inner.Event]


def _unchanged(event: inner.Event) -> inner.Event:
    return event


class Plan(msgspec.Struct, frozen=True):
    """How one call is carried to one upstream. ``passes``: byte for byte. ``drops_usage``: the
    usage chunk was asked for by us alone. ``call_ids``: of the tool calls that the conversation has
    already."""

    caller: CallerFormat
    upstream: UpstreamFormat
    body: bytes
    passes: bool
    drops_usage: bool = False
    change: Change = _unchanged
    call_ids: frozenset[str] = frozenset()


def plan_body(
    caller: CallerFormat,
    outline: Outline,
    body: bytes,
    upstream: Upstream,
    upstream_model: str,
    most_tokens: int | None = None,
) -> Plan:
    """The body for that upstream. ``most_tokens``: that the answer may have, whatever the call
    says; None for no such bound. Raises Malformed where its format cannot carry the call."""
    _must_be_harmless(body, upstream)
    target = UPSTREAM_FORMATS[upstream.settings.protocol]
    dialect = upstream.settings.dialect_of(upstream_model)
    if outline.most_tokens is not None and most_tokens is not None:
        most_tokens = most_tokens if most_tokens < outline.most_tokens else None
    if target.name == caller.name and not upstream.tiny:
        carried = target.rename_model(body, upstream_model)
        if most_tokens is not None:
            carried = target.shorten(carried, most_tokens, dialect)
        drops_usage = outline.stream and not outline.asks_usage
        if drops_usage:
            carried = splice.replace_value(carried, "stream_options", _INCLUDE_USAGE)
        return Plan(caller, target, carried, passes=True, drops_usage=drops_usage)
    # A format may say in its address whether it streams, and the outline knows.
    request = replace(caller.decode_request(body), stream=outline.stream)
    if most_tokens is not None:
        request = replace(request, max_tokens=most_tokens)
    names = tool_names.originals(request.tools)
    call_ids = _call_ids(request)
    change: Change = partial(tool_names.restored, names=names) if names else _unchanged
    if upstream.tiny:
        asked = request.max_tokens
        request = tiny.shorten(request)

        def change(event: inner.Event) -> inner.Event:
            return tiny.ended(event, asked)

    encoded = target.encode_request(request, upstream_model, dialect)
    return Plan(caller, target, encoded, passes=False, change=change, call_ids=call_ids)


def _must_be_harmless(body: bytes, upstream: Upstream) -> None:
    """An upstream fetches a link from inside of its operator's network. Raises Malformed."""
    allowed = upstream.settings.links
    if allowed == "any":
        return
    for link in links.links_in(body):
        if allowed == "refuse" or not links.is_public(link):
            raise Malformed(
                f"the content has the link {link[:100]!r}, which is not fetched here: send the file"
                " itself, as base64 or as a data: address"
            )


def _call_ids(request: inner.Request) -> frozenset[str]:
    parts = (part for message in request.messages for part in message.parts)
    return frozenset(part.id for part in parts if isinstance(part, inner.ToolCall))


class StreamCarrier:
    """Carries a streamed answer. What `feed` returns may go out at once; what must wait for the
    settlement, the answer's end, is in ``tail``.

    Bytes that pass do so whatever is made of them beside. A server that sends a whole answer
    instead of a stream is read too: its caller gets the stream that was asked for.
    """

    def __init__(self, plan: Plan, answering: Answering) -> None:
        self._plan = plan
        self._reader = plan.upstream.reader()
        self._writer = plan.caller.writer(structs.replace(answering, call_ids=plan.call_ids))
        self._splitter = EventSplitter()
        self._start = b""  # of the body, while it cannot be told what it is
        self._whole: list[bytes] | None = None  # a whole answer's body
        self._told = False  # how the body began
        self.progress = inner.Progress(about_tokens(plan.body))
        self._tail = b""
        self._owes_end = False

    @property
    def tail(self) -> bytes:
        """The answer's end. It is written when it is asked for, and nothing can be behind it: until
        then the answer may still end in a failure."""
        if self._owes_end:
            self._owes_end = False
            self._tail += self._last_bytes()
        return self._tail

    def feed(self, data: bytes) -> bytes:
        if self._whole is not None:
            self._whole.append(data)
            return b""
        if not self._told:
            data = self._start + data
            begins = begins_as(data)
            self._start, self._told = data, begins is not Body.UNKNOWN
            if not self._told:
                return b""
            if begins is Body.JSON:
                self._whole = [data]
                return b""
        pieces = []
        for event in self._splitter.feed(data):
            pieces.append(self._carry(event))
            if self.progress.failure is not None:
                break  # what comes behind an error is no answer
        self._end_answer()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def end(self) -> bytes:
        """The upstream's body has ended: what may still go out, and the rest into ``tail``.

        An answer whose finish was told is whole, also where the last mark is missing.
        """
        if self._whole is not None:
            body = b"".join(self._whole)
            return self._write(self._plan.upstream.decode_answer(body))
        rest = self._splitter.rest if self._told else self._start
        out = self._carry(parse_event(rest)) if rest.strip() else b""
        if not self.progress.ended and self.progress.failure is None:
            known = self._reader.end()
            self._note(known)
            out += b"" if self._plan.passes else self._translate(known)
        self._end_answer()
        return out

    def failure(self, failure: inner.Failed) -> bytes:
        """An error in the middle of the stream, as the caller's format writes it."""
        return self._writer.write(failure)

    def _carry(self, event: ServerEvent) -> bytes:
        over, known = self.progress.ended, self._read(event)
        self._note(known)
        if over:
            return b""  # some servers tell the usage behind the end; nothing there is of the answer
        if not self._plan.passes:
            return self._translate(known)
        if self._plan.drops_usage and is_usage_only(event):
            return b""
        if not self.progress.ended:
            return event.raw
        self._tail += event.raw
        return b""

    def _read(self, event: ServerEvent) -> list[inner.Event]:
        try:
            return self._reader.read(event)
        except Exception:
            return _unread(self._plan)

    def _note(self, events: list[inner.Event]) -> None:
        for event in events:
            if self._plan.passes or not isinstance(event, inner.OtherDelta):
                self.progress.note(event)

    def _translate(self, events: list[inner.Event]) -> bytes:
        """All but the end, which waits for the usage and the settlement."""
        change, write = self._plan.change, self._writer.write
        if len(events) == 1 and not isinstance(events[0], inner.Ended):
            return write(change(events[0]))
        return b"".join(
            [write(change(event)) for event in events if not isinstance(event, inner.Ended)]
        )

    def _write(self, events: list[inner.Event]) -> bytes:
        """A whole answer's events as a stream, also to a caller of the same protocol."""
        for event in events:
            if not isinstance(event, inner.OtherDelta):
                self.progress.note(event)
        out = self._translate(events)
        if self.progress.ended:
            self._owes_end = True
        return out

    def _end_answer(self) -> None:
        if self.progress.ended and not self._plan.passes:
            self._owes_end = True

    def _last_bytes(self) -> bytes:
        usage = inner.Reported(self.progress.complete_usage())
        return self._writer.write(usage) + self._writer.write(inner.Ended())


class WholeCarrier:
    """Carries an answer that is not streamed. A server that sends a stream all the same is read
    too: its caller gets the whole answer that was asked for."""

    def __init__(self, plan: Plan, answering: Answering) -> None:
        self._plan = plan
        self._answering = structs.replace(answering, call_ids=plan.call_ids)
        self.progress = inner.Progress(about_tokens(plan.body))

    def carry(self, body: bytes) -> bytes:
        streamed = begins_as(body) is Body.EVENTS
        passes = self._plan.passes and not streamed
        try:
            events = self._events(body) if streamed else self._plan.upstream.decode_answer(body)
        except Exception:
            events = _unread(self._plan)
        for event in events:
            if passes or not isinstance(event, inner.OtherDelta):
                self.progress.note(event)
        if not (self.progress.ended or passes):
            self.progress.failure = self.progress.failure or inner.Failed(502, BROKEN_OFF)
        if passes or self.progress.failure is not None:
            return body
        usage = inner.Reported(self.progress.complete_usage())
        changed = [self._plan.change(event) for event in events if event != inner.Ended()]
        return self._plan.caller.encode_answer([*changed, usage, inner.Ended()], self._answering)

    def _events(self, body: bytes) -> list[inner.Event]:
        """Of a stream that came as a body."""
        reader, splitter = self._plan.upstream.reader(), EventSplitter()
        cut = splitter.feed(body)
        if splitter.rest.strip():
            cut.append(parse_event(splitter.rest))
        return [item for event in cut for item in reader.read(event)] + reader.end()


def _unread(plan: Plan) -> list[inner.Event]:
    """Stands for what a reader raised at, called while that is handled. Readers raise nothing; one
    that does must not cost a person the answer that passes beside it."""
    log.exception("an upstream's answer could not be read", protocol=plan.upstream.name)
    return [inner.OtherDelta()]
