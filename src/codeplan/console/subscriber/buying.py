"""Buying: the price line by line with what is unused of the running period, then paying: from the
balance, or by an order that a provider is paid for. Codes are redeemed here too."""

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from codeplan.billing.orders import Order
from codeplan.billing.wallet import amount_in
from codeplan.console.forms import FormInvalid
from codeplan.console.page import Answer, Go, Page, Shown, post_once
from codeplan.console.subscriber.plans import period_in
from codeplan.console.visits import Visit
from codeplan.ledger.postings import Balance
from codeplan.plan.catalogue import Plan
from codeplan.plan.promotions import coupons_in
from codeplan.plan.quote import Quote
from codeplan.subscriptions.codes import PlanGift
from codeplan.subscriptions.market import Wish
from codeplan.subscriptions.subscriptions import PlanUnknown

_PLANS, _BILLS = "/console/plans", "/console/bills"


@dataclass(frozen=True, slots=True)
class BuyPage:
    """``providers``: those that take the currency. ``runs``: the plan that runs; "" for none."""

    plan: Plan
    quote: Quote
    balance: Balance
    providers: tuple[str, ...]
    codes: str
    referral: str
    runs: str
    team: str
    pooled: bool


@dataclass(frozen=True, slots=True)
class OrderPage:
    """``picture``: a code to scan, as SVG; "" where there is none."""

    order: Order
    picture: Markup


def pages() -> list[Page]:
    return [
        Page("/plans/buy", preview, back=_PLANS),
        post_once("/plans/buy", buy, _PLANS),
        post_once("/redeem", redeem, "/console/benefits"),
        Page("/orders/{id}", order, back=_BILLS),
        post_once("/bills/top-up", top_up, _BILLS),
        post_once("/bills/packs", buy_pack, _BILLS),
    ]


async def _wish(visit: Visit, get: Callable[[str], str]) -> Wish:
    """Raises FormInvalid, NotAllowed."""
    account_id, team = visit.who.id, get("team")
    if team:
        await visit.services.teams.must_manage(team, account_id)
        account_id = team
    inviter = await visit.services.shop.referrer(get("referral"), account_id)
    promotions = visit.services.subscriptions.catalogue.promotions
    seats = get("seats") or "0"
    if not seats.isdecimal() or int(seats) > 10_000:
        raise FormInvalid("seats")
    return Wish(
        account_id, get("plan"), period_in(get("period")), get("currency"),
        coupons_in(get("codes"), promotions), None, int(seats), get("pooled") == "on", inviter,
    )  # fmt: skip


async def preview(visit: Visit) -> Answer:
    get = visit.query
    wish = await _wish(visit, get)
    services = visit.services
    plan = services.subscriptions.catalogue.plans.get(wish.plan_id)
    if plan is None:
        raise PlanUnknown(wish.plan_id)
    item = await services.shop.preview(wish)
    balances = await services.wallet.balances(wish.account_id)
    running = await services.store.current_subscription(wish.account_id)
    page = BuyPage(
        plan,
        item.quote,
        balances.get(wish.currency, Balance()),
        _providers(visit, wish.currency),
        get("codes"),
        get("referral"),
        running.plan_id if running and running.state != "expired" else "",
        get("team"),
        wish.pooled,
    )
    return Shown("subscriber/buy.html", page)


def _providers(visit: Visit, currency: str) -> tuple[str, ...]:
    """Those whose payment can be made from a page of ours or theirs."""
    return tuple(
        provider.name
        for provider in visit.services.till.providers.values()
        if not provider.needs_widget
        and (not provider.currencies or currency in provider.currencies)
    )


async def buy(visit: Visit) -> Answer:
    wish = await _wish(visit, visit.text)
    due, provider, services = visit.number("due_minor"), visit.text("provider"), visit.services
    if provider:
        order = await services.till.order_plan(wish, provider, visit.once, due)
        return Go(f"/console/orders/{order.id}")
    await services.shop.buy(wish, visit.once, due)
    return Go("/console/team" if visit.text("team") else "/console/", "bought")


async def redeem(visit: Visit) -> Answer:
    gift = await visit.services.codes.redeem(visit.who.id, visit.text("code"), visit.once)
    return Go("/console/" if isinstance(gift, PlanGift) else _BILLS, "redeemed")


async def order(visit: Visit) -> Answer:
    """How an order is paid, and whether it is."""
    found = await visit.services.till.order(visit.part("id"), visit.who.id)
    begun = await visit.services.till.begin(found)
    picture = Markup("")
    if begun.state == "pending" and begun.checkout and begun.checkout.kind == "qr":
        picture = qr(begun.checkout.value)
    return Shown("subscriber/order.html", OrderPage(begun, picture))


def qr(text: str) -> Markup:
    """A picture of a code, dark on light in every theme, without a style of its own."""
    # Loaded when the first picture is asked for, not at the start.
    import segno

    drawn = segno.make(text, error="m").svg_inline(scale=5, border=4, dark="#000", light="#fff")
    return Markup(drawn)


async def top_up(visit: Visit) -> Answer:
    currency = visit.text("currency")
    amount = amount_in(visit.text("amount"), currency)
    made = await visit.services.till.order_top_up(
        visit.who.id, amount, currency, visit.text("provider"), visit.once
    )
    return Go(f"/console/orders/{made.id}")


async def buy_pack(visit: Visit) -> Answer:
    pack, currency, provider = visit.text("pack"), visit.text("currency"), visit.text("provider")
    who, services = visit.who.id, visit.services
    if provider:
        made = await services.till.order_pack(who, pack, currency, provider, visit.once)
        return Go(f"/console/orders/{made.id}")
    await services.shop.buy_pack(who, pack, currency, visit.once)
    return Go(_BILLS, "pack")
