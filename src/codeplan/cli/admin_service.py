"""``codeplan admin today, find, invite, plans, upstreams, cases, jobs, seed-demo,
benefit-codes``: the operator's
commands for the whole service."""

import time
from pathlib import Path
from urllib.parse import quote, urlencode

import click

from codeplan.cli.operating import ask, once_option, service_options
from codeplan.cli.printing import json_option, print_json
from codeplan.kit.money import written

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_LOOK_SECONDS = 0.5


@click.command()
@service_options
@json_option
def today(url: str, data: Path, as_json: bool) -> None:
    """Show how the business does since midnight."""
    shown = ask("GET", "today", url, data, as_json)
    if as_json:
        print_json(shown)
        return
    figures = shown["figures"]
    click.echo(f"{shown['day']}: {figures['prompts']} prompts, {figures['calls']} calls")
    for name in ("revenue", "cost"):
        for currency, amount in figures[name].items():
            click.echo(f"  {name:<8} {written(amount, currency)}")
    click.echo(f"  {sum(one['number'] for one in shown['plans'])} plans run")
    for code, number in shown["refusals"].items():
        click.echo(f"  refused  {code}: {number}")
    for name, did in shown["upstreams"].items():
        speed = f", {did['speed']} tokens/s" if did["speed"] is not None else ""
        click.echo(f"  upstream {name}: {did['calls']} calls, {did['failed']} failed{speed}")


@click.command()
@click.argument("text", default="")
@service_options
@json_option
def find(text: str, url: str, data: Path, as_json: bool) -> None:
    """Look for accounts whose address has TEXT in it."""
    shown = ask("GET", f"accounts?{urlencode({'text': text, 'limit': 200})}", url, data, as_json)
    if as_json:
        print_json(shown)
        return
    for one in shown["accounts"]:
        click.echo(f"{one['email']:<40} {one['plan'] or '-':<8} {one['state'] or '-'}")


@click.command()
@click.argument("email", default="")
@once_option
@service_options
@json_option
def invite(email: str, once: str, url: str, data: Path, as_json: bool) -> None:
    """Make an invitation to sign up; for EMAIL alone where it is given."""
    shown = ask("POST", "invitations", url, data, as_json, {"email": email}, once)
    if as_json:
        print_json(shown)
        return
    click.echo(f"{shown['address']}   (shown only now)")


@click.group()
def plans() -> None:
    """What a draft of the catalogue would do."""


@plans.command()
@click.argument("draft", type=_FILE)
@service_options
@json_option
def changes(draft: Path, url: str, data: Path, as_json: bool) -> None:
    """Show what the codeplan.toml DRAFT would change."""
    shown = ask("POST", "plans/changes", url, data, as_json, {"toml": draft.read_text("utf-8")})
    if as_json:
        print_json(shown)
        return
    for one in shown:
        click.echo(f"{one['path']}: {one['before'] or '-'} -> {one['after'] or '-'}")
    if not shown:
        click.echo("nothing would change")


@plans.command()
@click.argument("draft", type=_FILE)
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 62))
@once_option
@service_options
@json_option
def simulate(draft: Path, days: int, once: str, url: str, data: Path, as_json: bool) -> None:
    """Replay the last days' real use under the codeplan.toml DRAFT."""
    body = {"toml": draft.read_text("utf-8"), "days": days}
    begun = ask("POST", "plans/simulations", url, data, as_json, body, once)
    path = f"plans/simulations/{quote(begun['id'])}"
    while (shown := ask("GET", path, url, data, as_json))["state"] == "running":
        time.sleep(_LOOK_SECONDS)
    if as_json:
        print_json(shown)
        return
    click.echo(f"{shown['state']}: {shown['done']} accounts over {days} days")
    for name in ("now", "then"):
        for plan, one in shown[name]["plans"].items():
            earned = " ".join(written(n, currency) for currency, n in one["revenue"].items())
            click.echo(
                f"  {name:<5} {plan:<8} {one['limited']} of {one['accounts']} meet a limit,"
                f" {one['refused']} of {one['prompts']} prompts refused {earned}"
            )


@click.group()
def upstreams() -> None:
    """Where calls go."""


@upstreams.command("list")
@service_options
@json_option
def list_upstreams(url: str, data: Path, as_json: bool) -> None:
    """Show each upstream with what it did since midnight."""
    shown = ask("GET", "upstreams", url, data, as_json)
    if as_json:
        print_json(shown)
        return
    for one in shown:
        state = "out of service" if one["drained"] else "in service"
        click.echo(f"{one['name']:<20} {state}, {one['calls']} calls")


@upstreams.command()
@click.argument("name")
@click.option("--back", is_flag=True, help="Put it back into service.")
@service_options
@json_option
def drain(name: str, back: bool, url: str, data: Path, as_json: bool) -> None:
    """Take the upstream NAME out of service: no new call goes there."""
    shown = ask("PUT", f"upstreams/{quote(name)}", url, data, as_json, {"drained": not back})
    if as_json:
        print_json(shown)
        return
    click.echo(f"{name}: {'in' if back else 'out of'} service")


@click.group()
def cases() -> None:
    """Cases of suspected sharing."""


@cases.command("list")
@click.option("--state", default="", help="open, appealed, dismissed or restricted")
@service_options
@json_option
def list_cases(state: str, url: str, data: Path, as_json: bool) -> None:
    """Show cases, the newest first."""
    shown = ask("GET", f"cases?{urlencode({'state': state})}", url, data, as_json)
    if as_json:
        print_json(shown)
        return
    for one in shown:
        what = ", ".join(f"{each['number']} {each['what']}" for each in one["suspicions"])
        click.echo(f"{one['id']}  {one['state']:<10} {one['account_id']}  {what}")


@cases.command()
@click.argument("case_id")
@click.option("--restrict", is_flag=True, help="Restrict the account's plan.")
@click.option("--text", required=True, help="What the person is told.")
@once_option
@service_options
@json_option
def decide(
    case_id: str, restrict: bool, text: str, once: str, url: str, data: Path, as_json: bool
) -> None:
    """Dismiss the case, or restrict the plan."""
    body = {"restrict": restrict, "text": text}
    shown = ask("POST", f"cases/{quote(case_id)}", url, data, as_json, body, once)
    if as_json:
        print_json(shown)
        return
    click.echo(f"{case_id} is {shown['state']}")


@click.command()
@service_options
@json_option
def jobs(url: str, data: Path, as_json: bool) -> None:
    """Show what ran by the clock."""
    shown = ask("GET", "jobs", url, data, as_json)
    if as_json:
        print_json(shown)
        return
    for one in shown:
        click.echo(f"{one['name']:<24} {one['at']}  {one['problem'] or ''}")


@click.command("seed-demo")
@click.option("--people", default=8, show_default=True, type=click.IntRange(1, 200))
@click.option("--remove", is_flag=True, help="Remove them again, with all that is theirs.")
@once_option
@service_options
@json_option
def seed_demo(people: int, remove: bool, once: str, url: str, data: Path, as_json: bool) -> None:
    """Make up people with a month of use, for trying the service out. Their addresses end in
    demo.invalid."""
    if remove:
        shown = ask("DELETE", "demo", url, data, as_json)
    else:
        shown = ask("POST", "demo", url, data, as_json, {"people": people}, once)
    if as_json:
        print_json(shown)
    elif remove:
        click.echo(f"{shown['removed']} made-up people are gone")
    else:
        click.echo("\n".join(shown["made"]) or "they are there already")
        if shown["key"]:
            click.echo(f"the first one's key, shown only now: {shown['key']}")


@click.command("benefit-codes")
@click.argument("benefit")
@click.argument("file", type=_FILE)
@service_options
@json_option
def benefit_codes(benefit: str, file: Path, url: str, data: Path, as_json: bool) -> None:
    """Put in a partner's codes, a line each, that people may claim as BENEFIT."""
    codes = [line.strip() for line in file.read_text().splitlines() if line.strip()]
    path = f"benefits/{quote(benefit, safe='')}/codes"
    shown = ask("POST", path, url, data, as_json, {"codes": codes})
    if as_json:
        print_json(shown)
    else:
        click.echo(f"{shown['added']} new; {shown['left']} are left to be claimed")


COMMANDS = (today, find, invite, plans, upstreams, cases, jobs, seed_demo, benefit_codes)
