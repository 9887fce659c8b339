"""A refusal, before it takes the form that one client understands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from codeplan.protocol.overlong import Overlong


class Wait(StrEnum):
    """What the person must wait for before the same call can succeed."""

    WINDOW = "window"  # a window's end: the client must stop at once and say when
    MOMENT = "moment"  # a moment: the client should try again by itself
    NEVER = "never"  # something must change first: the key, the plan, the call


@dataclass(eq=False)
class Refusal(Exception):
    """``status``: HTTP's, where the client asks for no other. ``code``: GLM Coding Plan's, or "".
    ``retry_after_seconds``: when the same call can succeed, as far as that is known.
    ``resets_at``: epoch seconds, for a window. ``unknown_program``: nobody knows what called.
    ``upstreams_words``: the message may quote the call, so that it is not kept. ``theirs``: more
    that an upstream said, by OpenAI's names: type, code, param. ``overlong``: the call is longer
    than its model's context. ``limits``: headers that describe the limit that refused."""

    status: int
    code: str
    message: str
    wait: Wait = Wait.NEVER
    retry_after_seconds: int | None = None
    resets_at: int | None = None
    unknown_program: bool = False
    upstreams_words: bool = False
    theirs: Mapping[str, str] = field(default_factory=dict)
    overlong: Overlong | None = None
    limits: tuple[tuple[bytes, bytes], ...] = ()

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class Form:
    """How a refusal is said to one client: the status, more headers, the error's type, and
    more fields of the error. ``in_stream``: where the call asked for a stream, as its end."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...] = ()
    kind: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
    in_stream: bool = False
