"""Every request that a test encodes, checked by what its upstream's protocol accepts."""

import json
from collections.abc import Callable, Iterator

import pytest

from codeplan.protocol import inner
from codeplan.protocol.anthropic import request as to_anthropic
from codeplan.protocol.fields import without_nulls
from codeplan.protocol.openai_chat import request as to_openai
from codeplan.routing.formats import TO_ANTHROPIC, TO_OPENAI_CHAT
from support import accepted_by_anthropic, accepted_by_openai
from support.upstream import Asked

_REFUSALS = {
    "anthropic": accepted_by_anthropic.refusals,
    "openai_chat": accepted_by_openai.refusals,
}
_ENCODERS = ((to_anthropic, TO_ANTHROPIC), (to_openai, TO_OPENAI_CHAT))


def refusals(body: bytes, protocol: str, dialect: str = "plain") -> list[str]:
    """Why an upstream of the protocol would refuse the body; nothing where it would not."""
    return _REFUSALS[protocol](json.loads(body), dialect)


def refusals_of(asked: Asked) -> list[str]:
    """The same of a call that an upstream got, whose SDK writes nulls for absent fields; nothing of
    one that only counts tokens."""
    if asked.path.endswith("/count_tokens"):
        return []
    body = json.dumps(without_nulls(json.loads(asked.raw))).encode()
    return refusals(body, "anthropic" if asked.path.endswith("/messages") else "openai_chat")


@pytest.fixture(scope="session", autouse=True)
def every_request_is_checked() -> Iterator[None]:
    """What an upstream would refuse is an error where it is encoded."""
    before = [module.encode for module, _ in _ENCODERS]
    for (module, format_), encode in zip(_ENCODERS, before, strict=True):
        _put(module, format_, _checking(encode, format_.name))
    yield
    for (module, format_), encode in zip(_ENCODERS, before, strict=True):
        _put(module, format_, encode)


def _put(module: object, format_: object, encode: Callable[..., bytes]) -> None:
    """Where tests and the service take the encoder from; the format is frozen for all but this."""
    setattr(module, "encode", encode)  # noqa: B010  # a module, whose attribute no type knows
    object.__setattr__(format_, "encode_request", encode)


def _checking(encode: Callable[..., bytes], protocol: str) -> Callable[..., bytes]:
    def checking(request: inner.Request, model: str, dialect: str = "plain") -> bytes:
        body = encode(request, model, dialect)
        assert refusals(body, protocol, dialect) == [], body.decode()
        return body

    return checking
