"""Who gets in, who is kept out, and for whom it takes longer, on every store."""

import asyncio

import pyotp
import pytest

from codeplan.accounts.directory import Accounts
from codeplan.accounts.guesses import GUESSES, OF_NETWORK
from codeplan.accounts.hashing import TooManyGuesses
from codeplan.accounts.passwords import Origin, Passwords, ResetInvalid
from codeplan.accounts.second_factor import CodeWrong, SecondFactors
from codeplan.accounts.sessions import Sessions
from codeplan.kit.instants import HOUR, MINUTE
from codeplan.store.base import Store
from support.addresses import addresses_of
from support.meters import HandClock

PASSWORD = "a long password"
EMAIL = "owner@example.org"
HOME = Origin("192.0.2.0/24", "browser at home")
ELSEWHERE = Origin("198.51.100.0/24", "browser elsewhere")


@pytest.fixture
def accounts(store: Store, clock: HandClock) -> Accounts:
    return Accounts(store, clock)


@pytest.fixture
async def passwords(store: Store, clock: HandClock, accounts: Accounts) -> Passwords:
    """Of one account, whose owner has signed in at home."""
    made = Passwords(store, clock)
    account = await accounts.open(EMAIL)
    await made.choose(account.id, PASSWORD)
    await made.know_browser(account.id, HOME.browser)
    return made


async def guess(passwords: Passwords, origin: Origin, email: str = EMAIL, times: int = 1) -> None:
    for _ in range(times):
        assert await passwords.account_with(email, "a wrong one", origin) is None


async def test_strangers_guesses_do_not_keep_the_owner_out(passwords: Passwords) -> None:
    await guess(passwords, ELSEWHERE, times=GUESSES)
    with pytest.raises(TooManyGuesses):
        await passwords.account_with(EMAIL, PASSWORD, ELSEWHERE)
    assert await passwords.account_with(EMAIL, PASSWORD, HOME) is not None


async def test_a_known_browser_may_not_guess_without_end(passwords: Passwords) -> None:
    await guess(passwords, HOME, times=GUESSES)
    with pytest.raises(TooManyGuesses):
        await passwords.account_with(EMAIL, PASSWORD, HOME)


async def test_a_browser_is_known_for_its_own_account_only(
    passwords: Passwords, accounts: Accounts
) -> None:
    other = await accounts.open("other@example.org")
    await passwords.choose(other.id, PASSWORD)
    await guess(passwords, ELSEWHERE, other.email, GUESSES)
    with pytest.raises(TooManyGuesses):
        await passwords.account_with(other.email, PASSWORD, HOME)


async def test_a_network_that_sprays_addresses_is_slowed(
    passwords: Passwords, clock: HandClock
) -> None:
    for number in range(OF_NETWORK):
        await guess(passwords, Origin(ELSEWHERE.network, str(number)), f"{number}@example.org")
    with pytest.raises(TooManyGuesses):
        await guess(passwords, Origin(ELSEWHERE.network, "x"), "new@example.org")
    await guess(passwords, Origin("203.0.113.0/24", "x"), "new@example.org")
    clock.instant += 16 * MINUTE
    await guess(passwords, Origin(ELSEWHERE.network, "x"), "new@example.org")


async def test_many_at_once_are_turned_away_before_they_queue_for_ever(
    passwords: Passwords,
) -> None:
    tries = (
        passwords.account_with(f"{number}@example.org", "wrong", Origin(f"{number}", ""))
        for number in range(100)
    )
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert {type(one) for one in done} == {type(None), TooManyGuesses}
    assert await passwords.account_with(EMAIL, PASSWORD, HOME) is not None


async def test_one_reset_ends_all_links(passwords: Passwords, accounts: Accounts) -> None:
    account = await accounts.by_email(EMAIL)
    assert account is not None
    first, second, third = [await passwords.reset_token(account) for _ in range(3)]
    await passwords.reset(second, "another password")
    for link in (first, second, third):
        with pytest.raises(ResetInvalid):
            await passwords.reset(link, "a third password")
    fourth = await passwords.reset_token(account)
    await passwords.choose(account.id, PASSWORD)
    with pytest.raises(ResetInvalid):
        await passwords.reset(fourth, "a third password")


async def test_a_link_that_is_none_costs_no_hash(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    monkeypatch.setattr("codeplan.kit.secrets.hash_password", hashed.append)
    for link in ("", "cr-nothing", "x" * 1000):
        with pytest.raises(ResetInvalid):
            await passwords.reset(link, "another password")
    assert not hashed


async def test_a_wrong_code_does_not_change_what_was_scanned(
    store: Store, clock: HandClock, passwords: Passwords
) -> None:
    factors = SecondFactors(store, clock, passwords.guesses)
    secret, _ = await factors.begin("acc_1", EMAIL, "codeplan")
    for _ in range(3):
        with pytest.raises(CodeWrong):
            await factors.confirm("acc_1", "000000")
        assert (await factors.begin("acc_1", EMAIL, "codeplan"))[0] == secret
    code = pyotp.TOTP(secret).generate_otp(clock.now() // 1000 // 30)
    assert len(await factors.confirm("acc_1", code)) == 10
    # One that is on is never shown again, nor replaced.
    assert (await factors.begin("acc_1", EMAIL, "codeplan"))[0] != secret
    with pytest.raises(CodeWrong):
        await factors.check("acc_1", code)
    clock.instant += MINUTE
    await factors.check("acc_1", pyotp.TOTP(secret).generate_otp(clock.now() // 1000 // 30))


async def test_a_secret_that_nobody_confirmed_does_not_stay(
    store: Store, clock: HandClock, passwords: Passwords
) -> None:
    factors = SecondFactors(store, clock, passwords.guesses)
    secret, _ = await factors.begin("acc_1", EMAIL, "codeplan")
    clock.instant += HOUR + 1
    assert (await factors.begin("acc_1", EMAIL, "codeplan"))[0] != secret


async def test_whoever_shows_the_address_to_be_theirs_has_the_account_alone(
    store: Store, clock: HandClock, accounts: Accounts, passwords: Passwords
) -> None:
    """Somebody signed up with a stranger's address; then its owner comes by a provider."""
    addresses, sessions = addresses_of(store, clock), Sessions(store, clock)
    account = await accounts.by_email(EMAIL)
    assert account is not None
    session = await sessions.open(account.id, "password", "Firefox")
    factors = SecondFactors(store, clock, passwords.guesses)
    secret, _ = await factors.begin(account.id, EMAIL, "codeplan")
    await factors.confirm(account.id, pyotp.TOTP(secret).generate_otp(clock.now() // 1000 // 30))
    await addresses.verify(account)
    assert await sessions.of(session) is None
    assert await passwords.account_with(EMAIL, PASSWORD, ELSEWHERE) is None
    assert not await factors.is_on(account.id)
    # From then on it is theirs: nothing is taken away again.
    await passwords.choose(account.id, PASSWORD)
    session = await sessions.open(account.id, "password", "Firefox")
    await addresses.verify(account)
    assert await sessions.of(session) is not None
    assert await passwords.account_with(EMAIL, PASSWORD, HOME) is not None
