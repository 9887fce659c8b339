"""A conversation as Chat messages.

How it is said here what only another format can say: a mid-conversation system message becomes a
user's text in ``<system-reminder>`` (many chat templates allow a system message at the start
only); images in a tool's result follow it in a user message; a failed result says so in its text.
"""

from typing import Any

from codeplan.protocol import arguments, conversation, inner, tool_names
from codeplan.protocol.openai_chat.dialects import Dialect
from codeplan.protocol.openai_chat.history import Shown
from codeplan.protocol.outline import Malformed


def encode(messages: tuple[inner.Message, ...], dialect: Dialect) -> list[dict[str, Any]]:
    """Raises Malformed."""
    encoded: list[dict[str, Any]] = []
    lead: list[str] = []
    for message in conversation.ordered(messages):
        if message.role == "system" and not encoded:
            lead += _plain(message.parts)
        elif message.role == "system":
            text = inner.reminder(inner.Text("\n\n".join(_plain(message.parts))))
            encoded.append({"role": "user", "content": text.text})
        elif message.role == "user":
            encoded += _user(message.parts, dialect)
        else:
            encoded += _assistant(message.parts, dialect)
    if lead:
        encoded.insert(0, {"role": "system", "content": "\n\n".join(lead)})
    return encoded or [{"role": "user", "content": inner.NOTHING_SAID}]


def _plain(parts: tuple[inner.Part, ...]) -> list[str]:
    return [part.text for part in parts if isinstance(part, inner.Text)]


def _user(parts: tuple[inner.Part, ...], dialect: Dialect) -> list[dict[str, Any]]:
    """Tool results first, each a message of its own; then what the user says and shows."""
    encoded: list[dict[str, Any]] = []
    shown: list[Shown] = []
    for part in parts:
        if isinstance(part, inner.ToolResult):
            text = "\n".join(_plain(part.parts))
            content = f"Error: {text}" if part.is_error else text
            identity = dialect.identity(part.call_id)
            encoded.append({"role": "tool", "tool_call_id": identity, "content": content})
            shown += [item for item in part.parts if not isinstance(item, inner.Text)]
        elif isinstance(part, Shown):
            shown.append(part)
    if shown:
        encoded.append({"role": "user", "content": _encode_shown(shown)})
    return encoded


def _encode_shown(parts: list[Shown]) -> Any:
    if len(parts) == 1 and isinstance(parts[0], inner.Text):
        return parts[0].text
    return [_part(part) for part in parts]


def _part(part: Shown) -> dict[str, Any]:
    if isinstance(part, inner.Text):
        return {"type": "text", "text": part.text}
    link = f"data:{part.media_type};base64,{part.data}" if part.data else part.url
    if isinstance(part, inner.Image):
        return {"type": "image_url", "image_url": {"url": link}}
    if isinstance(part, inner.Video):
        return {"type": "video_url", "video_url": {"url": link}}
    if not part.data:
        raise Malformed("messages: this model's upstream reads no document by its link; send it")
    return {"type": "file", "file": {"filename": part.name or "document.pdf", "file_data": link}}


def _assistant(parts: tuple[inner.Part, ...], dialect: Dialect) -> list[dict[str, Any]]:
    """The assistant's message; none where nothing of it can be said."""
    text = "".join(_plain(parts))
    thought = "".join(part.text for part in parts if isinstance(part, inner.Thinking))
    calls = [
        {
            "id": dialect.identity(part.id),
            "type": "function",
            "function": {
                "name": tool_names.fitted(part.name),
                "arguments": arguments.as_text(part.arguments),
            },
        }
        for part in parts
        if isinstance(part, inner.ToolCall)
    ]
    message: dict[str, Any] = {"role": "assistant", "content": text or None}
    if thought and dialect.takes_thinking:
        message["reasoning_content"] = thought
    if calls:
        message["tool_calls"] = calls
    elif not text:
        message["content"] = ""
    return [message] if text or len(message) > 2 else []
