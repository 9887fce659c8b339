"""``codeplan connect``: a tool's own configuration, set up so that it uses a plan."""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from codeplan.cli.calling import DEFAULT_URL, call
from codeplan.cli.editing.change import Change
from codeplan.cli.editing.connections import Changed, Connections, HalfDone
from codeplan.cli.editing.edits import NotEditable
from codeplan.cli.editing.exposure import exposures
from codeplan.cli.editing.obstacles import obstacles
from codeplan.cli.editing.showing import shown
from codeplan.cli.known_clients import client_of, installed
from codeplan.cli.printing import give_up, json_option, print_json, say
from codeplan.cli.trial import Trial, tried
from codeplan.clients.base import Client
from codeplan.clients.set_up import ModelLimits, Plan, SetUp
from codeplan.config.build_clients import built_in_clients


@click.command()
@click.argument("tool", required=False)
@click.option("--url", default=DEFAULT_URL, show_default=True, help="The service's address.")
@click.option(
    "--key",
    envvar="CODEPLAN_KEY",
    help="Your key; asked for when not given here or in CODEPLAN_KEY.",
)
@click.option("--yes", is_flag=True, help="Do not ask before changing the file.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--no-trial", is_flag=True, help="Do not let the tool make a call in the end.")
@json_option
def connect(
    tool: str | None,
    url: str,
    key: str | None,
    yes: bool,
    dry_run: bool,
    no_trial: bool,
    as_json: bool,
) -> None:
    """Write TOOL's configuration so that it uses your plan; the change is shown first. Without
    TOOL: list what is installed, and what each would change."""
    url = url.rstrip("/")
    client = client_of(tool, url, as_json) if tool else None
    key = key or click.prompt("Key", hide_input=True, err=True)
    os.environ.pop("CODEPLAN_KEY", None)
    plan = _plan(url, key, as_json)
    if client is None:
        _list(plan, as_json)
        return
    set_ups = client.set_up(plan)
    if not set_ups:
        _show_by_hand(client, plan, as_json)
        return
    connecting = _Connecting(client, set_ups, plan, as_json)
    changes = connecting.change(yes, dry_run)
    if dry_run:
        trial = Trial("not_tried", "nothing was changed")
    elif no_trial:
        trial = Trial("not_tried", "no call was tried")
    else:
        trial = tried(client, url, key, as_json)
    connecting.report(changes, trial, dry_run)


class _Connecting:
    """One tool that is connected."""

    def __init__(self, client: Client, set_ups: Sequence[SetUp], plan: Plan, as_json: bool) -> None:
        self.client, self.set_ups, self.plan, self.as_json = client, set_ups, plan, as_json
        self.connections = Connections(Path.home(), os.environ)
        self.in_the_way = [
            sentence
            for set_up in set_ups
            for sentence in obstacles(set_up, Path.home(), os.environ, _folder())
        ]
        self.warnings: list[str] = []

    def change(self, yes: bool, dry_run: bool) -> list[Change]:
        """Change the tool's files, once it was shown and asked; shown anew where a file was changed
        meanwhile."""
        while True:
            changes = self._planned()
            self.warnings = [sentence for one in changes for sentence in exposures(one)]
            for change in changes:
                if change.before != change.after:
                    say(shown(change))
            for sentence in [*self.warnings, *self.in_the_way]:
                say(f"! {sentence}")
            if dry_run or not any(change.changes_anything for change in changes):
                return changes
            self._ask(changes, yes)
            if self._planned() != changes:
                say("A file was changed meanwhile; this is what would change now:")
                continue
            try:
                self.connections.do(self.client.id, changes, self.plan.key)
            except Changed:
                say("A file was changed meanwhile; this is what would change now:")
                continue
            except HalfDone as error:
                give_up(str(error), self.as_json)
            except OSError as error:
                give_up(f"nothing was changed: {error}", self.as_json)
            return changes

    def _planned(self) -> list[Change]:
        try:
            return self.connections.plan(self.client.id, self.set_ups, self.plan.key)
        except (NotEditable, OSError) as error:
            name = self.client.name
            give_up(f"{name}'s configuration is left as it is: {error}", self.as_json)

    def _ask(self, changes: Sequence[Change], yes: bool) -> None:
        read_only = [str(change.path) for change in changes if change.is_read_only]
        if read_only and yes:
            give_up(
                f"{', '.join(read_only)} is read-only, as somebody wanted it: give the right to"
                " write, or answer the question (leave --yes out)",
                self.as_json,
            )
        for path in read_only:
            say(f"! {path} is read-only, as somebody wanted it.")
        question = "Change it all the same?" if read_only else "Change it?"
        if not yes and not click.confirm(question, err=True):
            give_up("nothing was changed", self.as_json)

    def report(self, changes: Sequence[Change], trial: Trial, dry_run: bool) -> None:
        """Say what came of it; ends with status 1 where the tool does not use the plan."""
        client, paths = self.client, [str(change.path) for change in changes]
        changed = any(change.changes_anything for change in changes)
        if self.as_json:
            print_json(
                {
                    "tool": client.id,
                    "files": paths,
                    "changed": changed and not dry_run,
                    "would_change": sorted(
                        {".".join(edit.path) for one in changes for edit in one.shown}
                    ),
                    "warnings": [*self.warnings, *self.in_the_way],
                    "trial": trial,
                }
            )
        elif dry_run:
            click.echo(f"{', '.join(paths)}: nothing was changed.")
        else:
            click.echo(self._told(trial))
            click.echo(f"codeplan disconnect {client.id} takes it back.")
        if trial.outcome == "not_used":
            sys.exit(1)

    def _told(self, trial: Trial) -> str:
        name = self.client.name
        if trial.outcome == "used":
            return f"{name} uses your plan now: {trial.says}. {self.set_ups[0].then}"
        if trial.outcome == "not_used":
            return f"{name} is set up, and does not use your plan: {trial.says}"
        blocked = "; it will not use your plan before that is mended" if self.in_the_way else ""
        return f"{name} is set up{blocked}; {trial.says}. {self.set_ups[0].then}"


def _list(plan: Plan, as_json: bool) -> None:
    """What is installed, and what connecting each would change."""
    clients = installed()
    if not clients:
        ids = ", ".join(sorted(built_in_clients().ids))
        give_up(f"no tool is on the path here; codeplan connect TOOL knows {ids}", as_json)
    connections = Connections(Path.home(), os.environ)
    rows = []
    for client in clients:
        row: dict[str, object] = {"tool": client.id, "name": client.name}
        try:
            changes = connections.plan(client.id, client.set_up(plan), plan.key)
            row["files"] = [str(change.path) for change in changes]
            row["would_change"] = [".".join(edit.path) for one in changes for edit in one.shown]
        except (NotEditable, OSError) as error:
            row["error"] = str(error)
        rows.append(row)
    if as_json:
        print_json({"tools": rows})
        return
    for row in rows:
        click.echo(f"{row['name']} (codeplan connect {row['tool']})")
        click.echo(f"    {_row(row)}")


def _row(row: dict[str, object]) -> str:
    if "error" in row:
        return f"cannot be changed: {row['error']}"
    files, settings = row["files"], row["would_change"]
    assert isinstance(files, list)
    assert isinstance(settings, list)
    if not files:
        return "prints what to put in by hand"
    if not settings:
        return f"{', '.join(files)}: nothing to change"
    return f"{', '.join(files)}: would change {', '.join(settings)}"


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


def _plan(url: str, key: str, as_json: bool) -> Plan:
    """Ask the service for the plan's models: the first is for large work, the last for small."""
    account = call("GET", f"{url}/api/account/plan", key, as_json)
    if account["plan"] is None:
        give_up("this key's account has no plan that is running", as_json)
    models = account["plan"]["models"]
    limits = msgspec.convert(account["plan"].get("model_limits", {}), dict[str, ModelLimits])
    return Plan(url, key, models[0], models[-1], limits, _own_command())


def _folder() -> Path:
    """The current folder, unless somebody removed it."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path.home()


def _own_command() -> str:
    """How this program is run from anywhere: by the path it was started by."""
    program = Path(sys.argv[0]).resolve()
    if program.name == "codeplan" and os.access(program, os.X_OK):
        return shlex.quote(str(program))
    return f"{shlex.quote(sys.executable)} -m codeplan.cli"
