"""From a path, as people and programs type it, to the address that it means.

One rule: a path is read from both ends. It begins with the longest base that fits, and ends with
the longest operation that fits; what stands between may only repeat words of the base and of its
operations, or name a version. So a trailing, double or doubled piece changes nothing, and no path
can leave the base, and with it the lane, that it begins with. What means nothing is the
application's, or is refused with the nearest address. Owns no address; decides by the path and the
headers alone.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

from codeplan.gateway.addresses import (
    ANTHROPIC_BASE,
    BASES,
    CHAT,
    CODING_BASE,
    COUNT,
    GEMINI_BASE,
    GENERAL_BASE,
    MESSAGES,
    MODEL,
    MODELS,
    RESPONSES,
    RESPONSES_BASE,
    ROOT,
    SERVED,
    VERBS,
    WRITTEN,
    Address,
)
from codeplan.gateway.formats import (
    ANTHROPIC,
    GEMINI,
    OPENAI_CHAT,
    OPENAI_RESPONSES,
    CallerFormat,
)
from codeplan.protocol.outline import Target

_VERSION = re.compile(r"v\d+(?:(?:alpha|beta)\d*)?")
# A verb of Google's: ":embedContent". A name of a model may hold a colon too: "qwen3:8b".
_VERB = re.compile(r":[a-z]+[A-Z]\w*$")
_BASE_WORDS = {base: tuple(base.split("/")[1:]) for base in BASES}
# The operations without a model in them, those of most words first.
_ENDINGS = {
    base: sorted(
        ((operation.split("/"), address) for operation, address in served.items()
         if operation and MODEL not in operation),
        key=lambda ending: -len(ending[0]),
    )
    for base, served in SERVED.items()
}  # fmt: skip
# What may stand twice: somebody gave a whole address, or half of one, where a base was asked for.
_REPEATED = {
    base: frozenset({
        *_BASE_WORDS[base],
        *(word for operation in (COUNT, CHAT, RESPONSES, MODELS) if operation in served
          for word in operation.split("/")),
    })
    for base, served in SERVED.items()
}  # fmt: skip
# The first words of what the application serves; it may also have its own below a base of ours.
_APPLICATION = frozenset({"console", "static", "healthz"})
_APPLICATIONS_API = frozenset({
    "account", "admin", "biz", "clients", "doctor", "mcp", "monitor", "openapi.json", "payments",
    "usage",
})  # fmt: skip
_APPLICATIONS_OWN = frozenset({
    (*_BASE_WORDS[GENERAL_BASE], *name.split("/"))
    for name in ("web_search", "reader", "audio/transcriptions")
})  # fmt: skip
# Who says one of these means to speak to a model.
_HINTS = frozenset({
    "anthropic", "chat", "coding", "completions", "embeddings", "event_logging", "gemini",
    "hello", "messages", "models", "openai", "paas", "responses",
})  # fmt: skip
# Where each operation is at home, and what each base is mostly asked for.
_HOMES = {
    MESSAGES: ANTHROPIC_BASE, COUNT: ANTHROPIC_BASE, CHAT: CODING_BASE, RESPONSES: CODING_BASE,
    **{f"{MODEL}:{verb}": GEMINI_BASE for verb in VERBS},
}  # fmt: skip
_CHIEF = {
    ANTHROPIC_BASE: MESSAGES, CODING_BASE: CHAT, GENERAL_BASE: CHAT, RESPONSES_BASE: RESPONSES,
    GEMINI_BASE: f"{MODEL}:generateContent",
}  # fmt: skip
_LONGEST_SHOWN = 200
# No address is as long; reading a longer one word by word would take others' time.
LONGEST_PATH = 4096
_NOTHING_SAID = Target()


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a call goes. ``address`` is None where there is none; then ``nearest`` is the path that
    was probably meant. ``format``: in which it is answered or refused."""

    address: Address | None
    format: CallerFormat
    target: Target
    nearest: str = ""


def is_ours(path: str) -> bool:
    """Whether the gateway answers this path (without its query); else the application does."""
    if path in WRITTEN or len(path) > LONGEST_PATH:
        return True  # what is too long for anybody is refused here
    words = _words(path)
    if not words or words[0] in _APPLICATION or tuple(words) in _APPLICATIONS_OWN:
        return False
    if words[0] == "api" and len(words) > 1 and words[1] in _APPLICATIONS_API:
        return False
    if _base_of(words) != ROOT:
        return True
    return bool(_VERSION.fullmatch(words[0])) or not _HINTS.isdisjoint(words)


def destination(path: str, query: str, headers: Mapping[bytes, bytes]) -> Destination:
    """Where a call to this path goes."""
    if len(path) > LONGEST_PATH:
        spoken = _spoken(headers)
        return Destination(None, spoken or OPENAI_CHAT, _NOTHING_SAID, CODING_BASE)
    address, model, verb = WRITTEN.get(path), "", ""
    if address is None:
        address, model, verb = (_remembered if len(path) <= _LONGEST_SHOWN else _read)(path)
    if address is None:
        spoken = _spoken(headers)
        near = _nearest(_words(path), spoken)
        return Destination(None, spoken or near.format, _NOTHING_SAID, near.path)
    if address.format is not GEMINI and not address.shared and not model:
        return Destination(address, address.format, _NOTHING_SAID)  # its body says all of it
    target = Target(model, verb, dict(parse_qsl(query)) if query else {})
    format_ = _lists(path, target, headers) if address.shared else None
    return Destination(address, format_ or address.format, target)


def shown(path: str) -> str:
    """A path as it may stand in a message."""
    return path if len(path) <= _LONGEST_SHOWN else f"{path[:_LONGEST_SHOWN]}…"


def _words(path: str) -> list[str]:
    return [word for word in path.split("/") if word]


def _base_of(words: Sequence[str]) -> str:
    for base in BASES:
        named = _BASE_WORDS[base]
        if tuple(words[: len(named)]) == named:
            return base
    return ROOT


def _read(path: str) -> tuple[Address | None, str, str]:
    """The address, and the model and the verb where they stand in the path."""
    words = _words(path)
    base = _base_of(words)
    served = SERVED[base]
    rest = words[len(_BASE_WORDS[base]) :]
    for ending, address in _ENDINGS[base]:
        if rest[-len(ending) :] == ending and _repeats(rest[: -len(ending)], _REPEATED[base]):
            return address, "", ""
    if "" in served and _repeats(rest, _BASE_WORDS[base]):
        return served[""], "", ""
    operation, model, verb, before = _with_model(rest)
    if operation and _repeats(before, _REPEATED[base]):
        return served.get(operation), model, verb
    return None, "", ""


# A caller asks for the same few again and again.
_remembered = lru_cache(maxsize=512)(_read)


def _with_model(rest: Sequence[str]) -> tuple[str, str, str, Sequence[str]]:
    """The operation on one model, the model, the verb, and what stands before; else empty."""
    if MODELS not in rest[:-1]:
        return "", "", "", rest
    place = len(rest) - 2 - rest[-2::-1].index(MODELS)
    named = "/".join(rest[place + 1 :])
    name, _, verb = named.rpartition(":")
    if name and verb in VERBS:
        return f"{MODEL}:{verb}", name, verb, rest[:place]
    if _VERB.search(named):
        return "", "", "", rest
    return MODEL, named, "", rest[:place]


def _repeats(between: Sequence[str], known: Collection[str]) -> bool:
    return all(word in known or _VERSION.fullmatch(word) for word in between)


def _nearest(words: Sequence[str], spoken: CallerFormat | None) -> Address:
    """The address whose base and operation are named nearest to these words."""
    base, operation = _base_of(words), _operation(words)
    hinted = base if base != ROOT else _hinted(words, spoken)
    for candidate in (hinted, _HOMES.get(operation, hinted), ROOT):
        if operation and operation in SERVED[candidate]:
            return SERVED[candidate][operation]
    return SERVED[hinted][_CHIEF[hinted]]


def _operation(words: Sequence[str]) -> str:
    """The operation that the words end with, whatever stands before; "" for none."""
    last = words[-1] if words else ""
    for operation in (COUNT, CHAT, MESSAGES, RESPONSES, MODELS):
        if list(words[-len(operation.split("/")) :]) == operation.split("/"):
            return operation
    verb = last.rpartition(":")[2]
    return f"{MODEL}:{verb}" if verb in VERBS else ""


def _hinted(words: Sequence[str], spoken: CallerFormat | None) -> str:
    """The base that a path without one speaks of."""
    if "anthropic" in words or (spoken is ANTHROPIC and "openai" not in words):
        return ANTHROPIC_BASE
    if "gemini" in words or "v1beta" in words or spoken is GEMINI:
        return GEMINI_BASE
    return GENERAL_BASE if "paas" in words and "coding" not in words else CODING_BASE


def _spoken(headers: Mapping[bytes, bytes]) -> CallerFormat | None:
    """The protocol that a call's headers show, whatever its path."""
    if b"anthropic-version" in headers:
        return ANTHROPIC
    return GEMINI if b"x-goog-api-key" in headers else None


def _lists(path: str, target: Target, headers: Mapping[bytes, bytes]) -> CallerFormat | None:
    """Whose list of models is asked for, where several protocols ask at one address. Codex says its
    version in the query."""
    if "client_version" in target.query:
        return OPENAI_RESPONSES
    return GEMINI if "/v1beta" in path else _spoken(headers)
