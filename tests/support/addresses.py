"""Verified addresses, without a service."""

from codeplan.accounts.passkeys import Passkeys
from codeplan.accounts.passwords import Passwords
from codeplan.accounts.second_factor import SecondFactors
from codeplan.accounts.sessions import Sessions
from codeplan.accounts.verified import Addresses
from codeplan.kit.clock import Clock
from codeplan.store.base import Store


def addresses_of(store: Store, clock: Clock) -> Addresses:
    factors = SecondFactors(store, clock, Passwords(store, clock).guesses)
    return Addresses(store, clock, Sessions(store, clock), Passkeys(store, clock), factors)
