"""One account, as an operator sees it: what it holds, and what can be done for it."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.exceptions import HTTPException

from codeplan.billing.audit import audited
from codeplan.billing.orders import Order
from codeplan.console.entrance.session_cookie import with_session
from codeplan.console.operator.accounts import HERE
from codeplan.console.page import (
    HOME,
    Answer,
    Go,
    Page,
    Shown,
    post,
    post_once,
)
from codeplan.console.subscriber.plans import PERIODS, period_in
from codeplan.console.subscriber.standing import WindowShown, running, window
from codeplan.console.visits import Visit
from codeplan.ledger.postings import Balance
from codeplan.plan.windows import Payer, shelve, views
from codeplan.store.rows import Account, Subscription
from codeplan.subscriptions.cases import Case

_ONE = f"{HERE}/"


@dataclass(frozen=True, slots=True)
class AccountPage:
    account: Account
    subscription: Subscription | None
    plan_name: str
    windows: tuple[WindowShown, ...]
    balances: Mapping[str, Balance]
    orders: tuple[Order, ...]
    cases: tuple[Case, ...]
    keys: int
    plans: tuple[str, ...]
    periods: tuple[str, ...]


def pages() -> list[Page]:
    one = "/operator/accounts/{id}"
    return [
        Page(one, show, "operator"),
        post(f"{one}/see", see, HERE, "operator"),
        Page("/operator/unsee", _nothing, "person"),
        post_once("/operator/unsee", unsee, HOME, "person"),
        post_once(f"{one}/grant", grant, HERE, "operator"),
        post_once(f"{one}/restrict", restrict, HERE, "operator"),
        post_once(f"{one}/money", add_money, HERE, "operator"),
    ]


async def _account(visit: Visit) -> Account:
    account = await visit.services.store.account_by_id(visit.part("id"))
    if account is None:
        raise HTTPException(404, visit._("There is no such account."))
    return account


async def show(visit: Visit) -> Answer:
    account, services = await _account(visit), visit.services
    held = await running(visit, account.id)
    windows: tuple[WindowShown, ...] = ()
    if held is not None:
        subscription = held.subscription
        payer = Payer(subscription.id, account.id, "", subscription.started_at)
        shelf = shelve(await services.store.open_windows(subscription.id))
        found = views(held.plan.windows, payer, shelf, services.clock.now())
        windows = tuple(window(visit, view) for view in found)
    page = AccountPage(
        account=account,
        subscription=await services.store.current_subscription(account.id),
        plan_name=held.plan.name if held else "",
        windows=windows,
        balances=await services.wallet.balances(account.id),
        orders=tuple(await services.store.documents(Order, account.id, limit=20)),
        cases=tuple(await services.cases.list_all(account.id)),
        keys=len(await services.store.keys_of(account.id)),
        plans=tuple(services.subscriptions.catalogue.plans),
        periods=PERIODS,
    )
    return Shown("operator/account.html", page)


async def see(visit: Visit) -> Answer:
    """The person's own pages, reading only, in a session of their own. It is in the audit log."""
    account = await _account(visit)
    assert visit.session is not None  # an operator is signed in
    await visit.services.sessions.end(visit.session)
    token = await visit.services.sessions.open(
        visit.who.id, visit.session.how, visit.program, seen_account=account.id
    )
    return with_session(visit, token)


async def _nothing(_: Visit) -> Answer:
    return Go(HOME)


async def unsee(visit: Visit) -> Answer:
    """Back to the operator's own session."""
    operator, session = visit.operator, visit.session
    if operator is None or session is None:
        return Go(HOME)
    await audited(
        visit.services.store, f"{operator.email}: stopped looking", visit.who.email, visit.once
    )
    await visit.services.sessions.end(session)
    token = await visit.services.sessions.open(operator.id, session.how, visit.program)
    return with_session(visit, token, HERE)


async def grant(visit: Visit) -> Answer:
    account, period = await _account(visit), period_in(visit.text("period"))
    await visit.services.shop.grant(account.id, visit.text("plan"), period, visit.once)
    return Go(_ONE + account.id, "granted")


async def restrict(visit: Visit) -> Answer:
    """With a reason that the person is told; without one, the restriction is lifted."""
    account, why = await _account(visit), visit.text("why", 500)
    await visit.services.shop.restrict(account.id, why, visit.once)
    return Go(_ONE + account.id, "restricted" if why else "lifted")


async def add_money(visit: Visit) -> Answer:
    account, kind = await _account(visit), visit.text("kind")
    await visit.services.wallet.add(
        account.id,
        "bonus" if kind == "bonus" else "top_up",
        visit.text("amount"),
        visit.text("currency"),
        visit.text("reference", 200),
        visit.once,
    )
    return Go(_ONE + account.id, "granted")
