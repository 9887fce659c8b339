"""What every store must do with money: each move once, on locked books, all of it or nothing."""

import asyncio

import pytest

from codeplan.accounts.directory import Accounts
from codeplan.billing.wallet import AmountInvalid, Wallet
from codeplan.config.build import build_catalogue
from codeplan.config.load import load
from codeplan.kit.instants import DAY, HOUR, add_months
from codeplan.ledger.movements import BalanceTooSmall
from codeplan.ledger.postings import Balance, sums
from codeplan.store.base import Store
from codeplan.subscriptions.purchases import OnlyAtPeriodsEnd, PriceChanged, Wish
from codeplan.subscriptions.shop import Shop
from codeplan.subscriptions.subscriptions import Subscriptions
from store.conftest import Stores
from support.meters import HandClock

CATALOGUE = build_catalogue(load(None))


class Till:
    """The shop over one store, for one account."""

    def __init__(self, store: Store, clock: HandClock) -> None:
        self.store, self.clock = store, clock
        self.subscriptions = Subscriptions(store, clock, CATALOGUE)
        self.wallet = Wallet(store)
        self.shop = Shop(store, self.subscriptions, clock)
        self.keys = 0

    async def open(self, email: str = "a@example.org") -> "Till":
        await self.subscriptions.keep_catalogue()
        made = await Accounts(self.store, self.clock).create(email)
        self.account = made.account.id
        return self

    async def pay_in(self, amount: str, kind: str = "top_up") -> None:
        self.keys += 1
        await self.wallet.add(self.account, kind, amount, "CNY", "bank", f"key-{self.keys}")  # type: ignore[arg-type]

    def wish(self, plan: str = "lite", period: str = "month") -> Wish:
        return Wish(self.account, plan, period, "CNY")  # type: ignore[arg-type]

    async def buy(self, plan: str = "lite", period: str = "month", key: str = "") -> int:
        self.keys += 1
        wish = self.wish(plan, period)
        due = (await self.shop.preview(wish)).due_minor
        return (await self.shop.buy(wish, key or f"key-{self.keys}", due)).due_minor

    async def have(self) -> Balance:
        return (await self.wallet.balances(self.account)).get("CNY", Balance())

    async def holds(self) -> tuple[str, int]:
        """The plan, and when it ends."""
        held = await self.store.current_subscription(self.account)
        assert held is not None
        return held.plan_id, held.ends_at

    async def check(self) -> None:
        entries = await self.wallet.entries(self.account, 200)
        found = sums(entries)
        assert sum(found.values()) == 0
        have = await self.have()
        assert found.get((f"cash/{self.account}", "CNY"), 0) == have.cash >= 0
        assert found.get((f"bonus/{self.account}", "CNY"), 0) == have.bonus >= 0


@pytest.fixture
async def till(store: Store, clock: HandClock) -> Till:
    return await Till(store, clock).open()


async def test_bonus_is_spent_before_cash(till: Till) -> None:
    await till.pay_in("15.00", "bonus")
    await till.pay_in("40.00")
    assert await till.buy() == 40_00
    assert await till.have() == Balance(0, 15_00)
    await till.check()


async def test_the_same_key_again_changes_nothing(till: Till) -> None:
    await till.pay_in("100.00")
    for _ in range(3):
        assert (await till.shop.buy(till.wish(), "one-key-", 40_00)).due_minor == 40_00
    assert await till.have() == Balance(0, 60_00)
    for _ in range(2):
        await till.wallet.add(till.account, "top_up", "5.00", "CNY", "bank", "same-key")
    assert await till.have() == Balance(0, 65_00)
    await till.check()


async def test_too_little_buys_nothing(till: Till) -> None:
    await till.pay_in("39.99")
    with pytest.raises(BalanceTooSmall) as small:
        await till.buy()
    assert small.value.missing_minor == 1
    assert await till.store.current_subscription(till.account) is None
    assert await till.have() == Balance(0, 39_99)


async def test_many_at_once_never_spend_what_is_not_there(till: Till) -> None:
    await till.pay_in("100.00")

    async def one(number: int) -> bool:
        try:
            await till.shop.buy(till.wish(), f"rush-{number}", 40_00)
        except BalanceTooSmall:
            return False
        return True

    done = await asyncio.gather(*(one(number) for number in range(30)))
    assert sum(done) == 2
    assert await till.have() == Balance(0, 20_00)
    await till.check()


async def test_the_same_plan_again_extends_it(till: Till, clock: HandClock) -> None:
    await till.pay_in("100.00")
    await till.buy()
    first_end = (await till.holds())[1]
    clock.instant += 5 * DAY
    await till.buy()
    assert await till.holds() == ("lite", add_months(clock.now() - 5 * DAY, 2))
    assert first_end == add_months(clock.now() - 5 * DAY, 1)


async def test_an_upgrade_ends_the_period_and_credits_what_is_unused(
    till: Till, clock: HandClock
) -> None:
    await till.pay_in("400.00")
    start = clock.now()
    await till.buy()
    month = add_months(start, 1) - start
    clock.instant += month // 4
    preview = await till.shop.preview(till.wish("pro"))
    assert [(line.kind, line.amount_minor) for line in preview.lines] == [
        ("list", 200_00), ("credit", -30_00),
    ]  # fmt: skip
    assert await till.buy("pro") == 170_00
    assert await till.holds() == ("pro", add_months(clock.now(), 1))
    assert await till.have() == Balance(0, 190_00)
    with pytest.raises(OnlyAtPeriodsEnd):
        await till.buy("lite")
    await till.check()


async def test_an_upgrade_ends_also_what_was_bought_ahead(till: Till, clock: HandClock) -> None:
    await till.pay_in("400.00")
    await till.buy()
    await till.buy()
    clock.instant += HOUR
    assert await till.buy("pro") < 125_00
    held = await till.store.current_subscription(till.account)
    assert held is not None
    later = await till.store.term_at(held.id, clock.now() + 45 * DAY)
    assert later is not None
    assert later.plan_id == "pro"


async def test_upgrading_up_and_up_never_beats_paying_straight(
    till: Till, clock: HandClock
) -> None:
    await till.pay_in("100000.00")
    paid = await till.buy()
    for plan, period in (("lite", "quarter"), ("pro", "month"), ("max", "month"), ("max", "year")):
        clock.instant += HOUR
        paid += await till.buy(plan, period)
    assert paid >= 4800_00
    await till.check()


async def test_what_was_previewed_is_what_is_paid(till: Till) -> None:
    await till.pay_in("100.00")
    with pytest.raises(PriceChanged) as changed:
        await till.shop.buy(till.wish(), "a-stale-key", 20_00)
    assert changed.value.now.due_minor == 40_00
    assert await till.have() == Balance(0, 100_00)


async def test_renewals_come_once_at_the_list_price_and_keep_their_day(
    till: Till, clock: HandClock
) -> None:
    clock.instant = 1_801_396_800_000  # 31 January 2027, noon UTC
    await till.pay_in("200.00")
    await till.buy()
    ends = []
    for _ in range(3):
        clock.instant = (await till.holds())[1]
        results = await asyncio.gather(*(till.shop.renew_due() for _ in range(4)))
        assert sum(results) >= 1
        ends.append((await till.holds())[1])
    assert ends == [add_months(1_801_396_800_000, number) for number in (2, 3, 4)]
    assert await till.have() == Balance(0, 40_00)
    await till.check()


async def test_a_renewal_that_cannot_be_paid_waits_and_then_ends(
    till: Till, clock: HandClock
) -> None:
    await till.pay_in("40.00")
    await till.buy()
    clock.instant = (await till.holds())[1] + DAY
    assert await till.shop.renew_due() == 0
    await till.pay_in("40.00")
    assert await till.shop.renew_due() == 1
    # It begins when it is paid: the day between was not had.
    assert (await till.holds())[1] == add_months(clock.now(), 1)
    clock.instant = (await till.holds())[1] + 4 * DAY
    await till.pay_in("40.00")
    assert await till.shop.renew_due() == 0


async def test_a_cancelled_plan_is_not_renewed(till: Till, clock: HandClock) -> None:
    await till.pay_in("200.00")
    await till.buy()
    await till.shop.cancel(till.account, "a-key-1", cancelled=True)
    clock.instant = (await till.holds())[1]
    assert await till.shop.renew_due() == 0
    await till.shop.cancel(till.account, "a-key-2", cancelled=False)
    assert await till.shop.renew_due() == 1


@pytest.mark.parametrize(("amount", "currency"), [("0", "CNY"), ("-1", "CNY"), ("1", "yuan")])
async def test_what_is_no_amount(till: Till, amount: str, currency: str) -> None:
    with pytest.raises(AmountInvalid):
        await till.wallet.add(till.account, "top_up", amount, currency, "x", "key-of-it")


async def test_a_store_opened_again_has_the_same_books(stores: Stores, clock: HandClock) -> None:
    till = await Till(await stores.open(), clock).open()
    await till.pay_in("100.00")
    await till.buy()
    before = await till.wallet.entries(till.account, 10)
    if stores.kind == "sqlite":
        await till.store.close()
    again = await stores.open()
    assert await again.entries(till.account, 10) == before
    assert (await again.books(till.account)).balance("CNY") == Balance(0, 60_00)
