"""``codeplan status``: what is left of a plan, and when it comes back."""

from typing import Any

import click

from codeplan.cli.calling import DEFAULT_URL, call
from codeplan.cli.printing import json_option, local_time, print_json


@click.command()
@click.option("--url", default=DEFAULT_URL, show_default=True, help="The service's address.")
@click.option("--key", required=True, envvar="CODEPLAN_KEY", help="Your key (or CODEPLAN_KEY).")
@json_option
def status(url: str, key: str, as_json: bool) -> None:
    """Show each window: its limit, what is used and left, and when it resets."""
    shown = call("GET", f"{url.rstrip('/')}/api/account/plan", key, as_json)
    if as_json:
        print_json(shown)
        return
    plan = shown["plan"]
    if plan is None:
        click.echo(f"{shown['email']}: no plan that is running")
        return
    click.echo(f"{shown['email']}: plan {plan['name']}, until {local_time(plan['ends_at'])}")
    for window in shown["windows"]:
        running = f" ({window['reserved']} running)" if window["reserved"] else ""
        resets = (
            f"resets {local_time(window['resets_at'])}"
            if window["resets_at"]
            else "opens with the next prompt"
        )
        click.echo(
            f"  {window['window']}{of_whom(window)}: {window['used']} of {window['limit']}"
            f" {window['unit']}s used{running}, {window['left']} left, {resets}"
        )
        ahead = _ahead(window)
        if ahead:
            click.echo(f"    {ahead}")


def of_whom(window: dict[str, Any]) -> str:
    """Whose limit it is, where that is not the plan's."""
    return {"key": " (this key)", "member": " (your seat)"}.get(window["scope"], "")


def _ahead(window: dict[str, Any]) -> str:
    """The forecast, where there is enough to make one from."""
    if window["pace"] is None:
        return ""
    pace = f"{window['pace']} {window['unit']}s an hour"
    if window["stops_at"]:
        return f"at this pace ({pace}) you stop at {local_time(window['stops_at'])}"
    return f"at this pace ({pace}) it lasts"
