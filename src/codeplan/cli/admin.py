"""``codeplan admin …``: the operator's commands. They talk to the running service."""

from pathlib import Path
from urllib.parse import urlencode

import click

from codeplan.cli.admin_clients import clients
from codeplan.cli.admin_money import clock, codes, ledger, order
from codeplan.cli.admin_service import COMMANDS
from codeplan.cli.operating import ask, once_option, service_options
from codeplan.cli.printing import json_option, print_json


@click.group()
def admin() -> None:
    """Run the service: accounts and plans."""


@admin.group()
def account() -> None:
    """Subscribers' accounts."""


@admin.group()
def promotions() -> None:
    """What plans cost, and when."""


for _command in (clients, clock, codes, ledger, order, *COMMANDS):
    admin.add_command(_command)


@promotions.command()
@click.option("--at", help="A time such as 2026-12-08T00:00+08:00; now where none is given.")
@service_options
@json_option
def preview(at: str | None, url: str, data: Path, as_json: bool) -> None:
    """Show every price at one time, for each plan, period and kind of purchase."""
    query = f"?{urlencode({'at': at})}" if at else ""
    shown = ask("GET", f"promotions/preview{query}", url, data, as_json)
    if as_json:
        print_json(shown)
        return
    click.echo(f"prices at {shown['at']}")
    for price in shown["prices"]:
        discounts = [line for line in price["lines"] if line["kind"] == "discount"]
        how = "".join(f", {line['name']} {line['amount']}" for line in discounts)
        click.echo(
            f"  {price['plan']:<6} {price['period']:<8} {price['kind']:<8} {price['due']:>10}"
            f"   renews at {price['renews_at']}{how}"
        )


@account.command()
@click.argument("email")
@click.option("--plan", help="The id of a plan in the catalogue, such as lite, pro or max.")
@click.option("--period", type=click.Choice(["month", "quarter", "year"]), default="month")
@service_options
@json_option
def create(email: str, plan: str | None, period: str, url: str, data: Path, as_json: bool) -> None:
    """Create an account and its key, with a plan where one is named."""
    wanted = {"email": email, "plan": plan, "period": period}
    made = ask("POST", "accounts", url, data, as_json, wanted)
    if as_json:
        print_json(made)
        return
    click.echo(f"account  {made['account_id']}")
    click.echo(f"e-mail   {made['email']}")
    click.echo(f"plan     {made['plan'] or 'none'}")
    click.echo(f"key      {made['key']}   (shown only now)")


@account.command()
@click.argument("email")
@click.argument("amount")
@click.option("--currency", default="CNY", show_default=True)
@click.option("--bonus", is_flag=True, help="Given, not paid in: spent first, never paid out.")
@click.option("--reference", required=True, help="What it is for: a transfer's number, a reason.")
@once_option
@service_options
@json_option
def credit(
    email: str,
    amount: str,
    currency: str,
    bonus: bool,
    reference: str,
    once: str,
    url: str,
    data: Path,
    as_json: bool,
) -> None:
    """Put AMOUNT (such as 40.00) onto an account's balance."""
    wanted = {
        "email": email,
        "amount": amount,
        "currency": currency,
        "reference": reference,
        "kind": "bonus" if bonus else "top_up",
    }
    entry = ask("POST", "balance", url, data, as_json, wanted, once)
    if as_json:
        print_json(entry)
    else:
        click.echo(f"{amount} {currency} are on {email}'s balance ({entry['id']})")


@account.command()
@click.argument("email")
@click.argument("plan")
@click.option("--period", type=click.Choice(["month", "quarter", "year"]), default="month")
@once_option
@service_options
@json_option
def grant(
    email: str, plan: str, period: str, once: str, url: str, data: Path, as_json: bool
) -> None:
    """Give an account PLAN: it extends or upgrades what runs."""
    wanted = {"email": email, "plan": plan, "period": period}
    made = ask("POST", "grants", url, data, as_json, wanted, once)
    if as_json:
        print_json(made)
    else:
        click.echo(f"{email} has {made['plan']} until {made['ends_at']}")


@account.command()
@click.argument("email")
@click.option("--why", default="", help="What the person is told; without it, the plan goes on.")
@once_option
@service_options
@json_option
def restrict(email: str, why: str, once: str, url: str, data: Path, as_json: bool) -> None:
    """Stop an account's plan from serving calls, or let it go on."""
    body = {"email": email, "why": why}
    told = ask("POST", "restrictions", url, data, as_json, body, once)
    if as_json:
        print_json(told)
    else:
        click.echo(f"{email} is restricted: {why}" if why else f"{email} goes on")
