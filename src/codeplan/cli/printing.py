"""How commands print: readable lines, or one JSON value."""

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any, NoReturn, TypeVar

import click
import msgspec

_F = TypeVar("_F", bound=Callable[..., Any])


def json_option(command: _F) -> _F:
    """Adds --json to a command."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")(command)


def print_json(value: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def local_time(instant: str) -> str:
    """In the zone of whoever reads it, with the zone's name."""
    return datetime.fromisoformat(instant).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def say(line: str = "") -> None:
    """Progress and notes: on standard error, so that they never mix with JSON."""
    click.echo(line, err=True)


def give_up(message: str, as_json: bool = False) -> NoReturn:
    """Say what is wrong and end with status 1."""
    if as_json:
        print_json({"error": message})
    click.echo(f"codeplan: {message}", err=True)
    sys.exit(1)
