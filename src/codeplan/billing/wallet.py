"""The wallet's use cases: money that came in, a bonus, what there is and what moved it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import msgspec

from codeplan.billing.taking import moment_of
from codeplan.kit.currencies import CURRENCIES
from codeplan.kit.money import minor_units
from codeplan.ledger import movements
from codeplan.ledger.postings import Balance, Entry
from codeplan.store.base import MoneyStore
from codeplan.store.money import Books, Decision, Move
from codeplan.store.rows import Subscription

Kind = Literal["top_up", "bonus"]


class AmountInvalid(ValueError):
    """Not an amount above nothing in a currency of ISO 4217."""


class Wallet:
    """What accounts have."""

    def __init__(self, store: MoneyStore) -> None:
        self._store = store

    async def add(
        self, account_id: str, kind: Kind, amount: str, currency: str, reference: str, key: str
    ) -> Entry:
        """Money that was paid in outside (a transfer, cash), or a bonus. Once for each ``key``.

        Raises AmountInvalid, StoreFailed.
        """
        amount_minor = amount_in(amount, currency)

        def decide(books: Books, now: int) -> Decision:
            moment = moment_of(account_id, currency, kind, reference, now)
            if kind == "bonus":
                entry = movements.bonus(moment, amount_minor)
            else:
                entry = movements.top_up(moment, amount_minor, "manual")
            return Decision(
                msgspec.json.encode(entry), (entry,), subscription=look_again_now(books, now)
            )

        answer = await self._store.move(Move(account_id, f"{kind}/{key}", decide))
        return msgspec.json.decode(answer, type=Entry)

    async def balances(self, account_id: str) -> Mapping[str, Balance]:
        """By currency."""
        return await self._store.balances(account_id)

    async def entries(
        self,
        account_id: str,
        limit: int,
        before: str = "",
        since: int = 0,
        until: int | None = None,
    ) -> list[Entry]:
        """The newest first."""
        return await self._store.entries(account_id, limit, before, since, until)


def look_again_now(books: Books, now: int) -> Subscription | None:
    """Money came: a subscription that could not be renewed is tried again at once."""
    held = books.subscription
    if held is None or held.state != "past_due":
        return None
    return replace(held, due_at=now)


def amount_in(text: str, currency: str) -> int:
    """Minor units. Raises AmountInvalid."""
    if currency not in CURRENCIES:
        raise AmountInvalid("currency: expected one of ISO 4217, in three capitals such as CNY")
    try:
        amount_minor = minor_units(text, currency)
    except ValueError as problem:
        raise AmountInvalid(f"amount: {problem}") from None
    if not 0 < amount_minor <= 10**11:
        raise AmountInvalid("amount: expected more than nothing, and less than a milliard")
    return amount_minor
