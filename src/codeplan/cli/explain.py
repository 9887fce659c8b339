"""``codeplan explain``: what a prompt was charged, and why."""

from collections.abc import Iterator
from typing import Any

import click

from codeplan.cli.calling import DEFAULT_URL, call
from codeplan.cli.printing import give_up, json_option, local_time, print_json

_FELT_SECONDS = 0.1


@click.command()
@click.argument("prompt_id", required=False, metavar="[ID]")
@click.option("--url", default=DEFAULT_URL, show_default=True, help="The service's address.")
@click.option("--key", required=True, envvar="CODEPLAN_KEY", help="Your key (or CODEPLAN_KEY).")
@click.option("--verify", is_flag=True, help="Recompute every charge from what is stored.")
@json_option
def explain(prompt_id: str | None, url: str, key: str, verify: bool, as_json: bool) -> None:
    """Explain a prompt, or the call with a request id, also one that was refused in the last 14
    days. Without an ID: the newest prompts."""
    base = f"{url.rstrip('/')}/api/usage/prompts"
    if prompt_id is None:
        listed = call("GET", f"{base}?limit=20", key, as_json)
        if as_json:
            print_json(listed)
            return
        for prompt in listed["prompts"]:
            click.echo(_line(prompt))
        return
    receipt = call("GET", f"{base}/{prompt_id}{'?verify=true' if verify else ''}", key, as_json)
    if as_json:
        print_json(receipt)
    else:
        _show(receipt)
    if verify and not receipt.get("verified") and not receipt.get("refused"):
        give_up("the stored charges do not agree with the plan they were made under", as_json)


def _line(prompt: dict[str, Any]) -> str:
    charged = {
        "settled": f"{prompt['units']} charged",
        "released": f"free ({prompt['reason']})",
        "reserved": "running",
    }[prompt["state"]]
    return (
        f"{prompt['id']}  {local_time(prompt['opened_at'])}  {prompt['client_name']}"
        f"  {prompt['calls']} calls  {charged}"
    )


def _show_refused(refused: dict[str, Any]) -> None:
    click.echo(f"{refused['id']}  {local_time(refused['at'])}  {refused['state']}")
    click.echo(f"  {refused['status']} {refused['code']} at {refused['path']}")
    click.echo(f"  {refused['message']}")
    click.echo(f"  it calls itself: {refused['user_agent'] or 'nothing'}")
    click.echo(f"  its system prompt begins: {refused['system_begins'] or '(it has none)'}")
    click.echo(f"  it offers: {', '.join(refused['tools']) or 'no tools'}")


def _show(receipt: dict[str, Any]) -> None:
    if receipt.get("refused"):
        _show_refused(receipt["refused"])
        return
    prompt, plan = receipt["prompt"], receipt.get("plan")
    if prompt is not None:
        click.echo(_line(prompt))
        click.echo(f"  turn {prompt['turn']} of session {prompt['session'] or '(none told)'}")
        click.echo(f"  because: {prompt['why']}")
        if plan is not None:
            click.echo(
                f"  plan {plan['name']}, catalogue {plan['catalogue_version']},"
                f" multiplier {prompt['multiplier']}"
            )
        for charge in prompt["charges"]:
            click.echo(f"  {_charge(charge)}")
    for one in receipt["calls"]:
        tokens = ", ".join(f"{number} {name}" for name, number in one["tokens"].items() if number)
        free = f"; free: {one['free']}" if one["free"] else ""
        click.echo(f"  {one['id']}  {one['model']} by {one['upstream'] or 'no upstream'}")
        click.echo(f"    {one['why']}; {one['outcome'] or one['state']}{free}")
        estimated = " (estimated: the upstream told no usage)" if one["tokens_estimated"] else ""
        click.echo(f"    {tokens or 'no tokens reported'}{estimated}{_speed(one)}")
        for line in _course(one):
            click.echo(f"    {line}")
        for charge in one["charges"]:
            click.echo(f"    {_charge(charge)}")
    for check in receipt.get("checks", ()):
        if not check["agrees"]:
            click.echo(
                f"  ! {check['what']}: stored {check['stored']}, recomputed {check['recomputed']}"
            )
    if receipt.get("verified"):
        click.echo("  verified: every charge comes out the same from what is stored")


def _charge(charge: dict[str, Any]) -> str:
    name = f"{charge['window']} {charge['unit']}s"
    if charge["raised_by"]:
        name += f", more for the dearer model of {charge['raised_by']}"
    if charge["charged"] is None:
        return (
            f"{name}: {charge['held']} held, {charge['taken_before']} of {charge['limit']} before"
        )
    return (
        f"{name}: {charge['charged']} charged,"
        f" {charge['taken_before']} before, {charge['taken_after']} after, of {charge['limit']}"
    )


def _course(one: dict[str, Any]) -> Iterator[str]:
    """What a call waited for before it was sent on, where that can be felt, and the tries of
    upstreams that failed."""
    queued = one["waited_for"]["a_place_among_calls_at_once"]
    booked = one["waited_for"]["its_reservation"]
    if queued >= _FELT_SECONDS:
        yield f"waited {queued} s for a place among the plan's calls at once"
    if booked >= _FELT_SECONDS:
        yield f"waited {booked} s for its reservation"
    for attempt in one["tries"]:
        if attempt["why"]:
            after, seconds = attempt["after_seconds"], attempt["seconds"]
            yield f"{attempt['upstream']}, after {after} s, for {seconds} s: {attempt['why']}"


def _speed(one: dict[str, Any]) -> str:
    if one["seconds_to_first_content"] is None:
        return ""
    rate = f", {one['tokens_per_second']} tokens/s" if one["tokens_per_second"] else ""
    return f"; first content after {one['seconds_to_first_content']} s{rate}"
