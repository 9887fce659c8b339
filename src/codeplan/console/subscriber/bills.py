"""Bills: the balance and what moved it, invoices as PDF, packs, orders, what one spends as CSV."""

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import structs
from starlette.exceptions import HTTPException
from starlette.responses import Response

from codeplan.billing.invoices import BillTo, Invoice
from codeplan.billing.orders import Order, SavedMethod
from codeplan.billing.packs import Pack
from codeplan.console.page import Answer, Go, Page, Shown, post
from codeplan.console.visits import Visit
from codeplan.ledger.postings import Balance, Entry, is_balance
from codeplan.plan.catalogue import PackOffer
from codeplan.store.changing import amend

_HERE = "/console/bills"
_MANY = 50


@dataclass(frozen=True, slots=True)
class EntryShown:
    """``change``: of the person's own balance, in millionths."""

    entry: Entry
    change: int


@dataclass(frozen=True, slots=True)
class BillsPage:
    """``card``: what is on file; "" for none. ``providers``: by what one can pay here."""

    balances: Mapping[str, Balance]
    invoices: tuple[Invoice, ...]
    orders: tuple[Order, ...]
    packs: tuple[Pack, ...]
    on_sale: tuple[PackOffer, ...]
    entries: tuple[EntryShown, ...]
    providers: tuple[str, ...]
    currencies: tuple[str, ...]
    card: str
    bill_to: BillTo | None


def pages() -> list[Page]:
    return [
        Page("/bills", bills),
        Page("/bills/invoices/{id}", pdf),
        Page("/bills/expenses.csv", expenses),
        post("/bills/buyer", set_buyer, _HERE),
        post("/bills/card/remove", remove_card, _HERE),
    ]


async def bills(visit: Visit) -> Answer:
    services, name = visit.services, visit.who.id
    catalogue = services.subscriptions.catalogue
    card = await services.store.document(SavedMethod, name)
    entries = await services.wallet.entries(name, _MANY)
    balances = await services.wallet.balances(name)
    sold = {one.currency for plan in catalogue.plans.values() for one in plan.prices}
    page = BillsPage(
        balances=balances,
        invoices=tuple(await services.bills.invoices(name, _MANY, "")),
        orders=tuple(await services.store.documents(Order, name, limit=_MANY)),
        packs=tuple(await services.store.documents(Pack, name, limit=_MANY)),
        on_sale=catalogue.packs,
        entries=tuple(EntryShown(entry, _own(entry)) for entry in entries),
        providers=tuple(
            name for name, one in services.till.providers.items() if not one.needs_widget
        ),
        currencies=tuple(sorted(sold | set(balances))),
        card=card.label if card is not None and card.state == "open" else "",
        bill_to=await services.bills.bill_to(name),
    )
    return Shown("subscriber/bills.html", page)


def _own(entry: Entry) -> int:
    return sum(
        one.millionths
        for one in entry.postings
        if is_balance(one.account) and not one.account.startswith("held/")
    )


async def pdf(visit: Visit) -> Answer:
    # The library that draws it is loaded when the first one is asked for, not at the start.
    from codeplan.billing.invoice_pdf import invoice_pdf

    services = visit.services
    found = await services.bills.invoice(visit.who.id, visit.part("id"))
    if found is None:
        raise HTTPException(404, visit._("There is no such invoice."))
    bill_to = await services.bills.bill_to(visit.who.id)
    body = invoice_pdf(found, bill_to, visit.who.email, services.bills.zone_of(visit.who.zone))
    name = f'inline; filename="{found.number}.pdf"'
    return Response(body, media_type="application/pdf", headers={"content-disposition": name})


async def expenses(visit: Visit) -> Answer:
    services = visit.services
    zone = services.bills.zone_of(visit.who.zone)
    body = await services.bills.expenses_csv(visit.who.id, 0, visit.now + 1, frozenset(), zone)
    headers = {"content-disposition": 'attachment; filename="expenses.csv"'}
    return Response(body, media_type="text/csv; charset=utf-8", headers=headers)


async def set_buyer(visit: Visit) -> Answer:
    """What stands on invoices as the buyer."""
    address = tuple(line.strip() for line in visit.text("address").splitlines() if line.strip())
    name, tax_id = visit.text("name", 200), visit.text("tax_id", 100)
    await visit.services.bills.set_bill_to(visit.who.id, name, address[:10], tax_id)
    return Go(_HERE, "saved")


async def remove_card(visit: Visit) -> Answer:
    def remove(current: SavedMethod, _: int) -> SavedMethod:
        return structs.replace(current, state="removed")

    await amend(visit.services.store, visit.who.id, SavedMethod, visit.who.id, remove)
    return Go(_HERE, "saved")
