"""Fields by their name, in either spelling: proto JSON is read in lowerCamelCase and in the proto's
own snake_case, and Google's clients send both."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

_CAPITAL = re.compile("[A-Z]")


@cache
def snake(name: str) -> str:
    """The proto's own spelling of a lowerCamelCase name."""
    return _CAPITAL.sub(lambda letter: "_" + letter[0].lower(), name)


def field(table: dict[str, Any], name: str) -> Any:
    """The field's value by its lowerCamelCase name; None where it is absent or null."""
    value = table.get(name)
    return table.get(snake(name)) if value is None else value


def names_of(table: Iterable[str], known: Iterable[str]) -> list[str]:
    """Which of the known lowerCamelCase names stand in the table, in either spelling."""
    keys = set(table)
    return [name for name in known if name in keys or snake(name) in keys]
