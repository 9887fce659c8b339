"""The common form of a conversation, between wire formats. A translation decodes one format to
this and encodes another from it; it keeps what both can say."""

import base64
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from codeplan.protocol.usage import Usage

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


class Finished(msgspec.Struct, frozen=True):
    """The model stopped. Usage may still follow in a ``Reported``."""

    reason: StopReason
    stop_sequence: str | None = None


class Reported(msgspec.Struct, frozen=True):
    usage: Usage


class Pinged(msgspec.Struct, frozen=True):
    """The upstream showed that it is still there."""


class Ended(msgspec.Struct, frozen=True):
    """The answer is whole: nothing more comes."""


class Failed(msgspec.Struct, frozen=True):
    """The upstream reported an error. ``status`` is HTTP's, as far as it can be told.
    ``unreadable``: it did not, but what it said cannot be read."""

    status: int
    message: str
    kind: str = ""
    unreadable: bool = False


def unreadable(message: str) -> Failed:
    """An upstream's answer that its protocol does not allow."""
    return Failed(502, message, unreadable=True)


Event = (
    Started
    | TextDelta
    | ThinkingDelta
    | ThinkingSigned
    | ToolCallStarted
    | ToolCallDelta
    | Finished
    | Reported
    | Pinged
    | Ended
    | Failed
)


@dataclass(slots=True)
class Progress:
    """How far an answer has come, for whoever relays it. ``content``: something the person can
    use has come. ``ended``: it is whole. ``finish``: why the model stopped."""

    content: bool = False
    ended: bool = False
    finish: StopReason | None = None
    usage: Usage | None = None
    failure: Failed | None = None

    def note(self, event: Event) -> None:
        """Take in the next event of the answer."""
        # Called for every event of every stream: plain tests, the frequent ones first.
        if isinstance(event, (TextDelta, ThinkingDelta)):
            self.content = self.content or bool(event.text)
        elif isinstance(event, (ToolCallDelta, ThinkingSigned, Pinged)):
            pass
        elif isinstance(event, ToolCallStarted):
            self.content = True
        elif isinstance(event, Finished):
            self.finish = event.reason
        elif isinstance(event, (Started, Reported)):
            self.usage = event.usage or self.usage
        elif isinstance(event, Ended):
            self.ended = True
        else:
            self.failure = event
