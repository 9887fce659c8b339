"""``codeplan redeem``: a code for a plan, a pack or a bonus."""

import click

from codeplan.cli.calling import DEFAULT_URL, call
from codeplan.cli.printing import json_option, print_json
from codeplan.kit import secrets


@click.command()
@click.argument("code")
@click.option("--url", default=DEFAULT_URL, show_default=True, help="The service's address.")
@click.option("--key", required=True, envvar="CODEPLAN_KEY", help="Your key (or CODEPLAN_KEY).")
@json_option
def redeem(code: str, url: str, key: str, as_json: bool) -> None:
    """Redeem a code, however it is typed. Says why where it is not taken."""
    once = {"idempotency-key": secrets.new_token("once-")}
    address = f"{url.rstrip('/')}/api/account/redeem"
    given = call("POST", address, key, as_json, {"code": code}, once)
    if as_json:
        print_json(given)
        return
    what = {"plan": "a plan", "pack": "a pack of tokens", "balance": "a bonus on your balance"}
    click.echo(f"It gave you {what[given['type']]}.")
