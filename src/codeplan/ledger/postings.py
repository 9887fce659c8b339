"""Entries and their postings. An amount is an integer: millionths of the currency's minor unit, so
that a call of a thousandth of a cent is booked as what it is. A positive one is a credit (to a
person's balance: more for them), a negative one a debit. An entry sums to zero.

The accounts of the ledger are texts: ``cash/acc_…`` and ``bonus/acc_…`` are what a person can
spend, ``held/acc_…`` what running calls hold of it, ``paid/<provider>`` what came in or went out by
a provider, ``sales/plans``, ``sales/packs`` and ``sales/tokens`` what was earned, ``tax/<name>``
what of it is owed on, ``given/bonus`` what was given away, ``owed/refunds`` and ``owed/disputes``
what is due to people, ``disputed/<provider>`` what a provider holds while payments are in dispute,
and ``lost/payments`` what was taken back of what nobody here had any more. An entry is never
changed; what was wrong is reversed by another.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from codeplan.kit.money import MINOR


class Unbalanced(ValueError):
    """The postings of an entry do not sum to zero, or there are none."""


class Posting(msgspec.Struct, frozen=True):
    account: str
    millionths: int


class Entry(msgspec.Struct, frozen=True):
    """One movement of money. ``kind``: top_up, bonus, purchase, credit, refund, paid_out, hold,
    release, tokens, tax, came_back, taken_back, withdrawn, set_aside. ``reference``: what it is
    about: an order, a payment, a call, an operator's reason."""

    id: str
    at: int
    account_id: str
    currency: str
    kind: str
    reference: str
    postings: tuple[Posting, ...]

    def checked(self) -> "Entry":
        """Itself. Raises Unbalanced."""
        if not self.postings or sum(posting.millionths for posting in self.postings) != 0:
            raise Unbalanced(f"{self.kind} {self.reference}: {self.postings}")
        return self


class Balance(msgspec.Struct, frozen=True):
    """What a person has, in millionths of the minor unit: given as a bonus, paid in, and held for
    calls that run."""

    bonus: int = 0
    cash: int = 0
    held: int = 0

    @property
    def total(self) -> int:
        """What can be spent, in millionths."""
        return self.bonus + self.cash

    @property
    def total_minor(self) -> int:
        """The whole minor units of it."""
        return self.total // MINOR


def moved(have: Balance, account_id: str, entries: Iterable[Entry]) -> Balance:
    """What that person has behind those entries, which are in one currency."""
    parts = {"bonus": have.bonus, "cash": have.cash, "held": have.held}
    for entry in entries:
        for posting in entry.postings:
            kind, _, whose = posting.account.partition("/")
            if kind in parts and whose == account_id:
                parts[kind] += posting.millionths
    return Balance(**parts)


def cash_of(account_id: str) -> str:
    return f"cash/{account_id}"


def bonus_of(account_id: str) -> str:
    return f"bonus/{account_id}"


def held_of(account_id: str) -> str:
    return f"held/{account_id}"


def is_balance(account: str) -> bool:
    """Whether it is a person's: those are kept beside the postings, and never below zero."""
    return account.startswith(("cash/", "bonus/", "held/"))


def sums(entries: Iterable[Entry]) -> Mapping[tuple[str, str], int]:
    """The sum of every account of the ledger, by its name and currency, in millionths."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for entry in entries:
        for posting in entry.postings:
            found[posting.account, entry.currency] += posting.millionths
    return found
