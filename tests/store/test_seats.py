"""An organisation renews with the number of seats that it chose, and is charged for no more."""

from dataclasses import dataclass

import pytest

from codeplan.billing.settings import MoneySettings
from codeplan.config.build import build_catalogue
from codeplan.config.load import builtin_text, parse
from codeplan.kit.instants import DAY, HOUR, add_months
from codeplan.letters.notices import Notice
from codeplan.plan.lifecycle import NotPossible
from codeplan.store.base import Store
from codeplan.subscriptions.market import Wish
from codeplan.subscriptions.purchases import SeatsInvalid
from codeplan.subscriptions.seats import ahead
from support.business import Business, Person
from support.meters import HandClock

CATALOGUE = build_catalogue(parse(builtin_text(), "test"))
EACH = 40_00


@dataclass
class Works:
    """An organisation of four, the owner first, in the order in which they joined."""

    business: Business
    id: str
    owner: Person
    people: list[tuple[Person, str]]
    start: int

    async def choose(self, seats: int, plan: str = "lite") -> None:
        key = f"choose-{seats}-{plan}-{self.business.clock.now()}"
        await self.business.shop.change(Wish(self.id, plan, "month", "", seats=seats), key)

    async def seats(self) -> int:
        held = await self.business.store.current_subscription(self.id)
        assert held is not None
        return held.seats

    async def serves(self) -> list[bool]:
        """Whose keys do."""
        return [await self.business.accounts.holder_of(key) is not None for _, key in self.people]

    async def cash(self) -> int:
        balances = await self.business.wallet.balances(self.id)
        return balances["CNY"].total_minor

    async def pay_in(self, amount: str, key: str) -> None:
        await self.business.wallet.add(self.id, "top_up", amount, "CNY", "a test", key)


@pytest.fixture
async def works(store: Store, clock: HandClock) -> Works:
    business = await Business(store, clock, CATALOGUE, MoneySettings()).open()
    teams, owner = business.teams, await business.person("owner@example.org")
    team = await teams.found(owner.account, "bills@example.org", "Works", clock.now())
    made = Works(business, team.id, owner, [], clock.now())
    await made.pay_in("160.00", "first-money")
    await business.shop.buy(Wish(team.id, "lite", "month", "CNY", seats=4), "buy-seats", 4 * EACH)
    made.people.append((owner, await teams.new_key(team.id, owner.account)))
    for number in range(3):
        clock.instant += HOUR
        email = f"m{number}@example.org"
        member = await business.person(email)
        token = await teams.invite(team.id, owner.id, email, "member", f"invite-{number}")
        _, key = await teams.join(member.account, token)
        made.people.append((member, key))
    return made


async def test_it_renews_with_fewer_and_who_joined_last_has_none(
    works: Works, clock: HandClock
) -> None:
    await works.choose(3)
    held = await works.business.store.current_subscription(works.id)
    assert held is not None
    seats, losing = await ahead(works.business.store, held)
    assert (seats, [one.email for one in losing]) == (3, ["m2@example.org"])
    # Until then everybody stays, and the letter ahead of it says whom it concerns.
    await works.pay_in("500.00", "more-money")
    before = await works.cash()
    clock.instant = add_months(works.start, 1) - DAY
    await works.business.run()
    assert (await works.seats(), await works.serves()) == (4, [True] * 4)
    told = await works.business.store.documents(Notice, works.id)
    (letter,) = [one for one in told if one.topic == "seats_ahead"]
    assert letter.said is not None
    assert letter.said.parts[0].values["people"] == "m2@example.org"
    clock.instant = add_months(works.start, 1) + HOUR
    await works.business.run()
    assert (await works.seats(), await works.serves()) == (3, [True, True, True, False])
    assert before - await works.cash() == 3 * EACH
    assert {one.email for one in await works.business.teams.members(works.id)} == {
        "owner@example.org", "m0@example.org", "m1@example.org",
    }  # fmt: skip
    assert await works.business.teams.teams_of(works.people[3][0].id) == []
    # And so it goes on.
    clock.instant = add_months(works.start, 2) + HOUR
    await works.business.run()
    assert (await works.seats(), before - await works.cash()) == (3, 6 * EACH)
    await works.business.check()


async def test_who_was_removed_before_makes_room_for_the_others(
    works: Works, clock: HandClock
) -> None:
    await works.choose(3)
    await works.business.teams.leave(works.id, works.owner.id, works.people[1][0].id)
    await works.business.teams.invite(works.id, works.owner.id, "x@example.org", "member", "late-1")
    await works.pay_in("120.00", "more-money")
    clock.instant = add_months(works.start, 1) + HOUR
    await works.business.run()
    assert await works.serves() == [True, False, True, True]
    # The seat that was offered is gone.
    assert await works.business.teams.invitations(works.id) == []
    await works.business.check()


async def test_nobody_leaves_before_it_is_paid(works: Works, clock: HandClock) -> None:
    await works.choose(2)
    clock.instant = add_months(works.start, 1) + HOUR
    await works.business.run()
    assert (await works.seats(), await works.serves()) == (4, [True] * 4)
    # The balance of exactly so many pays it; for four it would not.
    await works.pay_in("80.00", "exactly")
    clock.instant += DAY
    await works.business.run()
    clock.instant += 7 * HOUR
    await works.business.run()
    assert (await works.seats(), await works.cash()) == (2, 0)
    assert await works.serves() == [True, True, False, False]
    await works.business.check()


async def test_a_choice_can_be_taken_back_or_go_with_another_plan(
    works: Works, clock: HandClock
) -> None:
    await works.choose(2)
    await works.choose(4)
    await works.pay_in("1000.00", "more-money")
    clock.instant = add_months(works.start, 1) + HOUR
    await works.business.run()
    assert (await works.seats(), await works.serves()) == (4, [True] * 4)
    await works.choose(3, "pro")
    clock.instant = add_months(works.start, 2) + HOUR
    await works.business.run()
    held = await works.business.store.current_subscription(works.id)
    assert held is not None
    assert (held.plan_id, held.seats, await works.serves()) == (
        "pro", 3, [True, True, True, False],
    )  # fmt: skip
    await works.business.check()


async def test_what_cannot_be_chosen(works: Works) -> None:
    for number in (1, -3, 10_001):
        with pytest.raises(SeatsInvalid):
            await works.choose(number)
    person = works.owner
    await person.pay(await person.order())
    alone = Wish(person.id, "lite", "month", "", seats=2)
    with pytest.raises(SeatsInvalid):
        await works.business.shop.change(alone, "one-person")
    await works.business.shop.cancel(works.id, "cancel-it", cancelled=True)
    with pytest.raises(NotPossible):
        await works.choose(3)
