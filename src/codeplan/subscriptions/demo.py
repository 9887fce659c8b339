"""A believable month for trying the service out: people who bought plans and used them. Their
addresses end in demo.invalid, which no real one can, and they are removed with all that is
theirs."""

from random import Random

from codeplan.accounts.devices import SLOT_MS, Device
from codeplan.accounts.directory import Accounts
from codeplan.accounts.keys import key_row, new_secret
from codeplan.billing.taking import moment_of
from codeplan.kit.clock import Clock
from codeplan.kit.ids import new_id
from codeplan.kit.instants import DAY, HOUR, MINUTE
from codeplan.ledger import movements
from codeplan.plan.catalogue import Price
from codeplan.plan.sharing import Seen, Suspicion
from codeplan.store.base import Store
from codeplan.store.changing import put
from codeplan.store.documents import One
from codeplan.store.money import Books, Decision, Move
from codeplan.store.rows import Account, ClientKey, Subscription
from codeplan.subscriptions import purchases
from codeplan.subscriptions.cases import Case
from codeplan.subscriptions.demo_month import Habits, habits_of, month_of
from codeplan.subscriptions.market import Customer, Wish
from codeplan.subscriptions.reports import Day
from codeplan.subscriptions.shop import Shop

DOMAIN = "demo.invalid"
MOST_PEOPLE = 200
_DAYS = 29
_NETWORKS = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")


class Demo:
    def __init__(self, store: Store, accounts: Accounts, shop: Shop, clock: Clock) -> None:
        self._store, self._accounts, self._shop = store, accounts, shop
        self._clock = clock

    async def seed(self, people: int) -> tuple[list[str], str]:
        """So many people with their month; their addresses, and a key of the first, shown this
        once. Whoever is there from an earlier time stays."""
        there = {account.email for account in await self.people()}
        made, key = [], ""
        for number in range(people):
            email = f"person-{number + 1}@{DOMAIN}"
            if email in there:
                continue
            account = await self._accounts.open(email, zone="Asia/Shanghai")
            secret = await self._live(account, number)
            key = key or secret
            made.append(email)
        await self._forget_days()
        return made, key

    async def remove(self) -> int:
        """Everybody that was made up; how many they were."""
        people = await self.people()
        for account in people:
            await self._store.remove_account(account.id)
        await self._forget_days()
        return len(people)

    async def people(self) -> list[Account]:
        found = await self._store.find_accounts(f"@{DOMAIN}", limit=MOST_PEOPLE)
        return [account for account in found if account.email.endswith(f"@{DOMAIN}")]

    async def _forget_days(self) -> None:
        """Days that were summed are summed anew."""
        await self._store.forget_documents(Day, "over", self._clock.now())

    async def _live(self, account: Account, number: int) -> str:
        random, now = Random(number), self._clock.now()
        begun = now - (_DAYS - random.randrange(0, 6)) * DAY
        secret = new_secret()
        key = key_row(secret, account.id, begun)
        await self._write(account, Decision(keys=(key,)))
        habits = habits_of(random)
        held = await self._buy(account, random, begun)
        if held is not None:
            plan = self._shop.market.catalogue.plans[held.plan_id]
            for rows in month_of(held, plan, key.id, habits, begun, now, number):
                await self._write(account, Decision(usage=rows))
        await self._devices(account, key, habits, random, now, shared=number == 2)
        return secret

    async def _write(self, account: Account, made: Decision) -> None:
        await self._store.move(Move(account.id, "", lambda _, __: made, terms=False))

    async def _buy(self, account: Account, random: Random, begun: int) -> Subscription | None:
        """A plan, paid in and bought at that instant; given where it has no price."""
        catalogue = self._shop.market.catalogue
        plan = random.choice(list(catalogue.plans.values()))
        price: Price | None = next((one for one in plan.prices if one.period == "month"), None)
        if price is None:
            return await self._shop.grant(account.id, plan.id, "month", "demo")
        wish = Wish(account.id, plan.id, "month", price.currency)
        amount = price.amount_minor + random.choice((0, 500, 2000))

        def pay_in(_: Books, __: int) -> Decision:
            moment = moment_of(account.id, price.currency, "top_up", "demo", begun)
            return Decision(entries=(movements.top_up(moment, amount, "manual"),))

        def buy(books: Books, _: int) -> Decision:
            item = purchases.preview(wish, self._shop.market, books, begun)
            return purchases.bought(account.id, item, self._shop.market, books, begun)

        await self._store.move(Move(account.id, "", pay_in))
        reads = (One(Customer, account.id),)
        await self._store.move(Move(account.id, "", buy, reads, self._shop.counters))
        return await self._store.current_subscription(account.id)

    async def _devices(
        self,
        account: Account,
        key: ClientKey,
        habits: Habits,
        random: Random,
        now: int,
        shared: bool,
    ) -> None:
        """One or two machines; of the one whose plan looks shared, many, with a case."""
        number = 6 if shared else random.choice((1, 1, 2))
        last = now // SLOT_MS
        slots = tuple(range(last - 12, last)) if shared else (last - 3, last - 2)
        devices = [
            Device(
                id=new_id("dev", now),
                account_id=account.id,
                made_at=now - 20 * DAY,
                state="on",
                client=habits.client,
                network=_NETWORKS[place % len(_NETWORKS)],
                seen_at=now - random.randrange(5, 90) * MINUTE,
                name="Laptop" if place == 0 else "",
                slots=slots,
                keys={key.id: now - HOUR},
            )
            for place in range(number)
        ]
        await put(self._store, account.id, *devices)
        if shared:
            seen = tuple(Seen(one.id, one.client, one.network, one.slots) for one in devices)
            case = Case(
                id=new_id("case", now - HOUR),
                account_id=account.id,
                made_at=now - HOUR,
                state="open",
                suspicions=(Suspicion("devices", number, 4, len(slots), slots[0]),),
                devices=seen,
            )
            await put(self._store, account.id, case)
