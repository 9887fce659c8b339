"""What the operator's commands share: where the service is, its token, and asking it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from codeplan.cli.calling import DEFAULT_URL, call
from codeplan.cli.files import read_operator_token
from codeplan.cli.printing import give_up
from codeplan.kit import secrets

_F = TypeVar("_F", bound=Callable[..., Any])


def service_options(command: _F) -> _F:
    """--url and --data: where the service is, and its operator token."""
    folder = click.Path(path_type=Path, file_okay=False)
    token = "The data folder, which holds the operator token."
    command = click.option(
        "--data", type=folder, default=Path("data"), show_default=True, help=token
    )(command)
    address = "The service's address."
    return click.option("--url", default=DEFAULT_URL, show_default=True, help=address)(command)


def once_option(command: _F) -> _F:
    """--idempotency-key: the same again changes nothing."""
    text = "The same key again changes nothing; made up where not given."
    return click.option("--idempotency-key", "once", default="", help=text)(command)


def ask(
    method: str, path: str, url: str, data: Path, as_json: bool, body: Any = None, once: str = ""
) -> Any:
    """The service's answer at ``/api/admin/…``; ends the command where it refuses."""
    token = read_operator_token(data)
    if token is None:
        give_up(f"{data} holds no operator token: is it the service's --data folder?", as_json)
    more = {"idempotency-key": once or secrets.new_token("once-")} if method == "POST" else None
    return call(method, f"{url.rstrip('/')}/api/admin/{path}", token, as_json, body, more)
