"""``codeplan statusline``: one line for Claude Code's status line.

Claude Code runs it with its own environment, in which the address and the key stand.
"""

import os
from typing import Any

import click
import httpx
import msgspec

from codeplan.cli.printing import local_time
from codeplan.cli.status import of_whom

_SECONDS = 3.0


@click.command()
@click.option("--url", envvar="ANTHROPIC_BASE_URL", help="The service (or ANTHROPIC_BASE_URL).")
@click.option("--key", envvar="ANTHROPIC_AUTH_TOKEN", help="Your key (or ANTHROPIC_AUTH_TOKEN).")
def statusline(url: str | None, key: str | None) -> None:
    """Print what is left of each window, on one line."""
    if not url or not key:
        click.echo("codeplan: ANTHROPIC_BASE_URL and ANTHROPIC_AUTH_TOKEN are not set")
        return
    os.environ.pop("ANTHROPIC_AUTH_TOKEN", None)
    try:
        with httpx.Client(timeout=_SECONDS, trust_env=False) as client:
            answer = client.get(
                f"{url.removesuffix('/').removesuffix('/api/anthropic')}/api/account/plan",
                headers={"authorization": f"Bearer {key}"},
            )
            shown = msgspec.json.decode(answer.content)
    except (httpx.HTTPError, httpx.InvalidURL, msgspec.DecodeError):
        click.echo("codeplan: no answer")
        return
    if answer.is_error or shown.get("plan") is None:
        click.echo("codeplan: no plan for this key")
        return
    parts = [_part(window) for window in shown["windows"]]
    click.echo(f"{shown['plan']['name']}: {' · '.join(parts)}")


def _part(window: dict[str, Any]) -> str:
    text = f"{window['window']}{of_whom(window)} {window['left']} of {window['limit']} left"
    if window["stops_at"]:
        return f"{text}, at this pace until {_short(window['stops_at'])}"
    return f"{text}, resets {_short(window['resets_at'])}" if window["resets_at"] else text


def _short(instant: object) -> str:
    """Day and minute, in the zone of whoever reads it."""
    return local_time(str(instant))[5:16]
