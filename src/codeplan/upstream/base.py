"""What an upstream is to those who relay: something that takes a call and answers in bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import msgspec

# What a server, or one of its models, takes differently from others of its protocol.
Dialect = Literal["plain", "openai", "openai-reasoning", "glm", "vllm", "sglang", "adaptive"]
ANTHROPIC_DIALECTS: frozenset[Dialect] = frozenset({"adaptive"})
UpstreamProtocol = Literal["openai", "anthropic", "embedded"]
# Statuses that the call itself may be at fault for; at any other another route is worth a try.
CALLS_FAULT = frozenset({400, 413, 415, 422})


class UpstreamFailed(Exception):
    """It could not be reached, or broke off. ``began``: some of its answer had come. ``silent``:
    nothing came for too long."""

    def __init__(self, message: str, began: bool = False, silent: bool = False) -> None:
        super().__init__(message)
        self.began, self.silent = began, silent


Links = Literal["public", "refuse", "any"]


@dataclass(frozen=True, slots=True)
class UpstreamSettings:
    """Where it is and how long to wait for it, in seconds. ``api_key``: "" for none.
    ``links``: in a call's content, which it fetches by itself: those to public hosts may pass,
    none, or any.
    ``replicas``: more addresses of the same models. ``dialects``: of models that have another one,
    by the server's own names."""

    name: str
    protocol: UpstreamProtocol
    base_url: str = ""
    replicas: tuple[str, ...] = ()
    dialect: Dialect = "plain"
    dialects: Mapping[str, Dialect] = field(default_factory=dict)
    api_key: str = field(default="", repr=False)
    connect_timeout_seconds: float = 5.0
    first_byte_timeout_seconds: float = 600.0
    silence_timeout_seconds: float = 300.0
    links: Links = "public"

    def dialect_of(self, model: str) -> Dialect:
        """How that model is spoken to."""
        return self.dialects.get(model, self.dialect)


class UpstreamCall(msgspec.Struct, frozen=True):
    """``path`` below the upstream's address; ``headers`` beside those that every call has."""

    path: str
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    content_type: bytes = b"application/json"


class UpstreamAnswer(Protocol):
    """An answer whose head has come. ``status`` is HTTP's; the names of ``headers`` are
    lower-case."""

    status: int

    @property
    def headers(self) -> Mapping[bytes, bytes]: ...

    @property
    def done(self) -> bool:
        """Its last byte has been handed out, or waits to be."""
        ...

    async def chunk(self) -> bytes:
        """The next bytes of the body as soon as there are any; b"" at its end.

        Raises UpstreamFailed.
        """
        ...

    def close(self) -> None:
        """Done with it, also in the middle: the upstream need not go on."""
        ...


class Upstream(Protocol):
    """``tiny``: a model for trying the service, whose context holds no tool's whole call."""

    settings: UpstreamSettings
    tiny: bool

    async def send(self, call: UpstreamCall) -> UpstreamAnswer:
        """Send the call and wait for the answer's head. Raises UpstreamFailed."""
        ...

    async def close(self) -> None: ...


class Servers(Protocol):
    """One upstream of the configuration, and the servers that it is made of."""

    settings: UpstreamSettings

    def ordered(self, affinity: str) -> Sequence[Upstream]:
        """Its servers, in the order in which calls of this affinity ask them: those that share a
        prompt cache begin at the same one."""
        ...

    async def close(self) -> None: ...
