"""A conversation as Anthropic's messages.

Their rules, beside the order of results behind calls: the user speaks first, the roles take turns,
a text is not blank, a message does not end with thinking, and the last one, if it is the
assistant's, not with white space.
"""

from typing import Any

from codeplan.protocol import arguments, conversation, inner, tool_names
from codeplan.protocol.outline import Malformed

GO_ON = "Go on from there."
_IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")


def encode(messages: tuple[inner.Message, ...], may_begin: bool = True) -> list[dict[str, Any]]:
    """Messages with each role's runs joined. ``may_begin``: the model goes on from an answer that
    the caller began; else it is asked to. Raises Malformed.

    A system message in mid-conversation is the user's, marked as a reminder.
    """
    encoded: list[dict[str, Any]] = [{"role": "user", "content": []}]
    for message in conversation.ordered(messages):
        parts = message.parts
        if message.role == "system":
            parts = tuple(inner.reminder(part) for part in parts if isinstance(part, inner.Text))
        blocks = [block for part in parts if (block := _block(part)) is not None]
        role = "assistant" if message.role == "assistant" else "user"
        if encoded[-1]["role"] == role:
            encoded[-1]["content"] += blocks
        elif blocks:
            encoded.append({"role": role, "content": blocks})
    return _ended(_joined(encoded), may_begin)


def _joined(encoded: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages without thinking at an end, and without those that are empty then."""
    made: list[dict[str, Any]] = []
    for message in encoded:
        content = message["content"]
        while content and content[-1]["type"] == "thinking":
            content.pop()
        if not made and not content:
            content.append({"type": "text", "text": inner.NOTHING_SAID})
        if content and made and made[-1]["role"] == message["role"]:
            made[-1]["content"] += content
        elif content:
            made.append(message)
    return made


def _ended(encoded: list[dict[str, Any]], may_begin: bool) -> list[dict[str, Any]]:
    """The messages whose last text, where the assistant is to go on from it, ends without space."""
    last = encoded[-1]
    if last["role"] == "assistant" and not may_begin:
        return [*encoded, {"role": "user", "content": [{"type": "text", "text": GO_ON}]}]
    if last["role"] == "assistant" and last["content"][-1]["type"] == "text":
        last["content"][-1]["text"] = last["content"][-1]["text"].rstrip()
    return encoded


def _block(part: inner.Part) -> dict[str, Any] | None:
    match part:
        case inner.Text(text):
            return {"type": "text", "text": text} if text.strip() else None
        case inner.Image(media_type, data, url):
            if data and media_type not in _IMAGES:
                raise Malformed(f"messages: this model's upstream cannot read {media_type!r}")
            return {"type": "image", "source": _source(media_type, data, url)}
        case inner.Video():
            raise Malformed("messages: this model's upstream cannot read 'video_url'")
        case inner.Document(name, media_type, data, url):
            if data and media_type != "application/pdf":
                raise Malformed(f"messages: this model's upstream cannot read {media_type!r}")
            document = {"type": "document", "source": _source(media_type, data, url)}
            return {**document, **({"title": name} if name.strip() else {})}
        case inner.Thinking(text, signature):
            if not signature:
                return None  # the upstream refuses thinking that it did not sign
            return {"type": "thinking", "thinking": text, "signature": signature}
        case inner.ToolCall(call_id, name, given):
            return {
                "type": "tool_use",
                "id": tool_names.fitted(call_id),
                "name": tool_names.fitted(name),
                "input": arguments.as_object(given),
            }
        case inner.ToolResult(call_id, parts, is_error):
            blocks = [made for item in parts if (made := _block(item)) is not None]
            return {
                "type": "tool_result",
                "tool_use_id": tool_names.fitted(call_id),
                **({"content": blocks} if blocks else {}),
                **({"is_error": True} if is_error else {}),
            }


def _source(media_type: str, data: str, url: str) -> dict[str, Any]:
    if data:
        return {"type": "base64", "media_type": media_type, "data": data}
    if not url.startswith(("https://", "http://")):
        raise Malformed("messages: a link must begin with https://, or hold base64")
    return {"type": "url", "url": url}
