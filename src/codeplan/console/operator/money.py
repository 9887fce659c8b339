"""Orders, payments and invoices of everybody; confirming a transfer, giving back; the ledger."""

from dataclasses import dataclass

from codeplan.billing.invoices import Invoice
from codeplan.billing.orders import Order
from codeplan.billing.wallet import amount_in
from codeplan.console.forms import FormInvalid
from codeplan.console.operator.people import email_of
from codeplan.console.page import Answer, Go, Page, Shown, post, post_once
from codeplan.console.subscriber.plans import period_in
from codeplan.console.visits import Visit
from codeplan.kit.instants import DAY
from codeplan.subscriptions.codes import MoneyGift, PackGift, PlanGift

_HERE = "/console/operator/orders"
_MANY = 50
_STATES = ("pending", "paid", "credited", "failed", "expired", "refunded")
_MOST_CODES = 1_000


@dataclass(frozen=True, slots=True)
class OrderRow:
    order: Order
    email: str


@dataclass(frozen=True, slots=True)
class OrdersPage:
    """``house``: the ledger's own accounts with their sums in millionths. ``codes``: made just
    now."""

    rows: tuple[OrderRow, ...]
    state: str
    states: tuple[str, ...]
    next: str
    house: tuple[tuple[str, str, int], ...]
    plans: tuple[str, ...]
    packs: tuple[str, ...]
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    invoice: Invoice
    email: str


@dataclass(frozen=True, slots=True)
class InvoicesPage:
    rows: tuple[InvoiceRow, ...]
    next: str


def pages() -> list[Page]:
    return [
        Page("/operator/orders", orders, "operator"),
        post("/operator/orders/{id}/confirm", confirm, _HERE, "operator"),
        post_once("/operator/orders/{id}/refund", refund, _HERE, "operator"),
        post_once("/operator/codes", make_codes, _HERE, "operator"),
        post("/operator/ledger/check", check, _HERE, "operator"),
        Page("/operator/invoices", invoices, "operator"),
    ]


async def orders(visit: Visit) -> Answer:
    return Shown("operator/orders.html", await _page(visit))


async def _page(visit: Visit, codes: tuple[str, ...] = ()) -> OrdersPage:
    services = visit.services
    state = visit.query("state") if visit.query("state") in _STATES else ""
    found = await services.store.documents(
        Order, state=state, limit=_MANY, before=visit.query("before")
    )
    catalogue = services.subscriptions.catalogue
    return OrdersPage(
        tuple([OrderRow(order, await email_of(visit, order.account_id)) for order in found]),
        state,
        _STATES,
        found[-1].id if len(found) == _MANY else "",
        tuple(await services.store.house_sums()) if visit.query("ledger") else (),
        tuple(catalogue.plans),
        tuple(pack.id for pack in catalogue.packs),
        codes,
    )


async def confirm(visit: Visit) -> Answer:
    """A transfer came in."""
    services, order_id = visit.services, visit.part("id")
    order = await services.till.order(order_id)
    amount = amount_in(visit.text("amount"), order.currency)
    reference = visit.text("reference", 200)
    if not reference:
        raise FormInvalid("reference")
    await services.till.confirm(order_id, reference, amount)
    return Go(_HERE, "paid")


async def refund(visit: Visit) -> Answer:
    services, order_id = visit.services, visit.part("id")
    order = await services.till.order(order_id)
    amount, reason = amount_in(visit.text("amount"), order.currency), visit.text("reason", 500)
    if not reason:
        raise FormInvalid("reason")
    to = "provider" if visit.text("to") == "provider" else "balance"
    ends = visit.text("ends_plan") == "on"
    await services.refunds.give(order_id, amount, to, ends, reason, visit.once)
    return Go(_HERE, "refunded")


async def make_codes(visit: Visit) -> Answer:
    """A batch of redeem codes, shown this once."""
    number = visit.number("number", least=1, most=_MOST_CODES, default=1)
    kind = visit.text("gift")
    gift: PlanGift | PackGift | MoneyGift
    if kind.startswith("plan/"):
        gift = PlanGift(kind.removeprefix("plan/"), period_in(visit.text("period")))
    elif kind.startswith("pack/"):
        gift = PackGift(kind.removeprefix("pack/"))
    else:
        currency = visit.text("currency")
        gift = MoneyGift(amount_in(visit.text("amount"), currency), currency)
    batch = visit.text("batch", 100) or "console"
    codes = await visit.services.codes.make(gift, number, batch, None, visit.once)
    return Shown("operator/orders.html", await _page(visit, tuple(codes)))


async def check(visit: Visit) -> Answer:
    """The ledger as a whole, and two days' payments; what is found is an alert on Today."""
    now = visit.services.clock.now()
    found = await visit.services.checker.check(now - 2 * DAY, now)
    return Go("/console/operator/") if found else Go(_HERE, "checked")


async def invoices(visit: Visit) -> Answer:
    found = await visit.services.store.documents(Invoice, limit=_MANY, before=visit.query("before"))
    rows = [InvoiceRow(one, await email_of(visit, one.account_id)) for one in found]
    last = found[-1].id if len(found) == _MANY else ""
    return Shown("operator/invoices.html", InvoicesPage(tuple(rows), last))
