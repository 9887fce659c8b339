"""A call that is longer than its model's context: known by what servers say of it, so that each
client is told in the words on which it shortens its conversation.

Sources: the texts of OpenAI, Azure, Anthropic, Bedrock, vLLM, SGLang, llama.cpp, Ollama, LM Studio,
TGI, TensorRT-LLM, GLM, Moonshot, DeepSeek, DashScope, MiniMax, Mistral, xAI, Groq, Fireworks,
Gemini and GitHub Copilot, as their users report them.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from codeplan.protocol.complaints import Complaint

_CODES = frozenset(
    {"context_length_exceeded", "exceed_context_size_error", "context_window_exceeded", "1261"}
)
# A limit of tokens a minute speaks of tokens too, and helps nobody by being called too long.
_LIMITS = re.compile(r"per (?:minute|min|day|hour)|\b[tr]p[md]\b|rate.?limit|quota", re.IGNORECASE)
_WHOSE = "(?:context|model)[ -](?:length|window|size|limit)"
_WHAT = "(?:prompt|input|request|messages?|conversation)"
_TEXTS = re.compile(
    "|".join(
        (
            rf"(?:max(?:imum)?|exceed\w*|longer than|beyond|over)[^.]{{0,60}}{_WHOSE}",
            rf"{_WHOSE}[^.]{{0,60}}(?:exceed|overflow|surpass|too (?:long|small))",
            "maximum model length|max_model_len|max_seq_len|max(?:imum)?[ _]position_embeddings",
            rf"{_WHAT} (?:(?:is|are|has|was) )?too (?:long|large|many tokens)",
            r"(?:prompt|input) (?:token count|length|tokens?)[^.]{0,60}exceed",
            r"exceed\w*[^.]{0,60}(?:token limit|maximum number of tokens|available context)",
            r"exceed\w*[^.]{0,60}(?:(?:prompt|input)|max(?:imum)? sequence) length",
            r"exceed\w* max (?:message|input|prompt) tokens",
            r"(?:prompt|input) exceeds max|range of input length should be",
            "maximum (?:prompt|input) length is",
            "reduce the length of the (?:messages|prompt|input)",
            r"tokens?`? ?\+[^.]{0,40}must be <=|context the overflows|too many (?:input )?tokens",
            "超(?:过|出)[^。]{0,30}(?:上下文|长度|最大)",
            "(?:上下文|输入|提示)[^。]{0,20}(?:过长|超长|超过|超出)",
        )
    ),
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{3,}(?:,\d{3})*|\d{1,3}(?:,\d{3})+")
# The number behind these words is the model's limit; behind those, what was sent.
_LIMIT_WORDS = re.compile(
    r"(?:max\w*[^\d]{0,45}|limit[^\d]{0,30}|context (?:length|size|window)[^\d]{0,25}"
    r"|<=?\s*|>\s*|\[\d+,\s*)$",
    re.IGNORECASE,
)
_LIMIT_BEHIND = re.compile(r"\s*(?:tokens?\s+)?maximum context", re.IGNORECASE)
_SUM = re.compile(r"(\d+) \+ (\d+) > (\d+)")
_PARTS = re.compile(
    r"(\d+)(?: tokens)? (?:in|of|from) (?:the )?(?:messages|text input|input messages|prompt)"
    r"[^\d]{1,20}(\d+)(?: tokens)? (?:in|of|for) the (?:completion|output|response)",
    re.IGNORECASE,
)
_STATUSES = frozenset({400, 413, 422, 500, 502})


class Overlong(msgspec.Struct, frozen=True):
    """``tokens``: what was sent; ``answer``: what was asked for beside it; ``most``: what the model
    holds. 0 where it was not said."""

    tokens: int = 0
    most: int = 0
    answer: int = 0

    @property
    def fits_alone(self) -> bool:
        """Whether what was sent fits, and only the answer that was asked for does not."""
        return self.answer > 0 and self.tokens < self.most


class Words(msgspec.Struct, frozen=True):
    """How a protocol says it: the message, and more fields of its error."""

    message: str
    more: Mapping[str, Any] = {}


def read(complaint: Complaint) -> Overlong | None:
    """What it says of the call's length; None where it says something else."""
    if complaint.status not in _STATUSES or _LIMITS.search(complaint.message):
        return None
    names = {complaint.code.lower(), complaint.kind.lower()}
    if not names & _CODES and not _TEXTS.search(complaint.message):
        return None
    return _figures(complaint.message)


def _figures(message: str) -> Overlong:
    """The limit is told by the words before it; what was sent is the largest of the others."""
    if (added := _SUM.search(message)) is not None:
        return Overlong(int(added[1]), int(added[3]), int(added[2]))
    most, others = 0, []
    for match in _NUMBER.finditer(message):
        number = int(match[0].replace(",", ""))
        before, behind = message[: match.start()], message[match.end() :]
        if not most and (_LIMIT_WORDS.search(before) or _LIMIT_BEHIND.match(behind)):
            most = number
        else:
            others.append(number)
    if (parts := _PARTS.search(message)) is not None:
        return Overlong(int(parts[1]), most, int(parts[2]))
    sent = [number for number in others if number > most]
    return Overlong(max(sent, default=0), most)
