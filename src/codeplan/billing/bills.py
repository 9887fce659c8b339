"""What a person is shown of what he paid: invoices, statements of a month, expenses as CSV."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from zoneinfo import ZoneInfo

from codeplan.billing.csv_text import Cell, csv_of
from codeplan.billing.invoices import BillTo, Invoice
from codeplan.billing.paging import every_entry
from codeplan.kit.instants import at, month_bounds
from codeplan.kit.money import written
from codeplan.ledger.postings import Entry
from codeplan.store.base import MoneyStore
from codeplan.store.documents import One
from codeplan.store.money import Books, Decision, Move

# An export beyond this is asked for in pieces.
MOST_ENTRIES = 100_000


class MonthInvalid(ValueError):
    """Not a month such as 2026-11."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One month in one currency, in millionths of the minor unit: what there was, what came in and
    went out by kind of entry, what there is."""

    currency: str
    opening: int
    closing: int
    changes: Mapping[str, int] = field(default_factory=dict)


class Bills:
    """``zone``: of accounts that have set none."""

    def __init__(self, store: MoneyStore, zone: str) -> None:
        self._store, self._zone = store, zone

    def zone_of(self, own: str) -> str:
        return own or self._zone

    async def invoices(self, account_id: str, limit: int, before: str) -> list[Invoice]:
        """The newest first."""
        return await self._store.documents(Invoice, account_id, limit=limit, before=before)

    async def invoice(self, account_id: str, invoice_id: str) -> Invoice | None:
        found = await self._store.document(Invoice, invoice_id)
        return found if found is not None and found.account_id == account_id else None

    async def bill_to(self, account_id: str) -> BillTo | None:
        return await self._store.document(BillTo, account_id)

    async def set_bill_to(
        self, account_id: str, name: str, address: tuple[str, ...], tax_id: str
    ) -> None:
        def decide(_: Books, now: int) -> Decision:
            made = BillTo(
                id=account_id,
                account_id=account_id,
                made_at=now,
                name=name,
                address=address,
                tax_id=tax_id,
            )
            return Decision(documents=(made,))

        await self._store.move(Move(account_id, "", decide, (One(BillTo, account_id),)))

    async def entries(self, account_id: str, since: int, until: int) -> list[Entry]:
        """All of that time, the newest first; at most `MOST_ENTRIES`."""
        found: list[Entry] = []
        async for entry in every_entry(self._store, account_id, since, until):
            found.append(entry)
            if len(found) == MOST_ENTRIES:
                break
        return found

    async def statements(self, account_id: str, month: str, zone: str) -> list[Statement]:
        """One for each currency that moved or is there. Raises MonthInvalid."""
        try:
            since, until = month_bounds(month, zone)
        except ValueError:
            raise MonthInvalid("month: expected one such as 2026-11") from None
        balances = await self._store.balances(account_id)
        later = _changes(await self.entries(account_id, until, 1 << 62))
        own = _changes(await self.entries(account_id, since, until))
        made = []
        for currency in sorted({*balances, *own}):
            have = balances.get(currency)
            now = have.total + have.held if have else 0
            closing = now - sum(later.get(currency, {}).values())
            changes = own.get(currency, {})
            made.append(Statement(currency, closing - sum(changes.values()), closing, changes))
        return made

    async def expenses_csv(
        self, account_id: str, since: int, until: int, kinds: frozenset[str], zone: str
    ) -> str:
        """One line an entry, oldest first; times in that zone, amounts in whole units of the
        currency beside them. ``kinds``: none for all."""
        rows: list[tuple[Cell, ...]] = []
        for entry in reversed(await self.entries(account_id, since, until)):
            if kinds and entry.kind not in kinds:
                continue
            parts = _own(entry)
            amounts = (parts["bonus"], parts["cash"], sum(parts.values()))
            rows.append(
                (
                    at(entry.at, ZoneInfo(zone)).isoformat(timespec="seconds"),
                    entry.kind,
                    entry.reference,
                    entry.currency,
                    *(_number(amount, entry.currency) for amount in amounts),
                )
            )
        header = ("time", "kind", "reference", "currency", "bonus", "cash", "change")
        return csv_of(header, rows)


def _number(millionths: int, currency: str) -> Decimal:
    """In whole units, with the currency's digits, or as many as there are."""
    unit = Decimal(written(1, currency, sign=False))
    exact = (Decimal(millionths) * unit).scaleb(-6)
    return exact.quantize(unit) if exact == exact.quantize(unit) else exact.normalize()


def _own(entry: Entry) -> dict[str, int]:
    """What the entry changed of the person's bonus, cash, and what is held for running calls."""
    parts = {"bonus": 0, "cash": 0, "held": 0}
    for posting in entry.postings:
        kind, _, whose = posting.account.partition("/")
        if kind in parts and whose == entry.account_id:
            parts[kind] += posting.millionths
    return parts


def _changes(entries: list[Entry]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for entry in entries:
        change = sum(_own(entry).values())
        if change:
            found[entry.currency][entry.kind] += change
    return {currency: dict(changes) for currency, changes in found.items()}
