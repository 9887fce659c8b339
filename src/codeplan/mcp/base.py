"""What a server is here: a name, tools, and for each tool how it does its work."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from codeplan.store.rows import KeyHolder


class ArgumentsInvalid(ValueError):
    """An argument that is not what was expected; the text names it."""


@dataclass(frozen=True, slots=True)
class Caller:
    """``client``: the id of the coding tool, as far as it is known; "". ``context``: the SDK's own
    of this call, for a tool that tells or asks its client something on the way."""

    holder: KeyHolder
    client: str = ""
    context: Any = None


# What a tool answers: a text, or the SDK's pieces of content. Raises WorkFailed, CallRefused,
# ArgumentsInvalid.
Work = Callable[[Caller, Mapping[str, Any]], Awaitable[str | Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Tool:
    """``schema``: of its arguments, as JSON Schema. ``free``: it counts nothing."""

    name: str
    title: str
    about: str
    schema: Mapping[str, Any]
    work: Work
    free: bool = False

    async def call(self, caller: Caller, arguments: Mapping[str, Any]) -> str | Sequence[Any]:
        """Do its work: the one way in, by whatever protocol. An argument that is null is one that
        was not given, as models write it. Raises what the work raises."""
        given = {name: value for name, value in arguments.items() if value is not None}
        return await self.work(caller, given)


@dataclass(frozen=True, slots=True)
class McpServer:
    """``name``: as it stands in addresses, receipts and settings. ``logs``: its tools tell their
    clients what they do, as log messages."""

    name: str
    title: str
    about: str
    tools: tuple[Tool, ...]
    logs: bool = False


def with_tool(server: McpServer, tool: Tool) -> McpServer:
    """The server with one tool more."""
    return replace(server, tools=(*server.tools, tool))


def text_of(arguments: Mapping[str, Any], name: str, most: int = 4000, default: str = "") -> str:
    """Raises ArgumentsInvalid."""
    value = arguments.get(name, default)
    if not isinstance(value, str) or len(value) > most:
        raise ArgumentsInvalid(f"{name}: expected a text of at most {most} characters")
    return value.strip()


def choice_of(
    arguments: Mapping[str, Any], name: str, choices: Sequence[str], default: str = ""
) -> str:
    """One of these; the default where nothing is said. Raises ArgumentsInvalid."""
    value = text_of(arguments, name, 100) or default
    if value and value not in choices:
        raise ArgumentsInvalid(f"{name}: expected one of {', '.join(choices)}")
    return value


def flag_of(arguments: Mapping[str, Any], name: str, default: bool = False) -> bool:
    """True and false, also as texts, which some models write. Raises ArgumentsInvalid."""
    value = arguments.get(name, default)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise ArgumentsInvalid(f"{name}: expected true or false")
    return value


def number_of(arguments: Mapping[str, Any], name: str, default: int, least: int, most: int) -> int:
    """Also as a text. Raises ArgumentsInvalid."""
    value = arguments.get(name, default)
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ArgumentsInvalid(f"{name}: expected a number from {least} to {most}")
    return int(value)
