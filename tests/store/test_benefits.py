"""Benefits on every store: claimed once, exact at once, partners' codes given once each; and files
that are kept for a tool to look at."""

import asyncio
import base64
from dataclasses import replace

import pytest

from codeplan.billing.settings import MoneySettings
from codeplan.config.build import build_catalogue
from codeplan.config.load import builtin_text, parse
from codeplan.kit.instants import DAY
from codeplan.metering.meter import Meter
from codeplan.metering.slots import Slots
from codeplan.plan.benefits import Benefit
from codeplan.plan.rules import WindowRule
from codeplan.store.base import Store
from codeplan.store.rows import Account
from codeplan.subscriptions.apart import Apart, CallRefused, Spent, WorkFailed
from codeplan.subscriptions.benefits import Benefits, BenefitUnknown, Standing
from codeplan.subscriptions.partner_codes import NoCodeLeft
from codeplan.subscriptions.teams import Teams
from codeplan.subscriptions.uploads import KEPT_MS, MOST_FILES, Uploads
from support.business import Business
from support.meters import HandClock

VOICE = Benefit(
    "voice", "Voice", "voice", plans=frozenset({"lite"}),
    windows=(WindowRule("use", 1, "month", 20, "cycle"),),
)  # fmt: skip
MONTH = Benefit("gift", "Gift", "codes", days=30)
CATALOGUE = replace(build_catalogue(parse(builtin_text(), "test")), benefits=(VOICE, MONTH))


@pytest.fixture
async def business(store: Store, clock: HandClock) -> Business:
    return await Business(store, clock, CATALOGUE, MoneySettings()).open()


@pytest.fixture
def benefits(business: Business, store: Store, clock: HandClock) -> Benefits:
    meter = Meter(store, clock, 60.0)
    apart, teams = Apart(meter, Slots(60.0), clock, "UTC"), Teams(store, store)
    return Benefits(store, business.subscriptions, teams, meter, apart, clock, "UTC")


async def person(business: Business, store: Store, name: str, plan: str = "lite") -> Account:
    made = await business.person(f"{name}@example.org")
    await business.shop.grant(made.id, plan, "month", f"gift-{made.id}")
    found = await store.account_by_id(made.id)
    assert found is not None
    return found


async def works(_: Standing, __: Spent) -> str:
    return "done"


async def fails(_: Standing, __: Spent) -> str:
    raise WorkFailed("it was not heard")


async def state(benefits: Benefits, account: Account, name: str) -> str:
    return next(one.state for one in await benefits.of(account) if one.benefit.id == name)


async def test_uses_are_exact_at_once_and_prompts_untouched(
    benefits: Benefits, business: Business, store: Store
) -> None:
    account = await person(business, store, "mine")
    await benefits.claim(account, "voice")

    async def use() -> bool:
        try:
            return await benefits.use(account, "voice", "transcribe", works) == "done"
        except CallRefused as refused:
            assert "Voice usage limit reached for 1 month" in str(refused)
            return False

    with pytest.raises(WorkFailed):
        await benefits.use(account, "voice", "transcribe", fails)
    served = await asyncio.gather(*(use() for _ in range(200)))
    assert served.count(True) == 20
    (standing,) = (one for one in await benefits.of(account) if one.benefit.id == "voice")
    assert (standing.windows[0].used, standing.windows[0].left) == (20, 0)
    assert await store.prompts(account.id, 10) == []


async def test_who_may_claim_and_for_how_long(
    benefits: Benefits, business: Business, store: Store, clock: HandClock
) -> None:
    mine = await person(business, store, "mine")
    elsewhere = await person(business, store, "elsewhere", "pro")
    assert await state(benefits, elsewhere, "voice") == "elsewhere"
    with pytest.raises(BenefitUnknown, match="comes with Lite"):
        await benefits.claim(elsewhere, "voice")
    with pytest.raises(BenefitUnknown, match="no such benefit"):
        await benefits.claim(mine, "nothing")
    with pytest.raises(CallRefused, match="not claimed yet"):
        await benefits.use(mine, "voice", "transcribe", works)
    first = await benefits.claim(mine, "voice")
    assert await benefits.claim(mine, "voice") == first
    assert await state(benefits, mine, "voice") == "runs"
    await benefits.codes.add("gift", ["one"])
    gift = await benefits.claim(mine, "gift")
    assert gift.ends_at == gift.made_at + 30 * DAY
    await business.shop.restrict(mine.id, "it was shared", "restrict-it")
    with pytest.raises(CallRefused, match="restricted by the operator: it was shared"):
        await benefits.use(mine, "voice", "transcribe", works)
    await business.shop.restrict(mine.id, "", "let-it-go")
    assert await benefits.use(mine, "voice", "transcribe", works) == "done"
    clock.instant += 40 * DAY
    assert await state(benefits, mine, "voice") == "over"
    assert await state(benefits, mine, "gift") == "over"
    with pytest.raises(CallRefused, match="ended with the plan") as refused:
        await benefits.use(mine, "voice", "transcribe", works)
    assert refused.value.code == "1309"
    with pytest.raises(BenefitUnknown, match="ended at"):
        await benefits.claim(mine, "gift")


async def test_each_code_goes_to_one_person(
    benefits: Benefits, business: Business, store: Store
) -> None:
    codes = [f"code-{number}" for number in range(5)]
    assert await benefits.codes.add("gift", [*codes, *codes]) == 5
    people = [await person(business, store, f"p{number}") for number in range(8)]
    given = await asyncio.gather(
        *(benefits.claim(one, "gift") for one in people), return_exceptions=True
    )
    got = [grant.code for grant in given if not isinstance(grant, BaseException)]
    assert sorted(got) == codes
    assert sum(isinstance(one, NoCodeLeft) for one in given) == 3
    assert await benefits.codes.left("gift") == 0


async def test_files_are_kept_for_their_account_and_an_hour(
    business: Business, store: Store, clock: HandClock
) -> None:
    uploads = Uploads(store, clock)
    mine, other = [await business.person(f"{name}@example.org") for name in ("a", "b")]
    names = [(await uploads.keep(mine.id, b"%d" % number))[0] for number in range(MOST_FILES + 2)]
    assert await uploads.find(mine.id, names[0]) is None
    assert await uploads.find(mine.id, names[1]) is None
    kept = await uploads.find(mine.id, names[2])
    assert kept is not None
    assert base64.b64decode(kept) == b"2"
    assert await uploads.find(other.id, names[2]) is None
    clock.instant += KEPT_MS
    assert await uploads.find(mine.id, names[2]) is None
