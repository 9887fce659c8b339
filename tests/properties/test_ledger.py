"""The ledger: every entry sums to zero, balances are sums, and none goes below zero."""

from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from codeplan.kit.money import MINOR
from codeplan.ledger import movements
from codeplan.ledger.movements import BalanceTooSmall, Moment
from codeplan.ledger.postings import Balance, Entry, Posting, Unbalanced, bonus_of, cash_of, sums

PEOPLE = st.sampled_from(["acc_a", "acc_b"])
CURRENCIES = st.sampled_from(["CNY", "USD"])
AMOUNTS = st.integers(1, 100_00)


class Ledger(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []
        self.numbers = count()
        # What a person has, reckoned by hand: [bonus, cash].
        self.have: dict[tuple[str, str], list[int]] = {}

    def moment(self, who: str, currency: str, kind: str) -> Moment:
        number = next(self.numbers)
        return Moment(f"entry_{number}", number, who, currency, kind, "a test")

    @rule(who=PEOPLE, currency=CURRENCIES, amount=AMOUNTS)
    def top_up(self, who: str, currency: str, amount: int) -> None:
        self.entries.append(movements.top_up(self.moment(who, currency, "top_up"), amount, "bank"))
        self.have.setdefault((who, currency), [0, 0])[1] += amount

    @rule(who=PEOPLE, currency=CURRENCIES, amount=AMOUNTS)
    def bonus(self, who: str, currency: str, amount: int) -> None:
        self.entries.append(movements.bonus(self.moment(who, currency, "bonus"), amount))
        self.have.setdefault((who, currency), [0, 0])[0] += amount

    @rule(who=PEOPLE, currency=CURRENCIES, amount=AMOUNTS)
    def spend(self, who: str, currency: str, amount: int) -> None:
        have = self.have.setdefault((who, currency), [0, 0])
        moment = self.moment(who, currency, "purchase")
        balance = Balance(have[0] * MINOR, have[1] * MINOR)
        if amount > sum(have):
            with pytest.raises(BalanceTooSmall) as small:
                movements.spend(moment, amount, balance)
            assert small.value.missing_minor == amount - sum(have)
            return
        self.entries.append(movements.spend(moment, amount, balance))
        from_bonus = min(have[0], amount)
        have[0] -= from_bonus
        have[1] -= amount - from_bonus

    @rule(who=PEOPLE, currency=CURRENCIES, amount=AMOUNTS)
    def refund(self, who: str, currency: str, amount: int) -> None:
        self.entries.append(movements.refund(self.moment(who, currency, "refund"), amount))
        self.have.setdefault((who, currency), [0, 0])[1] += amount

    @invariant()
    def balances_are_sums(self) -> None:
        found = sums(self.entries)
        for currency in ("CNY", "USD"):
            assert sum(amount for (_, c), amount in found.items() if c == currency) == 0
        for (who, currency), (given, paid) in self.have.items():
            assert found.get((bonus_of(who), currency), 0) == given * MINOR >= 0
            assert found.get((cash_of(who), currency), 0) == paid * MINOR >= 0


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


def test_an_entry_that_does_not_balance() -> None:
    moment = Moment("entry_1", 0, "acc", "CNY", "odd", "a test")
    with pytest.raises(Unbalanced):
        moment.with_(Posting("cash/acc", 1))
    with pytest.raises(Unbalanced):
        moment.with_()
