"""A life in which payments are reversed: refunds made at the bank, told by name, by sum or both;
refunds that fail later; inquiries and disputes, opened, won, lost and closed, in any order; words
that come again, and words about other programs' payments. Ledger, balances and the bank agree after
each step."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from msgspec import structs

from codeplan.billing.invoices import Invoice
from codeplan.billing.kept import credited_too_much
from codeplan.billing.orders import Dispute, Order, Receipt, Refund
from codeplan.kit.currencies import CURRENCIES
from codeplan.kit.money import MINOR
from codeplan.payments.base import Disputed, Refunded
from properties.life import STARTS, Life

# How a provider tells of a refund: by its name (WeChat Pay), by the sum of all (Alipay), by both.
WAYS = {"by name": (0,), "by sum": (1,), "both": (0, 1), "the sum first": (1, 0)}
Word = Refunded | Disputed


class ReversedLife(Life):
    """``told``: every word that the bank ever said. ``way``: how it tells of refunds."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Word] = []
        self.way = "both"

    @initialize(
        start=st.sampled_from(STARTS), currency=st.sampled_from(sorted(CURRENCIES)),
        counts=st.sampled_from(["bank", "stripe"]), way=st.sampled_from([*WAYS]),
    )  # fmt: skip
    def a_person_comes(
        self, start: datetime, currency: str, counts: str, way: str = "both"
    ) -> None:
        super().a_person_comes(start, currency, counts)
        self.way = way

    @rule(declines=st.booleans(), away=st.booleans(), mute=st.booleans())
    def the_bank_changes(self, declines: bool, away: bool, mute: bool) -> None:
        self.bank.declines, self.bank.away, self.bank.mute = declines, away, mute

    @precondition(lambda self: self.bank.payments)
    @rule(
        number=st.integers(0, 50), part=st.integers(1, 100), times=st.integers(1, 2),
    )  # fmt: skip
    def is_refunded_at_the_bank(self, number: int, part: int, times: int) -> None:
        payment = [*self.bank.payments.values()][number % len(self.bank.payments)]
        amount = max(1, payment.amount_minor * part // 100)
        made = self.bank.gives_back(payment.payment_id, amount)
        if made is None:
            return
        self.tells(self._words_of(made) * times)

    @precondition(lambda self: self.bank.refunds)
    @rule(number=st.integers(0, 50), times=st.integers(1, 2))
    def a_refund_fails(self, number: int, times: int) -> None:
        names = [name for name, one in self.bank.refunds.items() if self._was_named(one)]
        if names:
            self.tells([self.bank.refund_fails(names[number % len(names)])] * times)

    @precondition(lambda self: self.bank.payments)
    @rule(
        number=st.integers(0, 50), part=st.integers(1, 100), inquired=st.booleans(),
        end=st.sampled_from(["", "won", "lost", "closed"]), backwards=st.booleans(),
    )  # fmt: skip
    def a_payment_is_disputed(
        self, number: int, part: int, inquired: bool, end: str, backwards: bool
    ) -> None:
        payment = [*self.bank.payments.values()][number % len(self.bank.payments)]
        amount = max(1, payment.amount_minor * part // 100)
        state: Any = "inquiry" if inquired else "open"
        opened = self.bank.disputes_payment(payment.payment_id, amount, state)
        if opened is None:
            return
        words: list[Word] = [opened]
        if inquired:
            words.append(self.bank.dispute_becomes(opened.dispute_id, "open"))
        if end:
            words.append(self.bank.dispute_becomes(opened.dispute_id, end))
        self.tells(words[::-1] if backwards and end else words)

    @precondition(lambda self: any(one.state == "open" for one in self.bank.disputes.values()))
    @rule(number=st.integers(0, 50), end=st.sampled_from(["won", "lost", "closed"]),
          times=st.integers(1, 3))  # fmt: skip
    def a_dispute_ends(self, number: int, end: str, times: int) -> None:
        names = [name for name, one in self.bank.disputes.items() if one.state == "open"]
        self.tells([self.bank.dispute_becomes(names[number % len(names)], end)] * times)

    @precondition(lambda self: self.told)
    @rule(numbers=st.lists(st.integers(0, 200), max_size=5))
    def old_words_come_again(self, numbers: Sequence[int]) -> None:
        self.tell_of_ours()
        before = self._written()
        self.tells([self.told[number % len(self.told)] for number in numbers])
        assert self._written() == before

    @rule(currency=st.sampled_from(sorted(CURRENCIES)), amount=st.integers(1, 10**9),
          number=st.integers(0, 3))  # fmt: skip
    def words_about_others_come(self, currency: str, amount: int, number: int) -> None:
        """Of another program, which has its payments in the same account at the bank."""
        before = self._written()
        name = f"pi_of_another_{number}"
        words: list[Word] = [
            Refunded(name, "", f"re_foreign_{number}", "", amount, 0, currency),
            Refunded(name, "order_of_another", "", "", 0, amount, currency),
            Disputed(f"dp_foreign_{number}", name, amount, currency, "open"),
            Disputed(f"dp_foreign_{number}", name, amount, currency, "lost"),
        ]
        self.tells(words, note=False)
        assert self._written() == before

    @invariant()
    def the_bank_and_the_ledger_agree(self) -> None:
        self.tell_of_ours()
        held = disputed = 0
        for receipt in self._documents(Receipt):
            number = receipt["id"].partition("/")[2]
            held += self.bank.left(number)
            disputed += sum(
                one.amount_minor
                for one in self.bank.disputes.values()
                if one.payment_id == number and one.state == "open"
            )
        assert self._sum(f"paid/{self.bank.name}") == -held
        assert self._sum(f"disputed/{self.bank.name}") == -disputed
        owed = [one for one in self._documents(Refund) if one["state"] == "owed"]
        assert self._sum("owed/refunds") == sum(one["amount_minor"] for one in owed)
        waiting = [one for one in self._documents(Dispute) if one["state"] == "open"]
        assert self._sum("owed/disputes") == sum(one["set_aside_minor"] for one in waiting)

    @invariant()
    def no_more_was_credited_than_kept(self) -> None:
        """By orders and credit notes alone, as the nightly check does it."""
        store, name = self.business.store, self.person.id
        orders = [
            one
            for one in self.do(store.documents(Order, name, limit=10_000))
            if one.state in ("paid", "refunded")
        ]
        notes = self.do(store.documents(Invoice, name, limit=10_000))
        assert [*credited_too_much(orders, notes)] == []

    @invariant()
    def terms_say_what_the_orders_do(self) -> None:
        """What was given back of a sale is not kept of its term."""
        terms = {row[0]: row[1:] for row in self.rows(
            "SELECT id, paid_minor, refunded_minor, disputed_minor, credited_minor FROM terms"
        )}  # fmt: skip
        for paid, refunded, disputed, credited in terms.values():
            assert 0 <= refunded <= paid
            assert disputed >= 0
            assert 0 <= credited <= paid - refunded
        for order in self._documents(Order):
            if order["term_id"]:
                assert terms[order["term_id"]][1] >= order["refunded_minor"]

    @invariant()
    def nothing_waits_for_a_dispute_that_is_over(self) -> None:
        if any(one["state"] == "open" for one in self._documents(Dispute)):
            return
        assert self.rows("SELECT id FROM terms WHERE disputed_minor <> 0") == []
        held = self.do(self.person.held())
        assert held is None or held.restricted == ""
        assert all(one["disputed_minor"] == 0 for one in self._documents(Receipt))

    def tells(self, words: Sequence[Word], note: bool = True) -> None:
        """The bank, which is there while it does."""
        away, mute = self.bank.away, self.bank.mute
        self.bank.away = self.bank.mute = False
        for word in words:
            self.do(self.business.till.reversed(self.bank.name, word))
        self.bank.away, self.bank.mute = away, mute
        if note:
            self.told += words
        self.clock.instant += 1

    def tell_of_ours(self) -> None:
        """Of the refunds that we asked for, it tells sooner or later."""
        told = {one.own_id for one in self.told if isinstance(one, Refunded)}
        for one in [*self.bank.refunds.values()]:
            if one.own_id and one.own_id not in told:
                self.tells(self._words_of(one))

    def _words_of(self, refund: Refunded) -> list[Word]:
        total = structs.replace(self.bank.sum_told(refund.payment_id), own_id=refund.own_id)
        words = (refund, total)
        return [words[place] for place in WAYS[self.way]]

    def _was_named(self, refund: Refunded) -> bool:
        """It stands, and was told by its name: of one that was only summed, nobody could say that
        it failed."""
        named = {one.refund_id for one in self.told if isinstance(one, Refunded)}
        return refund.state == "made" and refund.refund_id in named

    def _documents(self, kind: type) -> list[dict[str, Any]]:
        rows = self.rows(f"SELECT body FROM documents WHERE kind = '{kind.__name__.lower()}'")
        return [msgspec.json.decode(row[0]) for row in rows]

    def _sum(self, account: str) -> int:
        found = self.rows(f"SELECT sum(millionths) FROM postings WHERE account = '{account}'")
        return (found[0][0] or 0) // MINOR

    def _written(self) -> tuple[int, int]:
        return (self.rows("SELECT count(*) FROM entries")[0][0],
                self.rows("SELECT count(*) FROM documents")[0][0])  # fmt: skip
