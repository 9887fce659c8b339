"""Content blocks of Anthropic's messages, to the common form.

What only Anthropic's own servers can do with a block is done without: a search result and a
document's text are text, what its server-side tools did is told as text, and citations and redacted
thinking, which no other server can read, are dropped. A block that none of this fits is refused by
its name.
"""

from typing import Any

from codeplan.protocol import fields, hosted, inner
from codeplan.protocol.outline import Malformed

Said = inner.Text | inner.Image | inner.Document


def parts(content: Any, place: str) -> tuple[inner.Part, ...]:
    """All that a message's or a result's content says and shows. Raises Malformed."""
    if content is None:
        return ()
    if isinstance(content, str):
        return (inner.Text(content),) if content else ()
    made: list[inner.Part] = []
    for index, item in enumerate(fields.items(content, place)):
        made += _block(fields.table(item, f"{place}[{index}]"), f"{place}[{index}]")
    return tuple(made)


def _block(block: dict[str, Any], place: str) -> list[inner.Part]:
    match block.get("type"):
        case "thinking":
            signature = fields.text(block.get("signature") or "", f"{place}.signature")
            return [inner.Thinking(fields.text(block.get("thinking"), place), signature)]
        case "redacted_thinking" | "fallback":  # the latter is never shown to a model
            return []
        case "tool_use":
            return [
                inner.ToolCall(
                    fields.text(block.get("id"), f"{place}.id"),
                    fields.text(block.get("name"), f"{place}.name"),
                    fields.to_json(block.get("input") or {}),
                )
            ]
        case "tool_result":
            return [_tool_result(block, place)]
        case str(kind) if kind.endswith(("_tool_use", "_tool_result", "_tool_listing")):
            return [hosted.told(block)]
    return list(_said(block, place))


def _said(block: dict[str, Any], place: str) -> list[Said]:
    """What a tool's result may hold as well."""
    match block.get("type"):
        case "text":
            return [inner.Text(fields.text(block.get("text"), f"{place}.text"))]
        case "image":
            return [_image(fields.table(block.get("source"), f"{place}.source"), place)]
        case "document":
            return _document(block, place)
        case "search_result":
            return _headed(block, ("title", "source"), block.get("content"), place)
        case "tool_reference":
            name = fields.text(block.get("tool_name"), f"{place}.tool_name")
            return [inner.Text(f"The tool {name} can be called now.")]
        case "browser_state":
            return [hosted.told(block)]
        case "compaction":
            return [inner.Text(fields.text(block.get("content") or "", f"{place}.content"))]
    raise Malformed(f"{place}: this model's upstream cannot read {block.get('type')!r}")


def _image(source: dict[str, Any], place: str) -> inner.Image:
    match source.get("type"):
        case "base64":
            kind = fields.text(source.get("media_type"), f"{place}.source.media_type")
            return inner.Image(kind, fields.text(source.get("data"), f"{place}.source.data"))
        case "url":
            return inner.image_from(fields.text(source.get("url"), f"{place}.source.url"))
        case "file":
            raise Malformed(f"{place}.source: {inner.FILES_NOT_KEPT}")
    raise Malformed(f"{place}.source.type: expected base64 or url")


def _document(block: dict[str, Any], place: str) -> list[Said]:
    source = fields.table(block.get("source"), f"{place}.source")
    title = fields.text(block.get("title") or "", f"{place}.title")
    match source.get("type"):
        case "text":
            return _headed(block, ("title", "context"), source.get("data"), place)
        case "content":
            return _headed(block, ("title", "context"), source.get("content"), place)
        case "base64":
            kind = fields.text(source.get("media_type"), f"{place}.source.media_type")
            data = fields.text(source.get("data"), f"{place}.source.data")
            file = inner.Document(title, kind, data)
        case "url":
            url = fields.text(source.get("url"), f"{place}.source.url")
            file = inner.Document(title, url=url)
        case "file":
            raise Malformed(f"{place}.source: {inner.FILES_NOT_KEPT}")
        case _:
            raise Malformed(f"{place}.source.type: expected base64, text, content or url")
    context = fields.text(block.get("context") or "", f"{place}.context")
    return [inner.Text(context), file] if context else [file]


def _headed(block: dict[str, Any], names: tuple[str, ...], content: Any, place: str) -> list[Said]:
    """A text with what it is called, or several blocks behind that."""
    head = [fields.text(block.get(name) or "", f"{place}.{name}") for name in names]
    lines = "\n".join(line for line in head if line)
    inside = [part for part in parts(content, f"{place}.content") if isinstance(part, Said)]
    if inside and isinstance(inside[0], inner.Text) and lines:
        return [inner.Text(f"{lines}\n\n{inside[0].text}"), *inside[1:]]
    return [inner.Text(lines), *inside] if lines else inside


def _tool_result(block: dict[str, Any], place: str) -> inner.ToolResult:
    made: list[Said] = []
    content = block.get("content") or ""
    if isinstance(content, str):
        made = [inner.Text(content)] if content else []
    else:
        for index, item in enumerate(fields.items(content, f"{place}.content")):
            where = f"{place}.content[{index}]"
            made += _said(fields.table(item, where), where)
    return inner.ToolResult(
        fields.text(block.get("tool_use_id"), f"{place}.tool_use_id"),
        tuple(made),
        bool(block.get("is_error")),
    )
