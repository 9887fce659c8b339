"""What was paid: invoices and their PDFs, statements of a month, expenses as CSV."""

from typing import Any

import msgspec
from starlette.responses import Response

from codeplan.api.answers import error
from codeplan.api.endpoints import Call, Endpoint, Invalid, instant_in
from codeplan.api.showing import show_invoice
from codeplan.billing.bills import Bills, MonthInvalid
from codeplan.kit.money import written_exact


class NewBillTo(msgspec.Struct, forbid_unknown_fields=True):
    """What stands on invoices as the buyer."""

    name: str
    address: list[str] = []
    tax_id: str = ""


class BillEndpoints:
    def __init__(self, bills: Bills) -> None:
        self._bills = bills

    def endpoints(self) -> list[Endpoint]:
        base = "/api/account"
        pages = {"limit": "how many, at most 200", "before": "the last id of the page before"}
        filters = {
            "since": "a time with its zone, such as 2026-11-01T00:00+08:00",
            "until": "the same",
            "kind": "such as top_up, purchase, refund or tokens; several times for several",
        }
        return [
            Endpoint("GET", f"{base}/invoices", self.invoices, query=pages),
            Endpoint("GET", f"{base}/invoices/{{id}}", self.invoice),
            Endpoint("GET", f"{base}/invoices/{{id}}/pdf", self.pdf),
            Endpoint("GET", f"{base}/bill-to", self.bill_to),
            Endpoint("PUT", f"{base}/bill-to", self.set_bill_to, body=NewBillTo),
            Endpoint(
                "GET", f"{base}/statements", self.statements, query={"month": "such as 2026-11"}
            ),
            Endpoint("GET", f"{base}/expenses.csv", self.expenses, query=filters),
        ]

    async def invoices(self, call: Call) -> Any:
        """The account's invoices and credit notes, the newest first."""
        limit, before = call.number("limit", 50), call.text("before")
        return [
            show_invoice(one) for one in await self._bills.invoices(call.account_id, limit, before)
        ]

    async def invoice(self, call: Call) -> Any:
        """One invoice."""
        found = await self._bills.invoice(call.account_id, call.part("id"))
        return show_invoice(found) if found else _no_invoice(call)

    async def pdf(self, call: Call) -> Any:
        """The invoice as a PDF."""
        # The library that draws it is loaded when the first one is asked for, not at the start.
        from codeplan.billing.invoice_pdf import invoice_pdf

        found = await self._bills.invoice(call.account_id, call.part("id"))
        if found is None:
            return _no_invoice(call)
        bill_to = await self._bills.bill_to(call.account_id)
        zone = self._bills.zone_of(call.account.zone)
        body = invoice_pdf(found, bill_to, call.account.email, zone)
        name = f'inline; filename="{found.number}.pdf"'
        return Response(body, media_type="application/pdf", headers={"content-disposition": name})

    async def bill_to(self, call: Call) -> Any:
        """What stands on the account's invoices as the buyer."""
        found = await self._bills.bill_to(call.account_id)
        if found is None:
            return {"name": "", "address": [], "tax_id": ""}
        return {"name": found.name, "address": list(found.address), "tax_id": found.tax_id}

    async def set_bill_to(self, call: Call) -> Any:
        """Set what stands on the account's invoices as the buyer."""
        wanted = call.read(NewBillTo)
        if not 1 <= len(wanted.name) <= 200 or len(wanted.address) > 10:
            raise Invalid("name: expected 1 to 200 characters; address: at most ten lines")
        await self._bills.set_bill_to(
            call.account_id, wanted.name, tuple(wanted.address), wanted.tax_id
        )
        return msgspec.to_builtins(wanted)

    async def statements(self, call: Call) -> Any:
        """A month: what there was, what moved by kind, what there is; in each currency."""
        zone = self._bills.zone_of(call.account.zone)
        try:
            found = await self._bills.statements(call.account_id, call.text("month"), zone)
        except MonthInvalid as problem:
            raise Invalid(str(problem)) from None
        return [
            {
                "currency": one.currency,
                "opening": written_exact(one.opening, one.currency),
                "changes": {
                    kind: written_exact(amount, one.currency)
                    for kind, amount in one.changes.items()
                },
                "closing": written_exact(one.closing, one.currency),
            }
            for one in found
        ]

    async def expenses(self, call: Call) -> Any:
        """Everything that moved the balance, as CSV, filtered."""
        since = instant_in("since", call.text("since")) if call.text("since") else 0
        until = instant_in("until", call.text("until")) if call.text("until") else 1 << 62
        kinds = frozenset(call.request.query_params.getlist("kind"))
        zone = self._bills.zone_of(call.account.zone)
        text = await self._bills.expenses_csv(call.account_id, since, until, kinds, zone)
        return Response(text, media_type="text/csv; charset=utf-8")


def _no_invoice(call: Call) -> Response:
    return error(404, "not_found", f"there is no invoice {call.part('id')}")
