"""``codeplan admin …``: the operator's commands. They talk to the running service."""

from pathlib import Path

import click

from codeplan.cli.calling import DEFAULT_URL, call
from codeplan.cli.files import read_operator_token
from codeplan.cli.printing import give_up, json_option, print_json


@click.group()
def admin() -> None:
    """Run the service: accounts and plans."""


@admin.group()
def account() -> None:
    """Subscribers' accounts."""


@account.command()
@click.argument("email")
@click.option("--plan", help="The id of a plan in the catalogue, such as lite, pro or max.")
@click.option("--period", type=click.Choice(["month", "quarter", "year"]), default="month")
@click.option("--url", default=DEFAULT_URL, show_default=True, help="The service's address.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data"),
    show_default=True,
    help="The data folder, which holds the operator token.",
)
@json_option
def create(email: str, plan: str | None, period: str, url: str, data: Path, as_json: bool) -> None:
    """Create an account and its key, with a plan where one is named."""
    token = read_operator_token(data)
    if token is None:
        give_up(f"{data} holds no operator token: is it the service's --data folder?", as_json)
    wanted = {"email": email, "plan": plan, "period": period}
    made = call("POST", f"{url.rstrip('/')}/api/admin/accounts", token, as_json, wanted)
    if as_json:
        print_json(made)
        return
    click.echo(f"account  {made['account_id']}")
    click.echo(f"e-mail   {made['email']}")
    click.echo(f"plan     {made['plan'] or 'none'}")
    click.echo(f"key      {made['key']}   (shown only now)")
