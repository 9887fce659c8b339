"""What a Gemini call says of itself, in its address and its body."""

from typing import Any

import msgspec

from codeplan.protocol import fields
from codeplan.protocol.outline import Malformed, Outline, Said, Target

STREAM = "streamGenerateContent"
_NOWHERE = Target()


class _Part(msgspec.Struct):
    text: str | None = None
    thought: bool | None = False
    response: Any = msgspec.field(default=None, name="functionResponse")
    response_snake: Any = msgspec.field(default=None, name="function_response")

    @property
    def is_result(self) -> bool:
        return self.response is not None or self.response_snake is not None


class _Content(msgspec.Struct):
    role: str | None = None
    parts: list[_Part] | None = None


class _Function(msgspec.Struct):
    name: str = ""


class _Tool(msgspec.Struct):
    functions: list[_Function] | None = msgspec.field(default=None, name="functionDeclarations")
    functions_snake: list[_Function] | None = msgspec.field(
        default=None, name="function_declarations"
    )


class _Thinking(msgspec.Struct):
    shown: Any = msgspec.field(default=None, name="includeThoughts")
    shown_snake: Any = msgspec.field(default=None, name="include_thoughts")


class _Config(msgspec.Struct):
    most: Any = msgspec.field(default=None, name="maxOutputTokens")
    most_snake: Any = msgspec.field(default=None, name="max_output_tokens")
    media: str | None = msgspec.field(default=None, name="responseMimeType")
    media_snake: str | None = msgspec.field(default=None, name="response_mime_type")
    thinking: _Thinking | None = msgspec.field(default=None, name="thinkingConfig")
    thinking_snake: _Thinking | None = msgspec.field(default=None, name="thinking_config")


class _Call(msgspec.Struct):
    contents: list[_Content] = []
    system: _Content | str | None = msgspec.field(default=None, name="systemInstruction")
    system_snake: _Content | str | None = msgspec.field(default=None, name="system_instruction")
    tools: list[_Tool] | None = None
    config: _Config | None = msgspec.field(default=None, name="generationConfig")
    config_snake: _Config | None = msgspec.field(default=None, name="generation_config")
    # What countTokens may wrap the whole call in.
    wrapped: "_Call | None" = msgspec.field(default=None, name="generateContentRequest")
    wrapped_snake: "_Call | None" = msgspec.field(default=None, name="generate_content_request")


_decoder = msgspec.json.Decoder(_Call)


def read(body: bytes, target: Target = _NOWHERE) -> Outline:
    """Raises Malformed when the body is not a Gemini call."""
    call = fields.read_as(_decoder, body)
    call = call.wrapped or call.wrapped_snake or call
    if not call.contents:
        raise Malformed("contents: at least one content is expected")
    config = call.config or call.config_snake or _Config()
    thinking = config.thinking or config.thinking_snake or _Thinking()
    before = (None, *call.contents)
    user = [
        (content, last is not None and last.role != "model")
        for last, content in zip(before, call.contents, strict=False)
        if content.role != "model"
    ]
    return Outline(
        model=target.model,
        stream=target.verb == STREAM,
        system=_system(call.system or call.system_snake),
        tool_names=tuple(
            function.name
            for tool in call.tools or ()
            for function in tool.functions or tool.functions_snake or ()
        ),
        said=tuple(
            Said(_texts_after_results(content), _has_result(content), joins)
            for content, joins in user
        ),
        ends_with_tool_result=_has_result(call.contents[-1]),
        structured=(config.media or config.media_snake) == "application/json",
        most_tokens=fields.whole_number(config.most or config.most_snake),
        event_stream=target.query.get("alt") == "sse",
        shows_thinking=(thinking.shown or thinking.shown_snake) is True,
    )


def _system(system: _Content | str | None) -> tuple[str, ...]:
    if isinstance(system, str):
        return (system,)
    return tuple(part.text for part in system.parts or () if part.text) if system else ()


def _texts_after_results(content: _Content) -> tuple[str, ...]:
    """What is said behind the last function's response, where there is one."""
    parts = content.parts or []
    results = [place for place, part in enumerate(parts) if part.is_result]
    if results:
        parts = parts[results[-1] + 1 :]
    return tuple(part.text for part in parts if part.text and not part.thought)


def _has_result(content: _Content) -> bool:
    return any(part.is_result for part in content.parts or ())
