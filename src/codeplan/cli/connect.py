"""``codeplan connect`` and ``codeplan disconnect``: a tool's own configuration, set up and put
back."""

import os
import shutil
import sys
from pathlib import Path

import click

from codeplan.cli.calling import DEFAULT_URL, call
from codeplan.cli.editing.change import Backups, Changed, planned
from codeplan.cli.editing.json_text import NotEditable
from codeplan.cli.printing import give_up, json_option, print_json, say
from codeplan.clients.base import Client
from codeplan.clients.known import KNOWN
from codeplan.clients.set_up import Plan

TOOLS = {client.id: client for client in KNOWN if client.programs}


@click.command()
@click.argument("tool", required=False, type=click.Choice(sorted(TOOLS)))
@click.option("--url", default=DEFAULT_URL, show_default=True, help="The service's address.")
@click.option(
    "--key",
    envvar="CODEPLAN_KEY",
    help="Your key; asked for when not given here or in CODEPLAN_KEY.",
)
@click.option("--yes", is_flag=True, help="Do not ask before changing the file.")
@json_option
def connect(tool: str | None, url: str, key: str | None, yes: bool, as_json: bool) -> None:
    """Write TOOL's configuration so that it uses your plan; the change is shown first."""
    client = TOOLS[tool or _ask_tool(as_json)]
    key = key or click.prompt("Key", hide_input=True, err=True)
    url = url.rstrip("/")
    plan = _plan(url, key, as_json)
    set_ups = client.set_up(plan)
    home = Path.home()
    try:
        changes = [planned(set_up, home) for set_up in set_ups]
    except (NotEditable, OSError) as error:
        give_up(f"{client.name}'s configuration is left as it is: {error}", as_json)
    changed = any(change.before != change.after for change in changes)
    if changed:
        for change in changes:
            say(change.diff(key))
        if not yes and not click.confirm("Change it?", err=True):
            give_up("nothing was changed", as_json)
        Backups(home).do(client.id, changes)
    files = [str(change.path) for change in changes]
    if as_json:
        print_json({"tool": client.id, "files": files, "changed": changed})
    else:
        click.echo(f"{client.name} uses your plan now. {set_ups[0].then}")
        click.echo(f"codeplan disconnect {client.id} puts {', '.join(files)} back as it was.")


@click.command()
@click.argument("tool", type=click.Choice(sorted(TOOLS)))
@click.option("--force", is_flag=True, help="Also when the file was changed since.")
@json_option
def disconnect(tool: str, force: bool, as_json: bool) -> None:
    """Put TOOL's configuration back, byte for byte, as `connect` found it."""
    backups = Backups(Path.home())
    if not backups.has(tool):
        give_up(f"{tool} was not connected by codeplan", as_json)
    try:
        paths = [str(path) for path in backups.undo(tool, force)]
    except Changed as changed:
        give_up(
            f"{changed} was changed since; --force puts it back all the same, and loses that",
            as_json,
        )
    if as_json:
        print_json({"tool": tool, "files": paths})
    else:
        click.echo(f"{', '.join(paths)}: as it was.")


def installed() -> list[Client]:
    """The tools whose program is on the path."""
    return [
        client
        for client in TOOLS.values()
        if any(shutil.which(program) for program in client.programs)
    ]


def _ask_tool(as_json: bool) -> str:
    found = [client.id for client in installed()]
    if not found:
        give_up(f"no tool was found; name one of {', '.join(sorted(TOOLS))}", as_json)
    if len(found) == 1:
        say(f"found {found[0]}")
        return found[0]
    if not sys.stdin.isatty():
        give_up(f"found {', '.join(found)}: name one of them", as_json)
    chosen: str = click.prompt("Which tool", type=click.Choice(found), err=True)
    return chosen


def _plan(url: str, key: str, as_json: bool) -> Plan:
    """Ask the service for the plan's models: the first is for large work, the last for small."""
    shown = call("GET", f"{url}/api/account/plan", key, as_json)
    if shown["plan"] is None:
        give_up("this key's account has no plan that is running", as_json)
    models = shown["plan"]["models"]
    os.environ.pop("CODEPLAN_KEY", None)
    return Plan(url, key, models[0], models[-1])
