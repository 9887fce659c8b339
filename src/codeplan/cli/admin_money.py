"""``codeplan admin clock, codes, order, ledger``: the operator's commands for money."""

from pathlib import Path
from urllib.parse import urlencode

import click

from codeplan.cli.operating import ask, once_option, service_options
from codeplan.cli.printing import json_option, print_json

_PERIOD = click.Choice(["month", "quarter", "year"])


@click.command()
@click.argument("email")
@click.option("--days", default=0, type=click.IntRange(0, 36_600), help="Forwards by so many.")
@click.option("--to", default="", help="To a time such as 2027-12-01T00:00+08:00.")
@service_options
@json_option
def clock(email: str, days: int, to: str, url: str, data: Path, as_json: bool) -> None:
    """Move one account's test clock forwards: it lives through all that is due on the way."""
    moved = ask("POST", "clock", url, data, as_json, {"email": email, "days": days, "to": to})
    if as_json:
        print_json(moved)
        return
    click.echo(f"{moved['from']} -> {moved['now']}: {moved['done']} pieces of work")
    if moved["plan"]:
        click.echo(f"{moved['plan']} is {moved['state']}, until {moved['ends_at']}")


@click.group()
def codes() -> None:
    """Redeem codes."""


@codes.command("make")
@click.argument("batch")
@click.argument("number", type=click.IntRange(1, 10_000))
@click.option("--plan", default="", help="For a plan's period.")
@click.option("--period", type=_PERIOD, default="month", show_default=True)
@click.option("--pack", default="", help="For a resource pack.")
@click.option("--amount", default="", help="For a bonus, such as 40.00.")
@click.option("--currency", default="CNY", show_default=True)
@click.option("--expires", default="", help="The last day, such as 2027-01-31.")
@once_option
@service_options
@json_option
def make_codes(
    batch: str,
    number: int,
    plan: str,
    period: str,
    pack: str,
    amount: str,
    currency: str,
    expires: str,
    once: str,
    url: str,
    data: Path,
    as_json: bool,
) -> None:
    """Make NUMBER codes under the name BATCH, shown this once."""
    wanted = {
        "batch": batch,
        "number": number,
        "plan": plan,
        "period": period,
        "pack": pack,
        "amount": amount,
        "currency": currency,
        "expires": expires,
    }
    made = ask("POST", "codes", url, data, as_json, wanted, once)
    if as_json:
        print_json(made)
    else:
        click.echo("\n".join(made["codes"]))


@click.group()
def order() -> None:
    """Orders, transfers and refunds."""


@order.command("list")
@click.option("--email", default="", help="Of one account.")
@click.option("--state", default="", help="pending, paid, credited, failed, expired or refunded.")
@service_options
@json_option
def list_orders(email: str, state: str, url: str, data: Path, as_json: bool) -> None:
    """Show orders, the newest first."""
    query = urlencode({"email": email, "state": state})
    found = ask("GET", f"orders?{query}", url, data, as_json)
    if as_json:
        print_json(found)
        return
    for one in found:
        what = one["lines"][0]["name"] if one["lines"] else ""
        click.echo(
            f"{one['id']}  {one['made_at']}  {one['state']:<9} {one['amount']:>12}"
            f"  {one['provider']:<8} {what}"
        )


@order.command()
@click.argument("order_id")
@click.argument("amount")
@click.option("--reference", required=True, help="The transfer's number at the bank.")
@once_option
@service_options
@json_option
def confirm(
    order_id: str, amount: str, reference: str, once: str, url: str, data: Path, as_json: bool
) -> None:
    """Say that AMOUNT came in by transfer for ORDER_ID."""
    body = {"reference": reference, "amount": amount}
    made = ask("POST", f"orders/{order_id}/confirm", url, data, as_json, body, once)
    if as_json:
        print_json(made)
    else:
        click.echo(f"{order_id} is {made['state']}")


@order.command()
@click.argument("order_id")
@click.argument("amount")
@click.option("--reason", required=True, help="Stands on the credit note.")
@click.option("--to", type=click.Choice(["balance", "provider"]), default="balance")
@click.option("--ends-plan", is_flag=True, help="And end what the order bought.")
@once_option
@service_options
@json_option
def refund(
    order_id: str,
    amount: str,
    reason: str,
    to: str,
    ends_plan: bool,
    once: str,
    url: str,
    data: Path,
    as_json: bool,
) -> None:
    """Give back AMOUNT of what was paid for ORDER_ID."""
    body = {"amount": amount, "reason": reason, "to": to, "ends_plan": ends_plan}
    made = ask("POST", f"orders/{order_id}/refund", url, data, as_json, body, once)
    if as_json:
        print_json(made)
    else:
        click.echo(f"{amount} of {order_id} were given back to the {to}")


@click.group()
def ledger() -> None:
    """The ledger: what was earned, and whether it is right."""


@ledger.command()
@service_options
@json_option
def check(url: str, data: Path, as_json: bool) -> None:
    """Check every balance, entry and payment now. Ends with 1 where something is wrong."""
    found = ask("POST", "ledger/check", url, data, as_json)["findings"]
    if as_json:
        print_json({"findings": found})
    else:
        click.echo("the books are right" if not found else f"{len(found)} contradictions:")
        for one in found:
            click.echo(f"  {one['about']}: {one['text']}")
    if found:
        raise SystemExit(1)


@ledger.command()
@service_options
@json_option
def show(url: str, data: Path, as_json: bool) -> None:
    """Show what was earned, given, owed and received."""
    found = ask("GET", "ledger", url, data, as_json)
    if as_json:
        print_json(found)
        return
    for one in found:
        click.echo(f"  {one['account']:<20} {one['sum']:>20}")
