"""The calls of tools in an answer that comes in pieces: which piece belongs to which call, and when
a call's name and arguments are known. Servers leave out or repeat each of the marks for it."""

from dataclasses import dataclass, field

import msgspec

from codeplan.protocol import inner

# For a call whose name never comes: the caller's program says that it has no such tool.
NAMELESS = "unknown"
# What servers send ahead of arguments that follow, and for none at all.
_NO_ARGUMENTS = ("{}", "null")


@dataclass(frozen=True, slots=True)
class CallPiece:
    """What a server sent of a call. ``index``: its number for it, or None; ``place``: the piece's
    among those that came with it, or None where it came alone; ``opens``: surely a call's first;
    ``whole``: its arguments, unless pieces of them follow."""

    index: int | None = None
    identity: str = ""
    name: str = ""
    arguments: str = ""
    place: int | None = None
    opens: bool = False
    whole: str = ""


@dataclass(slots=True)
class _Call:
    """``number`` is ours. ``kept``: arguments that wait for the name. ``whole``: arguments that
    further pieces replace, or else are told at the end."""

    number: int
    identity: str = ""
    name: str = ""
    begun: bool = False
    ended: bool = False
    kept: str = ""
    whole: str = ""
    written: list[str] = field(default_factory=list)

    def is_whole(self) -> bool:
        return is_whole("".join(self.written))


class ToolCalls:
    """Turns pieces into events. A call begins when its name is known."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._side_by_side: list[_Call] = []  # those that began together

    @property
    def any(self) -> bool:
        return bool(self._calls)

    def take(self, piece: CallPiece) -> list[inner.Event]:
        call = self._call_of(piece)
        events = self._begin_those_before(call)
        if not call.begun:
            call.identity = call.identity or piece.identity
            call.name = _longer_name(call.name, piece.name)
            kept = "" if call.kept.strip() in _NO_ARGUMENTS else call.kept
            call.kept = kept + piece.arguments
            call.whole = piece.whole or call.whole
            # The name may go on in the next piece; once there are arguments, it is whole.
            return events + (self._begin(call) if call.name and (call.kept or call.whole) else [])
        return events + _tell(call, piece.arguments)

    def end_at(self, index: int | None) -> list[inner.Event]:
        """The server says that this call is whole."""
        call = self._by_index.get(index) if index is not None else None
        return self._end(call) if call is not None else []

    def end(self) -> list[inner.Event]:
        """The answer is whole, and so is each of its calls."""
        return [event for call in self._calls for event in self._end(call)]

    def _call_of(self, piece: CallPiece) -> _Call:
        last = self._calls[-1] if self._calls else None
        if last is None or piece.opens:
            return self._new(piece)
        if piece.index is not None:
            return self._by_its_index(piece, last)
        if piece.identity:
            return self._by_its_identity(piece, last)
        if piece.name:
            goes_on = last.name in ("", piece.name) and not _begins_anew(last, piece)
            return last if goes_on else self._new(piece)
        if piece.place is not None and piece.place < len(self._side_by_side):
            return self._side_by_side[piece.place]
        return last

    def _by_its_index(self, piece: CallPiece, last: _Call) -> _Call:
        known = self._by_index.get(piece.index or 0)
        if known is None:
            # Neither id nor name: it can only go on with the call that is open.
            return self._new(piece) if piece.identity or piece.name else last
        another = known.identity and piece.identity not in ("", known.identity)
        renamed = not piece.identity and _other_name(known, piece)
        if another or renamed or known.ended or _begins_anew(known, piece):
            return self._new(piece)
        return known

    def _by_its_identity(self, piece: CallPiece, last: _Call) -> _Call:
        if not (last.identity or last.begun or piece.name):
            return last  # its id comes late
        known = next((call for call in self._calls if call.identity == piece.identity), None)
        if known is None or _other_name(known, piece) or _begins_anew(known, piece):
            return self._new(piece)
        return known

    def _new(self, piece: CallPiece) -> _Call:
        call = _Call(len(self._calls), piece.identity)
        self._calls.append(call)
        if piece.index is not None:
            self._by_index[piece.index] = call
        if piece.place == 0:
            self._side_by_side = []
        if piece.place is not None:
            self._side_by_side.append(call)
        return call

    def _begin_those_before(self, call: _Call) -> list[inner.Event]:
        """Calls begin in the order in which they came."""
        if call.begun or not call.number:
            return []
        before = self._calls[call.number - 1]
        return self._begin(before) if before.name and not before.begun else []

    def _begin(self, call: _Call) -> list[inner.Event]:
        call.begun = True
        kept, call.kept = call.kept, ""
        started = inner.ToolCallStarted(call.number, call.identity, call.name or NAMELESS)
        return [started, *_tell(call, kept)]

    def _end(self, call: _Call) -> list[inner.Event]:
        if call.ended:
            return []
        events: list[inner.Event] = [] if call.begun else self._begin(call)
        call.ended = True
        if not "".join(call.written).strip():
            events.append(inner.ToolCallDelta(call.number, call.whole or "{}"))
        return [*events, inner.ToolCallEnded(call.number)]


def _tell(call: _Call, arguments: str) -> list[inner.Event]:
    if not arguments or call.ended:
        return []
    if not call.written and arguments.strip() in _NO_ARGUMENTS:
        return []
    call.written.append(arguments)
    return [inner.ToolCallDelta(call.number, arguments)]


def _longer_name(name: str, piece: str) -> str:
    """Servers send a name once, whole in each piece, or in pieces of its own."""
    return piece if piece.startswith(name) else name if name.startswith(piece) else name + piece


def _other_name(call: _Call, piece: CallPiece) -> bool:
    return bool(piece.name and call.begun and call.name != piece.name)


def _begins_anew(call: _Call, piece: CallPiece) -> bool:
    """Whether arguments begin once more behind those that are whole, under a name."""
    return bool(piece.name) and piece.arguments.lstrip().startswith("{") and call.is_whole()


def is_whole(arguments: str) -> bool:
    """Whether nothing but white space can follow."""
    if not arguments.rstrip().endswith("}"):
        return False
    try:
        msgspec.json.decode(arguments)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return False
    return True
