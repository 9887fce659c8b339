"""``codeplan connect`` and ``codeplan disconnect``: a tool's own configuration, set up and put
back."""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from codeplan.cli.calling import DEFAULT_URL, call
from codeplan.cli.editing.change import Backups, Changed, planned
from codeplan.cli.editing.json_text import NotEditable
from codeplan.cli.printing import give_up, json_option, print_json, say
from codeplan.clients.base import Client
from codeplan.clients.entry import Entry, EntryClient
from codeplan.clients.set_up import ModelLimits, Plan, SetUp, is_configuration, is_variable
from codeplan.config.build_clients import built_in_clients

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


@click.command()
@click.argument("tool", required=False)
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
    url = url.rstrip("/")
    client = _client(tool or _ask_tool(as_json), url, as_json)
    key = key or click.prompt("Key", hide_input=True, err=True)
    plan = _plan(url, key, as_json)
    set_ups = client.set_up(plan)
    if not set_ups:
        _show_by_hand(client, plan, as_json)
        return
    files, changed = _change(client, set_ups, key, yes, as_json)
    if as_json:
        print_json({"tool": client.id, "files": files, "changed": changed})
    else:
        click.echo(f"{client.name} uses your plan now. {set_ups[0].then}")
        click.echo(f"codeplan disconnect {client.id} puts {', '.join(files)} back as it was.")


def _change(
    client: Client, set_ups: Sequence[SetUp], key: str, yes: bool, as_json: bool
) -> tuple[list[str], bool]:
    """Write the tool's files, once the change was shown; their paths, and whether any changed."""
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
    return [str(change.path) for change in changes], changed


def _show_by_hand(client: Client, plan: Plan, as_json: bool) -> None:
    """Print what its person has to put in: lines for a shell, or a text and its place."""
    environment, pastes = client.environment(plan), client.paste(plan)
    if not environment and not pastes:
        give_up(f"{client.name} is set up in its own window: give it the address and key", as_json)
    if as_json:
        print_json(
            {
                "tool": client.id,
                "files": [],
                "changed": False,
                "environment": environment,
                "paste": [{"where": one.where, "text": one.text} for one in pastes],
            }
        )
        return
    if environment:
        click.echo(f"# {client.name} reads these from the shell that starts it:")
        for name, value in environment.items():
            click.echo(f"export {name}={shlex.quote(value)}")
    for one in pastes:
        click.echo(f"# Into {one.where}:")
        click.echo(one.text)


@click.command()
@click.argument("tool")
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
        for client in built_in_clients().known
        if any(shutil.which(program) for program in client.programs)
    ]


def _client(tool: str, url: str, as_json: bool) -> Client:
    """The tool of that id: one that this command knows, or that the service's operator added."""
    built_in = built_in_clients()
    known = built_in.named(tool)
    if known is not None and tool in built_in.ids:
        return known
    listed: list[dict[str, Any]] = call("GET", f"{url}/api/clients", "", as_json)["clients"]
    entry = next((one["entry"] for one in listed if one["id"] == tool and "entry" in one), None)
    if entry is None:
        ids = sorted({one["id"] for one in listed} | built_in.ids)
        give_up(f"there is no tool {tool!r}; there are {', '.join(ids)}", as_json)
    return EntryClient(_checked(entry, tool, as_json))


def _checked(value: Any, tool: str, as_json: bool) -> Entry:
    """An entry that a service describes, where it names nothing but settings."""
    try:
        entry = msgspec.convert(value, Entry)
    except msgspec.ValidationError as error:
        give_up(
            f"the service describes {tool} as another version of codeplan does: {error}", as_json
        )
    for file in (file for one in entry.set_up for file in one.files):
        if not is_configuration(file):
            give_up(f"the service would write {file!r}, which is no tool's settings", as_json)
    shown = (entry.id, entry.name, *(file.then for file in entry.set_up))
    if not _ID.fullmatch(entry.id) or not all(text.isprintable() for text in shown):
        give_up(f"the service describes {tool} with signs that no tool's name has", as_json)
    if any(not file.files for file in entry.set_up):
        give_up(f"the service names no file of {tool} to write", as_json)
    for name in entry.environment:
        if not is_variable(name):
            give_up(f"the service would set {name!r}, which is no variable's name", as_json)
    return entry


def _ask_tool(as_json: bool) -> str:
    found = [client.id for client in installed()]
    if not found:
        ids = ", ".join(sorted(built_in_clients().ids))
        give_up(f"no tool was found; name one of {ids}", as_json)
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
    limits = msgspec.convert(shown["plan"].get("model_limits", {}), dict[str, ModelLimits])
    os.environ.pop("CODEPLAN_KEY", None)
    return Plan(url, key, models[0], models[-1], limits, _own_command())


def _own_command() -> str:
    """How this program is run from anywhere: by the path it was started by."""
    program = Path(sys.argv[0]).resolve()
    if program.name == "codeplan" and os.access(program, os.X_OK):
        return shlex.quote(str(program))
    return f"{shlex.quote(sys.executable)} -m codeplan.cli"
