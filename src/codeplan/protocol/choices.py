"""Which of the offered tools a call may, or must, use."""

from dataclasses import replace

from codeplan.protocol import inner
from codeplan.protocol.outline import Malformed


def offered(tools: tuple[inner.Tool, ...]) -> tuple[inner.Tool, ...]:
    """The tools, each name once: of two with one name the first is meant by it."""
    return tuple({tool.name: tool for tool in reversed(tools)}.values())[::-1]


def checked(
    tools: tuple[inner.Tool, ...], choice: inner.ToolChoice | None
) -> inner.ToolChoice | None:
    """The choice; none where there is nothing to choose from. Raises Malformed where it names what
    is not offered."""
    if choice is None or not tools:
        return None
    if choice.kind == "named" and all(tool.name != choice.name for tool in tools):
        raise Malformed(f"tool_choice: no tool of the name {choice.name!r} is offered")
    return choice


def narrowed(
    tools: tuple[inner.Tool, ...], allowed: frozenset[str], mode: str, parallel: bool
) -> tuple[tuple[inner.Tool, ...], inner.ToolChoice]:
    """The tools that alone may be called, and the choice among them: ``mode`` auto or required."""
    if mode not in ("auto", "required"):
        raise Malformed("tool_choice.mode: expected auto or required")
    kept = tuple(tool for tool in tools if tool.name in allowed)
    kind = inner.ToolChoice("required" if mode == "required" else "auto")
    return kept, replace(kind, parallel=parallel)
