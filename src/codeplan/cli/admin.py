"""``codeplan admin …``: the operator's commands. They talk to the running service."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import click

from codeplan.cli.calling import DEFAULT_URL, call
from codeplan.cli.files import read_operator_token
from codeplan.cli.printing import give_up, json_option, print_json
from codeplan.kit import secrets

_F = TypeVar("_F", bound=Callable[..., Any])


@click.group()
def admin() -> None:
    """Run the service: accounts and plans."""


@admin.group()
def account() -> None:
    """Subscribers' accounts."""


@admin.group()
def promotions() -> None:
    """What plans cost, and when."""


def _service_options(command: _F) -> _F:
    """--url and --data: where the service is, and its operator token."""
    folder = click.Path(path_type=Path, file_okay=False)
    token = "The data folder, which holds the operator token."
    command = click.option(
        "--data", type=folder, default=Path("data"), show_default=True, help=token
    )(command)
    address = "The service's address."
    return click.option("--url", default=DEFAULT_URL, show_default=True, help=address)(command)


def _token(data: Path, as_json: bool) -> str:
    token = read_operator_token(data)
    if token is None:
        give_up(f"{data} holds no operator token: is it the service's --data folder?", as_json)
    return token


@promotions.command()
@click.option("--at", help="A time such as 2026-12-08T00:00+08:00; now where none is given.")
@_service_options
@json_option
def preview(at: str | None, url: str, data: Path, as_json: bool) -> None:
    """Show every price at one time, for each plan, period and kind of purchase."""
    path = f"{url.rstrip('/')}/api/admin/promotions/preview"
    query = f"?{urlencode({'at': at})}" if at else ""
    shown = call("GET", f"{path}{query}", _token(data, as_json), as_json)
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
@_service_options
@json_option
def create(email: str, plan: str | None, period: str, url: str, data: Path, as_json: bool) -> None:
    """Create an account and its key, with a plan where one is named."""
    token = _token(data, as_json)
    wanted = {"email": email, "plan": plan, "period": period}
    made = call("POST", f"{url.rstrip('/')}/api/admin/accounts", token, as_json, wanted)
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
@click.option("--idempotency-key", help="The same key again adds nothing; made up where not given.")
@_service_options
@json_option
def credit(
    email: str,
    amount: str,
    currency: str,
    bonus: bool,
    reference: str,
    idempotency_key: str | None,
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
    key = idempotency_key or secrets.new_token("once-")
    entry = call(
        "POST",
        f"{url.rstrip('/')}/api/admin/balance",
        _token(data, as_json),
        as_json,
        wanted,
        {"idempotency-key": key},
    )
    if as_json:
        print_json(entry)
    else:
        click.echo(f"{amount} {currency} are on {email}'s balance ({entry['id']})")
