"""The calls of tools in an answer that comes in pieces: which piece belongs to which call, and when
a call's name and arguments are known. Servers leave out or repeat each of the marks for it."""

from dataclasses import dataclass, field

import msgspec

from codeplan.protocol import inner
from codeplan.protocol.halves import joined

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
    further pieces replace, or else are told at the end. ``named``: no more of its name comes."""

    number: int
    index: int | None = None
    identity: str = ""
    name: str = ""
    named: bool = False
    begun: bool = False
    ended: bool = False
    kept: str = ""
    whole: str = ""
    written: list[str] = field(default_factory=list)

    def arguments(self) -> str:
        """As far as they have come, without what further pieces replace."""
        kept = "" if self.kept.strip() in _NO_ARGUMENTS else self.kept
        return joined("".join(self.written) + kept)

    def is_told(self) -> bool:
        """Whether there is more of it than a number."""
        return bool(self.begun or self.identity or self.name or self.kept)

    def is_whole(self) -> bool:
        return is_whole(self.arguments())


class ToolCalls:
    """Turns pieces into events. A call begins when its name is known."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._begun = 0  # how many of them have
        self._by_index: dict[int, _Call] = {}
        self._side_by_side: list[_Call] = []  # those that began together

    @property
    def any(self) -> bool:
        return any(call.is_told() for call in self._calls)

    def take(self, piece: CallPiece) -> list[inner.Event]:
        call = self._call_of(piece)
        if _repeats(call, piece):
            return []
        if call.begun:
            return _tell(call, piece.arguments)
        call.identity = call.identity or piece.identity
        call.name = _longer_name(call.name, piece.name)
        kept = "" if call.kept.strip() in _NO_ARGUMENTS else call.kept
        call.kept = kept + piece.arguments
        call.whole = piece.whole or call.whole
        call.named = call.named or piece.opens or bool(call.kept)
        return self._begin_those_ready()

    def end_at(self, index: int | None) -> list[inner.Event]:
        """The server says that this call is whole; so are those before it."""
        call = self._by_index.get(index) if index is not None else None
        if call is None:
            return []
        return [event for one in self._calls[: call.number + 1] for event in self._end(one)]

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
            # A call of its own would have its id, as the one before it has.
            in_pieces = last.identity and not last.begun
            return last if goes_on or in_pieces else self._new(piece)
        if piece.place is not None and piece.place < len(self._side_by_side):
            last = self._side_by_side[piece.place]
        return self._new(piece, last.name) if _begins_anew(last, piece) else last

    def _by_its_index(self, piece: CallPiece, last: _Call) -> _Call:
        known = self._same(piece) or self._by_index.get(piece.index or 0)
        if known is None:
            # Arguments without id and name can only go on with the call that is open.
            opens = piece.identity or piece.name or not piece.arguments
            return self._new(piece) if opens else last
        another = known.identity and piece.identity not in ("", known.identity)
        renamed = not piece.identity and _other_name(known, piece)
        if another or renamed or known.ended or _begins_anew(known, piece):
            return self._new(piece, "" if another or renamed else known.name)
        return known

    def _same(self, piece: CallPiece) -> _Call | None:
        """The call of the piece's id and index; some servers number every call 0."""
        if not piece.identity:
            return None
        known = (call for call in self._calls if call.identity == piece.identity)
        return next((call for call in known if call.index == piece.index), None)

    def _by_its_identity(self, piece: CallPiece, last: _Call) -> _Call:
        if not (last.identity or last.begun or piece.name):
            return last  # its id comes late
        known = self._same(piece)
        if known is None or _other_name(known, piece) or _begins_anew(known, piece):
            return self._new(piece)
        return known

    def _new(self, piece: CallPiece, name: str = "") -> _Call:
        """``name``: of the call before it, where the piece has none."""
        call = _Call(len(self._calls), piece.index, piece.identity, name)
        self._calls.append(call)
        if piece.index is not None:
            self._by_index[piece.index] = call
        if piece.place == 0:
            self._side_by_side = []
        if piece.place is not None:
            self._side_by_side.append(call)
        return call

    def _begin_those_ready(self) -> list[inner.Event]:
        """In the order in which they came. A name may go on in the next piece: once there are
        arguments, it is whole."""
        events: list[inner.Event] = []
        for call in self._calls[self._begun :]:
            if not (call.name and call.named):
                break
            events += self._begin(call)
        return events

    def _begin(self, call: _Call) -> list[inner.Event]:
        call.begun, self._begun = True, call.number + 1
        kept, call.kept = call.kept, ""
        started = inner.ToolCallStarted(call.number, call.identity, call.name or NAMELESS)
        return [started, *_tell(call, kept)]

    def _end(self, call: _Call) -> list[inner.Event]:
        if call.ended or not call.is_told():
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
    """Whether arguments begin once more behind those that are whole."""
    return (
        piece.arguments.lstrip().startswith("{") and call.is_whole() and not _repeats(call, piece)
    )


def _repeats(call: _Call, piece: CallPiece) -> bool:
    """Some servers send a call's arguments once more, whole, at the end."""
    if piece.name and not (piece.identity and piece.identity == call.identity):
        return False
    repeated = piece.arguments.startswith("{") and joined(piece.arguments) == call.arguments()
    return repeated and call.is_whole()


def is_whole(arguments: str) -> bool:
    """Whether nothing but white space can follow."""
    if not arguments.rstrip().endswith("}"):
        return False
    try:
        msgspec.json.decode(arguments)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return False
    return True
