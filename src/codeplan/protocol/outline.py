"""What a call says of itself, read once and only as deep as recognition and turns need it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

import msgspec


class Malformed(ValueError):
    """A request body that its protocol does not allow. The message names the place."""


class Target(msgspec.Struct, frozen=True):
    """What a call's address says of it, in the formats that speak there: the model, what is to be
    done with it, and the query. The other formats say all of it in the body."""

    model: str = ""
    verb: str = ""
    query: Mapping[str, str] = {}


class Said(msgspec.Struct, frozen=True):
    """One message of the user's role: its texts in order, and whether it carries tool results;
    then only the texts behind those. ``joins``: it stands directly behind another of the user's."""

    texts: tuple[str, ...]
    tool_result: bool = False
    joins: bool = False


class _HasRole(Protocol):
    @property
    def role(self) -> str: ...


_M = TypeVar("_M", bound=_HasRole)


def with_role_before(messages: Iterable[_M]) -> Iterator[tuple[str, _M]]:
    """Each message with the role of the one before it; a system's in between does not count."""
    before = ""
    for message in messages:
        yield before, message
        if message.role not in ("system", "developer"):
            before = message.role


class Outline(msgspec.Struct, frozen=True):
    """``model`` as asked for. ``system``: the system prompt's texts in order. ``said``: the user's
    messages in order. ``ends_with_tool_result``: the newest content answers a tool call.
    ``user_id``: what the client wrote about its user; ``cache_key``: by which prompts are cached,
    which many clients send once for each session. ``asks_usage``: the stream is asked to end
    with its usage. ``structured``: the answer must follow a schema. ``namespaces``: of tools.
    ``free_form``: the tools whose calls are plain text, as an upstream knows them. ``most_tokens``:
    how many the answer may have, where the call says so; None else. ``event_stream``: a streamed
    answer comes as server-sent events; else as one JSON array, piece by piece. ``shows_thinking``:
    the answer may show the model's reasoning. ``answers``: how many the call asks for at once."""

    model: str
    stream: bool
    system: tuple[str, ...]
    tool_names: tuple[str, ...]
    said: tuple[Said, ...]
    ends_with_tool_result: bool
    user_id: str = ""
    cache_key: str = ""
    asks_usage: bool = True
    structured: bool = False
    namespaces: tuple[str, ...] = ()
    free_form: tuple[str, ...] = ()
    most_tokens: int | None = None
    event_stream: bool = True
    shows_thinking: bool = True
    answers: int = 1
