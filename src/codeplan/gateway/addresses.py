"""Which address means what. The coding addresses and the bare root are the plan's lane; the general
one is pay-as-you-go. They are GLM Coding Plan's, so that its users' tools work here; Gemini's and
the root's are our own. How a path is read that was typed otherwise is paths.py's business."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from codeplan.gateway.formats import (
    ANTHROPIC,
    GEMINI,
    OPENAI_CHAT,
    OPENAI_RESPONSES,
    CallerFormat,
)

ROOT = ""
ANTHROPIC_BASE = "/api/anthropic"
CODING_BASE = "/api/coding/paas/v4"
GENERAL_BASE = "/api/paas/v4"
# Where GLM Coding Plan's users point Codex at.
RESPONSES_BASE = "/api/v1"
GEMINI_BASE = "/api/gemini"


class Lane(StrEnum):
    CODING = "coding"
    GENERAL = "general"


class Action(StrEnum):
    """``GREET``: say that the service is there. ``EVENTS``: take a tool's own telemetry, and drop
    it. Neither needs a key."""

    CALL = "call"
    COUNT = "count"
    MODELS = "models"
    MODEL = "model"
    GREET = "greet"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Address:
    """``methods``: what may be asked of it. ``path``: as it is written; ``{model}`` stands for
    what a caller writes there. ``shared``: callers of several protocols ask it, and their
    headers say which; ``format`` is that of the others."""

    action: Action
    format: CallerFormat
    lane: Lane
    methods: tuple[str, ...]
    path: str
    shared: bool = False


_POST, _GET = ("POST",), ("GET", "HEAD")
# What each protocol's operations are called: the words that end their addresses.
MESSAGES, CHAT, RESPONSES = "messages", "chat/completions", "responses"
COUNT, MODELS, MODEL, HELLO = "messages/count_tokens", "models", "models/{model}", "api/hello"
EVENTS = ("api/event_logging/batch", "api/event_logging/v2/batch")
# Gemini's operations stand behind the model.
VERBS: Mapping[str, Action] = {
    "generateContent": Action.CALL,
    "streamGenerateContent": Action.CALL,
    "countTokens": Action.COUNT,
}

# Which of them each base serves, and how they are written there.
_SERVED: Mapping[str, Mapping[str, tuple[str, Action, CallerFormat]]] = {
    ANTHROPIC_BASE: {
        MESSAGES: ("v1/messages", Action.CALL, ANTHROPIC),
        COUNT: ("v1/messages/count_tokens", Action.COUNT, ANTHROPIC),
        MODELS: ("v1/models", Action.MODELS, ANTHROPIC),
        "": ("", Action.GREET, ANTHROPIC),
    },
    CODING_BASE: {
        CHAT: ("chat/completions", Action.CALL, OPENAI_CHAT),
        RESPONSES: ("responses", Action.CALL, OPENAI_RESPONSES),
        MODELS: ("models", Action.MODELS, OPENAI_CHAT),
    },
    RESPONSES_BASE: {
        RESPONSES: ("responses", Action.CALL, OPENAI_RESPONSES),
        MODELS: ("models", Action.MODELS, OPENAI_RESPONSES),
    },
    GENERAL_BASE: {
        CHAT: ("chat/completions", Action.CALL, OPENAI_CHAT),
        RESPONSES: ("responses", Action.CALL, OPENAI_RESPONSES),
        MODELS: ("models", Action.MODELS, OPENAI_CHAT),
        # Where a tool of the Anthropic protocol calls, when it is pointed at the general address.
        MESSAGES: ("v1/messages", Action.CALL, ANTHROPIC),
        COUNT: ("v1/messages/count_tokens", Action.COUNT, ANTHROPIC),
        "": ("", Action.GREET, ANTHROPIC),
    },
    GEMINI_BASE: {
        MODELS: ("v1beta/models", Action.MODELS, GEMINI),
        **{f"{MODEL}:{verb}": (f"v1beta/{MODEL}:{verb}", action, GEMINI)
           for verb, action in VERBS.items()},
        "": ("", Action.GREET, GEMINI),
    },
    ROOT: {
        MESSAGES: ("v1/messages", Action.CALL, ANTHROPIC),
        COUNT: ("v1/messages/count_tokens", Action.COUNT, ANTHROPIC),
        CHAT: ("v1/chat/completions", Action.CALL, OPENAI_CHAT),
        RESPONSES: ("v1/responses", Action.CALL, OPENAI_RESPONSES),
        MODELS: ("v1/models", Action.MODELS, OPENAI_CHAT),
        **{f"{MODEL}:{verb}": (f"v1beta/{MODEL}:{verb}", action, GEMINI)
           for verb, action in VERBS.items()},
    },
}  # fmt: skip
BASES = tuple(sorted(_SERVED, key=len, reverse=True))
# They are asked for lists of models by callers of more than one protocol.
_SHARED = (ROOT, GENERAL_BASE)


def _addresses(base: str) -> dict[str, Address]:
    """The base's operations: those of the table, and those that every base has."""
    lane = Lane.GENERAL if base == GENERAL_BASE else Lane.CODING
    served = _SERVED[base]
    _, _, lists = served[MODELS]
    # Each model of a list can be asked for by itself.
    served = {**served, MODEL: (served[MODELS][0] + "/{model}", Action.MODEL, lists)}
    made = {}
    for operation, (ending, action, format_) in served.items():
        methods = _POST if action in (Action.CALL, Action.COUNT) else _GET
        path = f"{base}/{ending}" if ending else base
        shared = base in _SHARED and action in (Action.MODELS, Action.MODEL)
        made[operation] = Address(action, format_, lane, methods, path, shared)
    made[HELLO] = Address(Action.GREET, lists, lane, _GET, f"{base}/{HELLO}")
    for operation in EVENTS:
        made[operation] = Address(Action.EVENTS, lists, lane, _POST, f"{base}/{operation}")
    return made


# By base, then by operation.
SERVED: Mapping[str, Mapping[str, Address]] = {base: _addresses(base) for base in _SERVED}
# By the path as it is written here: what most calls ask for is one look-up away.
WRITTEN: Mapping[str, Address] = {
    address.path: address
    for served in SERVED.values()
    for address in served.values()
    if "{" not in address.path
}
