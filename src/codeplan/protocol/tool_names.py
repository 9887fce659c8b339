"""Names and ids of tools within what an upstream accepts, and the names back again.

What OpenAI and Anthropic say alike of a name is kept for every upstream: letters, digits, ``_`` and
``-``, at most 64. A mapping holds for one text alone and needs no memory, so a call of the history
has the same name as the tool that is offered, and a prompt cache lives on.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping

import msgspec

from codeplan.protocol import inner

MOST = 64
_ALLOWED = re.compile(r"[A-Za-z0-9_-]+")
_OTHERS = re.compile(r"[^A-Za-z0-9_-]")
_MARK_LENGTH = 8


def fitted(text: str, most: int = MOST) -> str:
    """The text where it is allowed; else its start in allowed letters, with a mark of its own."""
    if len(text) <= most and _ALLOWED.fullmatch(text):
        return text
    mark = hashlib.sha256(text.encode()).hexdigest()[:_MARK_LENGTH]
    start = _OTHERS.sub("_", text)[: most - _MARK_LENGTH - 1]
    return f"{start}_{mark}"


def originals(tools: Iterable[inner.Tool]) -> dict[str, str]:
    """The callers' own names of those tools that an upstream knows by another, by the latter."""
    return {name: tool.name for tool in tools if (name := fitted(tool.name)) != tool.name}


def restored(event: inner.Event, names: Mapping[str, str]) -> inner.Event:
    """The event of an answer with the caller's own name of the tool."""
    if isinstance(event, inner.ToolCallStarted) and event.name in names:
        return msgspec.structs.replace(event, name=names[event.name])
    return event
