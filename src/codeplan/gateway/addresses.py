"""Which address means what. The coding addresses are the plan's lane; the general one is
pay-as-you-go. They are GLM Coding Plan's, so that its users' tools work here."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from codeplan.gateway.formats import ANTHROPIC, OPENAI_CHAT, OPENAI_RESPONSES, CallerFormat

ANTHROPIC_BASE = "/api/anthropic"
CODING_BASE = "/api/coding/paas/v4"
GENERAL_BASE = "/api/paas/v4"
# Where GLM Coding Plan's users point Codex at.
RESPONSES_BASE = "/api/v1"


class Lane(StrEnum):
    CODING = "coding"
    GENERAL = "general"


class Action(StrEnum):
    CALL = "call"
    COUNT = "count"
    MODELS = "models"
    GREET = "greet"


@dataclass(frozen=True, slots=True)
class Address:
    """``methods``: what may be asked of it."""

    action: Action
    format: CallerFormat
    lane: Lane
    methods: tuple[str, ...]


_GET = ("GET", "HEAD")
ADDRESSES: Mapping[str, Address] = {
    f"{ANTHROPIC_BASE}/v1/messages": Address(Action.CALL, ANTHROPIC, Lane.CODING, ("POST",)),
    f"{ANTHROPIC_BASE}/v1/messages/count_tokens": Address(
        Action.COUNT, ANTHROPIC, Lane.CODING, ("POST",)
    ),
    f"{ANTHROPIC_BASE}/v1/models": Address(Action.MODELS, ANTHROPIC, Lane.CODING, _GET),
    ANTHROPIC_BASE: Address(Action.GREET, ANTHROPIC, Lane.CODING, _GET),
    f"{CODING_BASE}/chat/completions": Address(Action.CALL, OPENAI_CHAT, Lane.CODING, ("POST",)),
    f"{CODING_BASE}/models": Address(Action.MODELS, OPENAI_CHAT, Lane.CODING, _GET),
    f"{CODING_BASE}/responses": Address(Action.CALL, OPENAI_RESPONSES, Lane.CODING, ("POST",)),
    f"{RESPONSES_BASE}/responses": Address(Action.CALL, OPENAI_RESPONSES, Lane.CODING, ("POST",)),
    f"{RESPONSES_BASE}/models": Address(Action.MODELS, OPENAI_RESPONSES, Lane.CODING, _GET),
    f"{GENERAL_BASE}/chat/completions": Address(Action.CALL, OPENAI_CHAT, Lane.GENERAL, ("POST",)),
    f"{GENERAL_BASE}/models": Address(Action.MODELS, OPENAI_CHAT, Lane.GENERAL, _GET),
    f"{GENERAL_BASE}/responses": Address(Action.CALL, OPENAI_RESPONSES, Lane.GENERAL, ("POST",)),
    # Where a tool of the Anthropic protocol calls, when it is pointed at the general address.
    f"{GENERAL_BASE}/v1/messages": Address(Action.CALL, ANTHROPIC, Lane.GENERAL, ("POST",)),
    f"{GENERAL_BASE}/v1/messages/count_tokens": Address(
        Action.COUNT, ANTHROPIC, Lane.GENERAL, ("POST",)
    ),
    f"{GENERAL_BASE}/v1/models": Address(Action.MODELS, ANTHROPIC, Lane.GENERAL, _GET),
    GENERAL_BASE: Address(Action.GREET, ANTHROPIC, Lane.GENERAL, _GET),
}
# Everything below these belongs to the gateway, also what it does not know.
_BASES = (ANTHROPIC_BASE, CODING_BASE, GENERAL_BASE, RESPONSES_BASE)
PREFIXES = tuple(f"{base}/".encode() for base in _BASES)
# But these: the application serves them.
_NOT_OURS = frozenset(
    f"{GENERAL_BASE}/{name}".encode() for name in ("web_search", "reader", "audio/transcriptions")
)
_EXACT = frozenset(path.encode() for path in ADDRESSES)


def is_ours(path: bytes) -> bool:
    """Whether the gateway answers this path (raw, without its query)."""
    return path in _EXACT or (path.startswith(PREFIXES) and path not in _NOT_OURS)


def format_of(path: str) -> CallerFormat:
    """In which format an unknown path below ours is refused."""
    anthropic = path.startswith((ANTHROPIC_BASE, f"{GENERAL_BASE}/v1/"))
    return ANTHROPIC if anthropic else OPENAI_CHAT
