"""Accounts: looked for by their address, made, invited."""

from dataclasses import dataclass

from codeplan.console.page import Answer, Page, Shown, post
from codeplan.console.visits import Visit
from codeplan.store.rows import Account, Subscription

HERE = "/console/operator/accounts"
_MANY = 50


@dataclass(frozen=True, slots=True)
class AccountRow:
    account: Account
    subscription: Subscription | None


@dataclass(frozen=True, slots=True)
class AccountsPage:
    """``secret``: a key or an invitation's token made just now; ""."""

    rows: tuple[AccountRow, ...]
    text: str
    next: str
    plans: tuple[str, ...]
    secret: str = ""
    secret_kind: str = ""


def pages() -> list[Page]:
    return [
        Page("/operator/accounts", show, "operator"),
        post("/operator/accounts", make, HERE, "operator"),
        post("/operator/invitations", invite, HERE, "operator"),
    ]


async def show(visit: Visit) -> Answer:
    return Shown("operator/accounts.html", await _page(visit))


async def make(visit: Visit) -> Answer:
    made = await visit.services.accounts.create(visit.text("email", 250))
    plan = visit.text("plan")
    if plan:
        await visit.services.shop.grant(made.account.id, plan, "month", "first")
    return Shown("operator/accounts.html", await _page(visit, made.key, "key"))


async def invite(visit: Visit) -> Answer:
    token = await visit.services.sign_ups.invite(visit.text("email", 250))
    link = f"{visit.url}/console/sign-up?invitation={token}"
    return Shown("operator/accounts.html", await _page(visit, link, "invitation"))


async def _page(visit: Visit, secret: str = "", kind: str = "") -> AccountsPage:
    store, text = visit.services.store, visit.query("text")
    found = await store.find_accounts(text, limit=_MANY, before=visit.query("before"))
    rows = [AccountRow(one, await store.current_subscription(one.id)) for one in found]
    last = found[-1].id if len(found) == _MANY else ""
    plans = tuple(visit.services.subscriptions.catalogue.plans)
    return AccountsPage(tuple(rows), text, last, plans, secret, kind)
