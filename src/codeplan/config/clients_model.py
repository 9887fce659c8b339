"""What ``[[clients]]`` may say: coding tools as data, an operator's and the built-in ones."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from codeplan.clients.base import AtLimit, CalledFrom, CountedBy
from codeplan.clients.filling import LIMITS, PLACES
from codeplan.clients.set_up import is_configuration, is_variable
from codeplan.config.table import Id, Name, Table

_SOURCE = re.compile(r"^(header:[A-Za-z0-9-]+|body:[A-Za-z0-9_.-]+)$")
_PLACE = re.compile(r"\{([a-z_]+)\}")
Text = Annotated[str, Field(min_length=1, max_length=400)]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_status(value: Any) -> Any:
    """``"402"`` is 402."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


# One text or a list of them.
Texts = Annotated[list[Text], BeforeValidator(_as_list)]


# A place in a file's settings, step by step.
Steps = Annotated[list[Name], Field(min_length=1)]


class ValueTable(Table):
    """One of a file's ``values``: what is set at a path."""

    path: Steps
    value: Any


class AllowedTable(Table):
    """One of a file's ``unless``: what stands at a path is in the way, unless one of these patterns
    fits it."""

    path: Steps
    allowed: Texts


class ItemTable(Table):
    """One item of a list at a path."""

    path: Steps
    item: Name


class OutranksTable(ValueTable):
    """What is set at a path where a variable is set in the shell, over which it wins."""

    variable: Name


class FileTable(Table):
    """``[[clients.set_up]]``: one file below the home folder. ``values`` are set, ``defaults`` and
    ``stamps`` only where nothing is; ``removes``, ``unless``, ``includes``, ``excludes`` and
    ``outranks`` are about what stands in the plan's way; ``folders``, ``above`` and ``overriding``
    about what else the tool looks at (clients/set_up.py). ``then``: what the person does next."""

    files: Annotated[list[str], BeforeValidator(_as_list), Field(min_length=1)]
    format: Literal["json", "toml", "yaml"]
    values: Annotated[list[ValueTable], Field(min_length=1)]
    then: str = ""
    removes: list[Steps] = []
    defaults: list[ValueTable] = []
    stamps: list[Steps] = []
    folders: dict[Name, Text] = {}
    unless: list[AllowedTable] = []
    includes: list[ItemTable] = []
    excludes: list[ItemTable] = []
    outranks: list[OutranksTable] = []
    above: Texts = []
    overriding: Texts = []

    @field_validator("files")
    @classmethod
    def _lie_below_home(cls, values: list[str]) -> list[str]:
        for value in values:
            if not is_configuration(value):
                raise ValueError(
                    "expected a path below the home folder that ends in .json, .jsonc, .toml,"
                    " .yaml or .yml"
                )
        return values

    @field_validator("values", "defaults", "outranks")
    @classmethod
    def _have_known_places(cls, values: list[Any]) -> list[Any]:
        for table in values:
            _check_places(table.value)
        return values

    @field_validator("unless")
    @classmethod
    def _allow_known_places(cls, values: list[AllowedTable]) -> list[AllowedTable]:
        for table in values:
            _check_places(table.allowed)
        return values


class PasteTable(Table):
    """``[[clients.paste]]``: what a person puts in by hand, and where."""

    where: Name
    text: Annotated[str, Field(min_length=1, max_length=4000)]

    @field_validator("text")
    @classmethod
    def _has_known_places(cls, value: str) -> str:
        _check_places(value)
        return value


class ClientTable(Table):
    """``[[clients]]``: one coding tool. ``user_agent`` and ``system`` name it, and one that fits is
    enough; ``header``, ``tools_any`` and ``protocols`` must hold as well. docs/clients.md has every
    key with an example."""

    id: Id
    name: Name
    user_agent: Texts = []
    system: Texts = []
    header: dict[Name, Text] = {}
    tools_any: Texts = []
    protocols: list[Literal["anthropic", "openai_chat", "openai_responses", "gemini"]] = []
    session: Texts = []
    side: Texts = []
    side_without_tools: bool = False
    sub_agent: Texts = []
    sub_agent_tools: Texts = []
    nudges: Texts = []
    authored_when: str = ""
    refuse: Annotated[Literal[400, 401, 402, 403, 404, 429], BeforeValidator(_as_status)] = 402
    at_limit: AtLimit = "unmeasured"
    counted_by: CountedBy = "unmeasured"
    called_from: CalledFrom = "machine"
    programs: Texts = []
    start: str = ""
    headless: Texts = []
    environment: dict[Name, Text] = {}
    set_up: list[FileTable] = []
    paste: list[PasteTable] = []

    @field_validator("session")
    @classmethod
    def _are_sources(cls, values: list[str]) -> list[str]:
        for value in values:
            if not _SOURCE.match(value):
                raise ValueError("expected header:<name> or body:<path>")
        return values

    @field_validator("authored_when")
    @classmethod
    def _is_condition(cls, value: str) -> str:
        source, _, wanted = value.partition("=")
        if value and not (wanted and _SOURCE.match(source)):
            raise ValueError("expected header:<name>=<value> or body:<path>=<value>")
        return value

    @field_validator("environment")
    @classmethod
    def _has_known_places(cls, values: dict[str, str]) -> dict[str, str]:
        for name in values:
            if not is_variable(name):
                raise ValueError(f"{name!r} is no name of a variable")
        _check_places(values)
        return values


def _check_places(template: Any) -> None:
    """Raise ValueError for a place that nothing fills in."""
    if isinstance(template, dict):
        for name, value in template.items():
            _check_places(name)
            _check_places(value)
    elif isinstance(template, list):
        for item in template:
            _check_places(item)
    elif isinstance(template, str):
        for place in _PLACE.findall(template):
            if place not in (*PLACES, *LIMITS):
                known = ", ".join(f"{{{name}}}" for name in (*PLACES, *LIMITS))
                raise ValueError(f"{{{place}}} is not filled in; there are {known}")
