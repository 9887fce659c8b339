"""A conversation in the order that every upstream demands, whatever order it came in.

Both OpenAI and Anthropic refuse a call of a tool without its result directly behind it, a result
without its call, and two calls of one id. Pictures and files are the user's to show.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from codeplan.protocol import inner
from codeplan.protocol.outline import Malformed

INTERRUPTED = "There is no result: the call was interrupted."
_STRAY = "The result of a call that is not in this conversation:"
_SHOWN = (inner.Image, inner.Video, inner.Document)


def ordered(messages: tuple[inner.Message, ...]) -> tuple[inner.Message, ...]:
    """The same conversation: behind each of the assistant's messages one with all results of its
    calls, in their order; a call whose result never came gets one that says so. Raises Malformed.
    """
    calls = _Calls()
    read = [_read(message, calls) for message in messages]
    made: list[inner.Message] = []
    for role, parts, shown in read:
        if parts:
            made.append(inner.Message(role, parts))
        results = tuple(calls.result(one) for one in parts if isinstance(one, inner.ToolCall))
        if results or shown:
            made.append(inner.Message("user", (*results, *shown)))
    return tuple(made)


class _Calls:
    """Gives each call an id of its own, and finds the result that belongs to it."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._waiting: dict[str, deque[str]] = {}  # by the id that the caller wrote
        self._results: dict[str, inner.ToolResult] = {}

    def add(self, call: inner.ToolCall) -> inner.ToolCall:
        identity, number = call.id or "call_1", 1
        while identity in self._ids:
            number += 1
            identity = f"{call.id or 'call'}_{number}"
        self._ids.add(identity)
        self._waiting.setdefault(call.id, deque()).append(identity)
        return call if identity == call.id else replace(call, id=identity)

    def answer(self, result: inner.ToolResult) -> bool:
        """Keep the result for its call; False where no call waits for it."""
        waiting = self._waiting.get(result.call_id)
        if not waiting:
            return False
        identity = waiting.popleft()
        same = identity == result.call_id
        self._results[identity] = result if same else replace(result, call_id=identity)
        return True

    def result(self, call: inner.ToolCall) -> inner.ToolResult:
        result = self._results.get(call.id)
        return result or inner.ToolResult(call.id, (inner.Text(INTERRUPTED),), is_error=True)


def _read(
    message: inner.Message, calls: _Calls
) -> tuple[inner.Role, tuple[inner.Part, ...], tuple[inner.Part, ...]]:
    """The message's role and parts without results, and what the user shows behind it."""
    said: list[inner.Part] = []
    shown: list[inner.Part] = []
    for part in _without_results(message.parts, calls):
        if isinstance(part, inner.ToolCall):
            if message.role != "assistant":
                raise Malformed("messages: only the assistant's messages may call tools")
            said.append(calls.add(part))
        elif isinstance(part, _SHOWN) and message.role != "user":
            shown.append(part)
        elif message.role == "assistant" or not isinstance(part, inner.Thinking):
            said.append(part)
    return message.role, tuple(said), tuple(shown)


def _without_results(parts: tuple[inner.Part, ...], calls: _Calls) -> Iterator[inner.Part]:
    """The parts, of which results go to their calls; one that has no call stays as what it says."""
    for part in parts:
        if not isinstance(part, inner.ToolResult):
            yield part
        elif not calls.answer(part):
            yield inner.Text(_STRAY)
            yield from part.parts
