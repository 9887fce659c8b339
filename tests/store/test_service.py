"""What the whole service is told by, and what persons do with their accounts, on every store."""

import pytest

from codeplan.accounts.addresses import EmailInvalid
from codeplan.accounts.client_keys import ClientKeys, KeyRulesInvalid, Wanted
from codeplan.accounts.devices import SLOT_MS, Device, DeviceRevoked, Devices, Sighting, last_used
from codeplan.accounts.directory import Accounts
from codeplan.accounts.hashing import TooManyGuesses
from codeplan.accounts.passwords import Passwords, ResetInvalid
from codeplan.accounts.preferences import Preferences, prefer
from codeplan.accounts.sessions import SESSION_MS, Sessions
from codeplan.accounts.sign_up import LinkInvalid, SignUpClosed, SignUps, SignUpSettings
from codeplan.billing.settings import MoneySettings
from codeplan.config.build import build_catalogue
from codeplan.config.load import builtin_text, parse
from codeplan.kit.instants import DAY, HOUR
from codeplan.letters.notices import Notice
from codeplan.letters.writing import written
from codeplan.metering.tallies import Tallies
from codeplan.plan.sharing import SharingRules
from codeplan.store.base import AlreadyThere, Store
from codeplan.store.rows import Account, KeyRules
from codeplan.subscriptions.cases import Cases, CaseUnknown
from codeplan.subscriptions.demo import DOMAIN, Demo
from codeplan.subscriptions.personal_data import PersonalData, StillNeeded
from codeplan.subscriptions.receipts import Receipts
from codeplan.subscriptions.reports import Reports, upstream_figures
from codeplan.subscriptions.simulator import Draft, Simulation, Simulator
from support.addresses import addresses_of
from support.business import Business
from support.meters import HandClock

CATALOGUE = build_catalogue(parse(builtin_text(), "test"))
SETTINGS = MoneySettings()
PASSWORD = "a long password"


@pytest.fixture
async def business(store: Store, clock: HandClock) -> Business:
    return await Business(store, clock, CATALOGUE, SETTINGS).open()


@pytest.fixture
def accounts(store: Store, clock: HandClock) -> Accounts:
    return Accounts(store, clock)


def sighting(machine: str = "m1", address: str = "192.0.2.7", account: str = "acc_x") -> Sighting:
    return Sighting(account, "ck_1", "claude-code", machine, address)


async def test_a_session_lasts_and_ends(store: Store, accounts: Accounts, clock: HandClock) -> None:
    sessions = Sessions(store, clock)
    account = await accounts.open("a@example.org")
    token = await sessions.open(account.id, "password", "Firefox")
    other = await sessions.open(account.id, "key", "Chrome")
    found = await sessions.of(token)
    assert found is not None
    assert found[1].email == "a@example.org"
    assert await sessions.of("cs-nothing") is None
    assert {one.program for one in await sessions.list_open(account.id)} == {"Firefox", "Chrome"}
    # Nobody ends what is another's.
    stranger = await accounts.open("b@example.org")
    assert not await sessions.end_one(stranger.id, found[0].id)
    await sessions.end_others(account.id, found[0].id)
    assert await sessions.of(other) is None
    clock.instant += SESSION_MS
    assert await sessions.of(token) is None
    assert await sessions.list_open(account.id) == []


async def test_passwords_are_reset_once_and_guessed_slowly(
    store: Store, accounts: Accounts, clock: HandClock
) -> None:
    passwords = Passwords(store, clock)
    account = await accounts.open("A@example.org")
    await passwords.choose(account.id, PASSWORD)
    assert await passwords.account_with("a@example.org", PASSWORD) is not None
    token = await passwords.reset_token(account)
    assert await passwords.reset(token, "another password") == account.id
    with pytest.raises(ResetInvalid):
        await passwords.reset(token, "a third password")
    late = await passwords.reset_token(account)
    clock.instant += HOUR
    with pytest.raises(ResetInvalid):
        await passwords.reset(late, "a third password")
    assert await passwords.account_with("a@example.org", PASSWORD) is None
    for _ in range(9):
        await passwords.account_with("a@example.org", "wrong")
    with pytest.raises(TooManyGuesses):
        await passwords.account_with("a@example.org", "another password")
    clock.instant += HOUR
    assert await passwords.account_with("a@example.org", "another password") is not None


NFC, NFD = "jürgen@example.com", "ju\u0308rgen@example.com"


async def test_one_address_has_one_account_however_it_is_spelled(
    store: Store, accounts: Accounts, business: Business, clock: HandClock
) -> None:
    passwords, open_to_all = Passwords(store, clock), SignUpSettings("open")
    addresses = addresses_of(store, clock)
    sign_ups = SignUps(store, accounts, addresses, clock, open_to_all)
    # One that was made before addresses had one form.
    await store.add_account(Account("acc_old", NFD, "subscriber", clock.now()), None)
    await passwords.choose("acc_old", PASSWORD)
    for typed in (NFD, NFC, f" {NFC} ", "jürgen@EXAMPLE.com"):
        found = await passwords.account_with(typed, PASSWORD)
        assert found is not None and found.id == "acc_old"
        assert (await accounts.by_email(typed)) == found
        with pytest.raises(AlreadyThere):
            await accounts.create(typed)
        with pytest.raises(AlreadyThere):
            await sign_ups.begin(typed, PASSWORD, "", "")
        with pytest.raises(AlreadyThere):
            await business.teams.found(found, typed, "Works", clock.now())
    new = await sign_ups.begin("a@Bücher.example", PASSWORD, "", "")
    assert new is not None and new.email == "a@xn--bcher-kva.example"
    with pytest.raises(AlreadyThere):
        await accounts.open("a@bu\u0308cher.example")
    invited = await SignUps(store, accounts, addresses, clock, SignUpSettings()).invite(
        " B@EXAMPLE.org"
    )
    closed = SignUps(store, accounts, addresses, clock, SignUpSettings("invitation"))
    assert await closed.begin("B@example.org", PASSWORD, "", invited) is not None
    for odd in ("c\u202e@example.org", "c@example.org\n", "c,d@example.org"):
        for refused in (accounts.create(odd), sign_ups.begin(odd, PASSWORD, "", "")):
            with pytest.raises(EmailInvalid):
                await refused
    # Wrong tries are counted by the address, not by its spelling.
    for number in range(10):
        await passwords.account_with((NFC, NFD)[number % 2], "wrong")
    with pytest.raises(TooManyGuesses):
        await passwords.account_with(NFC, PASSWORD)


async def test_signing_up_by_invitation_and_by_letter(
    store: Store, accounts: Accounts, clock: HandClock
) -> None:
    addresses = addresses_of(store, clock)
    closed = SignUps(store, accounts, addresses, clock, SignUpSettings("invitation"))
    token = await closed.invite("")
    with pytest.raises(SignUpClosed):
        await closed.begin("a@example.org", PASSWORD, "", "cu-wrong")
    made = await closed.begin("a@example.org", PASSWORD, "Europe/Berlin", token)
    assert made is not None
    assert made.zone == "Europe/Berlin"
    with pytest.raises(SignUpClosed):
        await closed.begin("b@example.org", PASSWORD, "", token)
    hers = await closed.invite("c@example.org")
    with pytest.raises(SignUpClosed):
        await closed.begin("d@example.org", PASSWORD, "", hers)
    with pytest.raises(AlreadyThere):
        await closed.begin("a@example.org", PASSWORD, "", await closed.invite(""))

    settings = SignUpSettings("open", True, "https://plans.example.org")
    by_letter = SignUps(store, accounts, addresses, clock, settings)
    assert await by_letter.begin("new@example.org", PASSWORD, "", "") is None
    assert await accounts.by_email("new@example.org") is None
    # Of an address that is taken the same is said, and its owner told.
    assert await by_letter.begin("a@example.org", PASSWORD, "", "") is None
    letters = {one.to: written(one, "en") for one in await store.documents(Notice)}
    assert letters["a@example.org"][0] == "You have an account already"
    link = letters["new@example.org"][1].split("token=")[1].split()[0]
    confirmed = await by_letter.confirm(link)
    assert confirmed.email == "new@example.org"
    assert await Passwords(store, clock).account_with("new@example.org", PASSWORD) is not None
    with pytest.raises(LinkInvalid):
        await by_letter.confirm(link)


async def test_letters_are_in_their_readers_language(
    store: Store, accounts: Accounts, clock: HandClock
) -> None:
    closed = SignUps(store, accounts, addresses_of(store, clock), clock, SignUpSettings("closed"))
    await closed.invite("a@example.org")
    (letter,) = await store.documents(Notice)
    assert written(letter, "")[0] == "You are invited to codeplan"
    subject, text = written(letter, "zh")
    assert subject == "邀请您使用 codeplan"
    assert "30 天内有效" in text
    assert "/console/sign-up?invitation=cu-" in text


async def test_what_a_key_may_do(store: Store, accounts: Accounts) -> None:
    keys = ClientKeys(store, store)
    account = await accounts.open("a@example.org")
    rules = KeyRules(("glm-4.6",), "plan", 50)
    key, secret = await keys.make(account.id, Wanted("laptop", rules))
    holder = await accounts.holder_of(secret)
    assert holder is not None
    assert holder.rules == rules
    await keys.change(account.id, key.id, Wanted("laptop", KeyRules()))
    holder = await accounts.holder_of(secret)
    assert holder is not None
    assert holder.rules == KeyRules()
    rotated, second = await keys.rotate(account.id, key.id)
    assert await accounts.holder_of(secret) is None
    assert await accounts.holder_of(second) is not None
    ((_, named),) = await keys.list_keys(account.id)
    assert (named.id, named.name) == (rotated.id, "laptop")
    with pytest.raises(KeyRulesInvalid):
        await keys.make(account.id, Wanted("x", KeyRules(lane="free")))


async def test_devices_are_seen_named_and_revoked(
    store: Store, accounts: Accounts, clock: HandClock
) -> None:
    account = await accounts.open("a@example.org")
    devices = Devices(store, clock)
    await devices.admit(sighting("m1", account=account.id))
    await devices.admit(sighting("m1", "198.51.100.9", account=account.id))
    await devices.admit(sighting("", "203.0.113.5", account=account.id))
    clock.instant += SLOT_MS
    await devices.admit(sighting("m1", account=account.id))
    found = await devices.list_all(account.id)
    # A machine that moves is one; a tool that tells no machine is known by its network.
    assert len(found) == 2
    assert found[0].slots == (clock.instant // SLOT_MS - 1, clock.instant // SLOT_MS)
    assert {one.network for one in found} >= {"203.0.113.0/24"}
    assert last_used(found) == {"ck_1": clock.instant}
    assert await devices.change(account.id, found[0].id, name="Laptop", revoked=True)
    assert not await devices.change("acc_other", found[0].id, revoked=False)
    with pytest.raises(DeviceRevoked):
        await devices.admit(sighting("m1", account=account.id))
    # Another node, and another start, know it too.
    fresh = Devices(store, clock)
    with pytest.raises(DeviceRevoked):
        await fresh.admit(sighting("m1", account=account.id))
    await fresh.change(account.id, found[0].id, revoked=False)
    await devices.admit(sighting("m1", account=account.id))
    (named,) = [one for one in await devices.list_all(account.id) if one.name]
    assert named.name == "Laptop"


async def test_a_case_from_its_evidence_to_its_decision(
    business: Business, store: Store, clock: HandClock
) -> None:
    person = await business.person()
    await business.shop.grant(person.id, "lite", "month", "gift-one")
    cases = Cases(store, business.shop, SharingRules(devices_at_once=3, slots=2))
    devices = Devices(store, clock)
    for _ in range(2):
        for machine in "abc":
            await devices.admit(sighting(machine, account=person.id))
        clock.instant += SLOT_MS
    await devices.keep()
    assert await cases.look() == 1
    # Looked at once, and no second one beside it.
    for machine in "abc":
        await devices.admit(sighting(machine, account=person.id))
    await devices.keep()
    assert await cases.look() == 0
    (case,) = await cases.list_all(person.id)
    assert (case.suspicions[0].number, len(case.devices)) == (3, 3)
    await cases.appeal(person.id, case.id, "Three build machines of mine.")
    with pytest.raises(CaseUnknown):
        await cases.appeal("acc_other", case.id, "Not mine.")
    await cases.decide(case.id, True, "One person, one plan.")
    held = await person.held()
    assert held is not None
    assert held.restricted == "One person, one plan."
    assert (await cases.one(case.id)).state == "restricted"
    with pytest.raises(CaseUnknown):
        await cases.decide(case.id, False, "After all.")
    topics = [one.topic for one in await store.documents(Notice, person.id)]
    assert topics.count("case") == 2


async def test_tallies_add_up(store: Store, clock: HandClock) -> None:
    tallies = Tallies(store, clock)
    tallies.count("refused/1308")
    await tallies.keep()
    tallies.count("refused/1308", 2)
    tallies.count("upstream/a/b/calls", 4)
    tallies.count("upstream/a/b/failed")
    now = clock.instant
    found = await tallies.between(now, now + HOUR)
    assert found == {"refused/1308": 3, "upstream/a/b/calls": 4, "upstream/a/b/failed": 1}
    figures = upstream_figures(found)["a/b"]
    assert (figures.calls, figures.failed, figures.speed) == (4, 1, None)
    assert await tallies.between(now + HOUR, now + 2 * HOUR) == {}
    clock.instant += 40 * DAY
    await tallies.forget_old(30)
    assert await tallies.between(now, now + HOUR) == {}


async def demo_of(business: Business, store: Store, clock: HandClock, people: int) -> Demo:
    accounts = Accounts(store, clock)
    demo = Demo(store, accounts, business.shop, clock)
    made, key = await demo.seed(people)
    assert len(made) == people
    assert await accounts.holder_of(key) is not None
    return demo


async def test_a_made_up_month_agrees_with_itself_and_leaves_nothing(
    business: Business, store: Store, clock: HandClock
) -> None:
    demo = await demo_of(business, store, clock, 3)
    receipts = Receipts(store, business.subscriptions)
    looked = 0
    for person in await demo.people():
        assert person.email.endswith(f"@{DOMAIN}")
        prompts = await store.prompts(person.id, 200)
        assert len(prompts) > 50
        for prompt in prompts[:40]:
            receipt = await receipts.of(prompt)
            assert receipt.calls
            assert all(check.agrees for check in receipt.checks()), prompt.id
            looked += 1
        uses = await store.use(person.id, 0, clock.instant + 1, DAY)
        whole = await store.prompts(person.id, 100_000)
        assert sum(use.prompts for use in uses) == len(whole)
    assert looked == 120
    assert await store.contradictions() == []
    # Again makes nobody twice.
    assert (await demo.seed(3))[0] == []
    assert await demo.remove() == 3
    assert await demo.people() == []
    assert await store.use("", 0, clock.instant + 1, DAY) == []
    assert await store.contradictions() == []
    assert [one for one in await store.documents(Device) if one.account_id] == []


async def test_days_are_summed_once_and_today_as_it_is(
    business: Business, store: Store, clock: HandClock
) -> None:
    await demo_of(business, store, clock, 2)
    reports = Reports(store, Tallies(store, clock), clock, {}, "Asia/Shanghai")
    days = await reports.days(30)
    today = await reports.today()
    uses = await store.use("", 0, clock.instant + 1, DAY)
    assert len(days) == 30
    summed = sum(day.figures.prompts for day in days) + today.figures.prompts
    assert summed == sum(use.prompts for use in uses) > 0
    assert [day.id for day in days] == sorted(day.id for day in days)
    assert [day.figures for day in await reports.days(30)] == [day.figures for day in days]
    assert sum(one.number for one in today.plans) == 2


async def test_the_simulator_replays_everybody_under_both(
    business: Business, store: Store, clock: HandClock
) -> None:
    await demo_of(business, store, clock, 3)
    text = builtin_text()
    smaller = text.replace("limit = 120 }", "limit = 2 }").replace("limit = 600 }", "limit = 2 }")
    smaller = smaller.replace("limit = 2400 }", "limit = 2 }")

    def read(draft: str) -> Draft:
        return Draft(build_catalogue(parse(draft, "draft")))

    simulator = Simulator(store, clock, Draft(CATALOGUE), read)
    assert simulator.changes(text) == []
    assert len(simulator.changes(smaller)) == 3
    begun = await simulator.begin(smaller, 30)
    await simulator.ended()
    found = await store.document(Simulation, begun)
    assert found is not None
    assert (found.state, found.done) == ("done", 3)
    now, then = found.now.plans.values(), found.then.plans.values()
    assert sum(one.accounts for one in now) == sum(one.accounts for one in then) == 3
    assert sum(one.refused for one in now) == 0
    assert sum(one.limited for one in then) == 3
    assert sum(one.refused for one in then) > 100


async def test_personal_data_is_taken_along_and_forgotten(
    business: Business, store: Store, clock: HandClock
) -> None:
    demo = await demo_of(business, store, clock, 1)
    (person,) = await demo.people()
    data = PersonalData(store, business.teams)
    await prefer(store, Preferences(id=person.id, account_id=person.id, made_at=0, language="zh"))
    taken = await data.export(person)
    assert taken["account"]["email"] == person.email
    assert len(taken["prompts"]) > 50
    assert taken["preferences"][0]["language"] == "zh"
    held = await store.current_subscription(person.id)
    assert held is not None
    if held.currency:
        with pytest.raises(StillNeeded):
            await data.forget(person, clock.instant)
        await business.shop.cancel(person.id, "cancel-it", cancelled=True)
    await data.forget(person, clock.instant)
    gone = await store.account_by_id(person.id)
    assert gone is not None
    assert gone.email == f"{person.id}@removed.invalid"
    assert await store.prompts(person.id, 10) == []
    assert await store.keys_of(person.id) == []
    assert await store.documents(Device, person.id) == []
    assert await store.contradictions() == []


async def test_accounts_are_found_by_a_part_of_their_address(
    store: Store, accounts: Accounts
) -> None:
    for name in ("ada_l", "adam", "bob", "100%"):
        await accounts.open(f"{name}@Example.org")

    async def names(text: str) -> set[str]:
        return {one.email.partition("@")[0] for one in await store.find_accounts(text)}

    assert await names("ADA") == {"ada_l", "adam"}
    assert await names("a_l") == {"ada_l"}
    assert await names("%@") == {"100%"}
    newest = await store.find_accounts("", limit=3)
    rest = await store.find_accounts("", limit=3, before=newest[-1].id)
    assert (len(newest), len(rest)) == (3, 1)
