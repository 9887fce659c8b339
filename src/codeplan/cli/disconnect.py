"""``codeplan disconnect``: what `connect` set in a tool's configuration, taken back."""

import os
from pathlib import Path

import click

from codeplan.cli.editing.connections import Connections, TakenBack
from codeplan.cli.editing.edits import NotEditable
from codeplan.cli.editing.undo import settled
from codeplan.cli.printing import give_up, json_option, print_json


@click.command()
@click.argument("tool")
@click.option(
    "--force", is_flag=True, help="Put the whole file back; what stands there now is kept beside."
)
@json_option
def disconnect(tool: str, force: bool, as_json: bool) -> None:
    """Take back what `connect` set in TOOL's configuration; what else was changed since stays."""
    connections = Connections(Path.home(), os.environ)
    try:
        if not settled(connections.notes, tool):
            give_up(f"{tool} was not connected by codeplan", as_json)
        results = connections.undo(tool, force)
    except NotEditable as error:
        give_up(f"left as it is: {error}. --force puts the file back whole", as_json)
    except OSError as error:
        give_up(f"it could not be taken back: {error}", as_json)
    if as_json:
        files = [str(result.path) for result in results]
        print_json({"tool": tool, "files": files, "notes": [*map(_told, results)]})
        return
    for result in results:
        click.echo(_told(result))


def _told(result: TakenBack) -> str:
    copies = (
        f"; what stood there before is in {' and '.join(result.copies)}" if result.copies else ""
    )
    if result.replaced:
        return f"{result.path}: as it was before; what stood there is in {result.replaced}{copies}."
    if result.is_gone:
        return f"{result.path} was deleted since{copies}."
    if result.changed:
        names = ", ".join(".".join(path) for path in result.changed)
        return f"{result.path}: {names} changed since and stays; the rest is as it was{copies}."
    if result.copies:
        return f"{result.path}: nothing of it is codeplan's any more{copies}."
    return f"{result.path}: as it was."
