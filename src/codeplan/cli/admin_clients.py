"""``codeplan admin clients unknown, learn``: programs that are not known as coding tools."""

from pathlib import Path

import click

from codeplan.cli.operating import ask, service_options
from codeplan.cli.printing import json_option, local_time, print_json


@click.group()
def clients() -> None:
    """The coding tools that are known, and programs that are not."""


@clients.command()
@service_options
@json_option
def unknown(url: str, data: Path, as_json: bool) -> None:
    """List programs of the last 14 days that are not known, the most frequent first."""
    shown = ask("GET", "clients/unknown", url, data, as_json)
    if as_json:
        print_json(shown)
        return
    for one in shown["programs"]:
        newest = one["newest"]
        name = newest["user_agent"] or "(no user agent)"
        click.echo(
            f"{one['calls']:>6} calls of {one['accounts']} accounts, {newest['state']}  {name}"
        )
        click.echo(f"       {newest['system_begins'][:80] or '(no system prompt)'}")
        click.echo(f"       offers {', '.join(newest['tools'][:8]) or 'no tools'}")
        click.echo(f"       newest {newest['id']}, {local_time(newest['at'])}")


@clients.command()
@click.argument("request_id")
@service_options
@json_option
def learn(request_id: str, url: str, data: Path, as_json: bool) -> None:
    """Print an entry for codeplan.toml by which the program of REQUEST_ID is known."""
    shown = ask("GET", f"clients/learn/{request_id}", url, data, as_json)
    if as_json:
        print_json(shown)
    else:
        click.echo(shown["entry"], nl=False)
