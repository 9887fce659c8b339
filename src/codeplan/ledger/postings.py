"""Entries and their postings. An amount is an integer of the currency's minor unit; a positive one
is a credit (to a person's balance: more for them), a negative one a debit. An entry sums to zero.

The accounts of the ledger are texts: ``cash/acc_…`` and ``bonus/acc_…`` are what a person has,
``paid/<provider>`` what came in or went out by a provider, ``sales/plans`` what was earned, and
``given/bonus`` what was given away. An entry is never changed; what was wrong is reversed by
another.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec


class Unbalanced(ValueError):
    """The postings of an entry do not sum to zero, or there are none."""


class Posting(msgspec.Struct, frozen=True):
    account: str
    amount_minor: int


class Entry(msgspec.Struct, frozen=True):
    """One movement of money. ``kind``: top_up, bonus, purchase, credit, refund. ``reference``: what
    it is about: an order, a payment, an operator's reason."""

    id: str
    at: int
    account_id: str
    currency: str
    kind: str
    reference: str
    postings: tuple[Posting, ...]

    def checked(self) -> "Entry":
        """Itself. Raises Unbalanced."""
        if not self.postings or sum(posting.amount_minor for posting in self.postings) != 0:
            raise Unbalanced(f"{self.kind} {self.reference}: {self.postings}")
        return self


class Balance(msgspec.Struct, frozen=True):
    """What a person has, in minor units: given as a bonus, and paid in."""

    bonus: int = 0
    cash: int = 0

    @property
    def total(self) -> int:
        return self.bonus + self.cash


def cash_of(account_id: str) -> str:
    return f"cash/{account_id}"


def bonus_of(account_id: str) -> str:
    return f"bonus/{account_id}"


def sums(entries: Iterable[Entry]) -> Mapping[tuple[str, str], int]:
    """The sum of every account of the ledger, by its name and currency."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for entry in entries:
        for posting in entry.postings:
            found[posting.account, entry.currency] += posting.amount_minor
    return found
