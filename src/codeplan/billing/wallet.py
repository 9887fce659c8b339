"""The wallet's use cases: money that came in, a bonus, what there is and what moved it."""

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from codeplan.kit.ids import new_id
from codeplan.kit.money import minor_units
from codeplan.ledger import movements
from codeplan.ledger.postings import Balance, Entry
from codeplan.store.base import MoneyStore
from codeplan.store.money import Books, Decision, Move

Kind = Literal["top_up", "bonus"]
_CURRENCY = re.compile(r"^[A-Z]{3}$")


class AmountInvalid(ValueError):
    """Not an amount above nothing in a currency of three capitals."""


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
        amount_minor = _amount(amount, currency)

        def decide(_: Books, now: int) -> Decision:
            moment = movements.Moment(
                new_id("entry", now), now, account_id, currency, kind, reference
            )
            if kind == "bonus":
                entry = movements.bonus(moment, amount_minor)
            else:
                entry = movements.top_up(moment, amount_minor, "manual")
            return Decision(msgspec.json.encode(entry), entries=(entry,))

        answer = await self._store.move(Move(account_id, f"{kind}/{key}", decide))
        return msgspec.json.decode(answer, type=Entry)

    async def balances(self, account_id: str) -> Mapping[str, Balance]:
        """By currency."""
        return await self._store.balances(account_id)

    async def entries(self, account_id: str, limit: int, before: str = "") -> list[Entry]:
        """The newest first."""
        return await self._store.entries(account_id, limit, before)


def _amount(text: str, currency: str) -> int:
    if not _CURRENCY.match(currency):
        raise AmountInvalid("currency: expected three capitals such as CNY")
    try:
        amount_minor = minor_units(text, currency)
    except ValueError as problem:
        raise AmountInvalid(f"amount: {problem}") from None
    if not 0 < amount_minor <= 10**12:
        raise AmountInvalid("amount: expected more than nothing, and less than ten milliards")
    return amount_minor
