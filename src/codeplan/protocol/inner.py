"""The common form of a conversation, between wire formats. A translation decodes one format to
this and encodes another from it; it keeps what both can say."""

import base64
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from codeplan.protocol.usage import Usage, quarters

StopReason = Literal["end", "length", "tool", "stop_sequence", "refusal"]
Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """Either base64 ``data`` with its ``media_type``, or a ``url``."""

    media_type: str = ""
    data: str = ""
    url: str = ""


def _inside(link: str) -> tuple[str, str] | None:
    """Media type and base64 of what a ``data:`` link carries; None for any other link."""
    if not link.startswith("data:") or ";base64," not in link:
        return None
    kind, data = link[5:].split(";base64,", 1)
    kind = kind.partition(";")[0].strip().lower()
    return ("image/jpeg" if kind == "image/jpg" else kind), data


def image_from(link: str) -> Image:
    """An image by its link; a ``data:`` link carries it inside."""
    inside = _inside(link)
    return Image(*inside) if inside else Image(url=link)


@dataclass(frozen=True, slots=True)
class Video:
    """Either base64 ``data`` with its ``media_type``, or a ``url``."""

    media_type: str = ""
    data: str = ""
    url: str = ""


def video_from(link: str) -> Video:
    """A video by its link; a ``data:`` link carries it inside."""
    image = image_from(link)
    return Video(image.media_type, image.data, image.url)


# Where a caller's conversation says nothing, and a protocol demands that somebody speaks.
NOTHING_SAID = "(no message)"
# What is said of a file that is named by an id, where its link would do.
FILES_NOT_KEPT = "files are not kept here; send the data, or a public link"
# How any JSON is asked for where the protocol has no way to.
ANY_OBJECT = "Answer with one JSON object and nothing else."


def reminder(text: Text) -> Text:
    """A system text in mid-conversation, as a user's: many servers allow them at the start only."""
    return Text(f"<system-reminder>\n{text.text}\n</system-reminder>")


@dataclass(frozen=True, slots=True)
class Document:
    """A PDF or the like: base64 ``data`` with its ``media_type``, or a ``url``."""

    name: str = ""
    media_type: str = "application/pdf"
    data: str = ""
    url: str = ""


def document_from(name: str, link: str) -> Document | Text:
    """A document by its link; a ``data:`` link, or bare base64, carries it inside. One of plain
    text is its text, which every server reads."""
    if link.startswith(("http://", "https://")):
        return Document(name, url=link)
    inside = _inside(link)
    if inside is None:
        return Document(name, data=link)
    if inside[0].startswith("text/"):
        try:
            text = base64.b64decode(inside[1]).decode()
        except ValueError:  # of base64 or of UTF-8; it is the upstream's to judge
            return Document(name, *inside)
        return Text(f"{name}\n\n{text}" if name else text)
    return Document(name, *inside)


@dataclass(frozen=True, slots=True)
class Thinking:
    """A model's reasoning. ``signature`` is opaque and passes unchanged where a format has it."""

    text: str
    signature: str = ""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """``arguments`` is the JSON text just as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolResult:
    call_id: str
    parts: tuple["Text | Image | Video | Document", ...]
    is_error: bool = False


Part = Text | Image | Video | Document | Thinking | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Message:
    """``role``: system (also in mid-conversation), user or assistant."""

    role: Role
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Tool:
    """``strict``: whether its calls must follow the schema; None where the caller did not say."""

    name: str
    description: str
    schema: Any
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """An answer in JSON: by the ``schema``, or any object where that is None. ``strict`` as a
    tool's."""

    schema: dict[str, Any] | None = None
    name: str = "answer"
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """``named`` goes with ``name``."""

    kind: Literal["auto", "none", "required", "named"]
    name: str = ""
    parallel: bool = True


@dataclass(frozen=True, slots=True)
class Request:
    """A call. ``thinking``: True to think, False not to, None as the model will.
    ``thinking_budget`` in tokens. ``signs``: the caller sends thinking back with its signature.
    ``form``: what the answer must be."""

    model: str
    messages: tuple[Message, ...]
    stream: bool = False
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    thinking: bool | None = None
    thinking_budget: int | None = None
    effort: str = ""
    signs: bool = False
    form: AnswerForm | None = None
    user: str = ""
    cache_key: str = ""


class Started(msgspec.Struct, frozen=True):
    """An answer began. ``usage`` is set where the upstream tells it early."""

    id: str
    model: str
    usage: Usage | None = None


class TextDelta(msgspec.Struct, frozen=True):
    text: str


class ThinkingDelta(msgspec.Struct, frozen=True):
    text: str


class ThinkingSigned(msgspec.Struct, frozen=True):
    signature: str


class ToolCallStarted(msgspec.Struct, frozen=True):
    """``index`` tells parallel calls apart."""

    index: int
    id: str
    name: str


class ToolCallDelta(msgspec.Struct, frozen=True):
    index: int
    arguments: str


class ToolCallEnded(msgspec.Struct, frozen=True):
    """The call is whole. Readers tell it at the end of the answer at the latest."""

    index: int


class OtherDelta(msgspec.Struct, frozen=True):
    """A piece of content that no other event stands for. It reaches the person where bytes pass; no
    writer has a place for it."""


class Finished(msgspec.Struct, frozen=True):
    """The model stopped. Usage may still follow in a ``Reported``."""

    reason: StopReason
    stop_sequence: str | None = None


def settled_reason(reason: StopReason, called: bool) -> StopReason:
    """Some servers say "stop" behind tool calls, or "tool_calls" with none: the calls decide."""
    if called and reason == "end":
        return "tool"
    if not called and reason == "tool":
        return "end"
    return reason


class Reported(msgspec.Struct, frozen=True):
    usage: Usage


class Pinged(msgspec.Struct, frozen=True):
    """The upstream showed that it is still there."""


class Ended(msgspec.Struct, frozen=True):
    """The answer is whole: nothing more comes."""


class Failed(msgspec.Struct, frozen=True):
    """The upstream reported an error. ``status`` is HTTP's, as far as it can be told."""

    status: int
    message: str
    kind: str = ""


Event = (
    Started
    | TextDelta
    | ThinkingDelta
    | ThinkingSigned
    | ToolCallStarted
    | ToolCallDelta
    | ToolCallEnded
    | OtherDelta
    | Finished
    | Reported
    | Pinged
    | Ended
    | Failed
)


@dataclass(slots=True)
class Progress:
    """How far an answer has come, for whoever relays it. ``prompt_tokens``: what the call has,
    roughly. ``content``: something the person can use has come. ``ended``: it is whole. ``finish``:
    why the model stopped. ``quarters``: of tokens that were answered, roughly. ``estimated``: the
    usage is ours, at least in part, since the upstream told none."""

    prompt_tokens: int = 0
    content: bool = False
    ended: bool = False
    finish: StopReason | None = None
    usage: Usage | None = None
    failure: Failed | None = None
    quarters: int = 0
    estimated: bool = False

    def note(self, event: Event) -> None:
        """Take in the next event of the answer."""
        # Called for every event of every stream: plain tests, the frequent ones first.
        if isinstance(event, (TextDelta, ThinkingDelta)):
            if event.text:
                self.content = True
                self.quarters += quarters(event.text)
        elif isinstance(event, ToolCallDelta):
            self.quarters += quarters(event.arguments)
        elif isinstance(event, ToolCallStarted):
            self.content = True
            self.quarters += quarters(event.name)
        elif isinstance(event, (ToolCallEnded, Pinged)):
            pass
        elif isinstance(event, ThinkingSigned):
            self.content = self.content or bool(event.signature)
        elif isinstance(event, OtherDelta):
            # A token: what it is written in (a sound's bytes, a cipher) says nothing of its tokens.
            self.content = True
            self.quarters += 4
        elif isinstance(event, Finished):
            self.finish = event.reason
        elif isinstance(event, Reported):
            self.usage = event.usage
        elif isinstance(event, Started):
            # What is said of the output before there is any is no figure.
            self.usage = replace(event.usage, output=0) if event.usage else self.usage
        elif isinstance(event, Ended):
            self.ended = True
        else:
            self.failure = event

    def complete_usage(self) -> Usage:
        """The usage of what was delivered. No prompt and no content has zero tokens: where the
        upstream told none, they are estimated, and ``estimated`` is set."""
        usage = self.usage or Usage()
        if self.content and not usage.prompt:
            usage = replace(usage, input=max(1, self.prompt_tokens))
        if self.content and not usage.output:
            usage = replace(usage, output=max(1, self.quarters // 4))
        self.estimated = self.estimated or usage != (self.usage or Usage())
        self.usage = usage
        return usage
