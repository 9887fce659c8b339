"""What a call costs that is paid by the token: prices by class and length of context, packs spent
first, soonest expiry first. Amounts of money in millionths of the minor unit."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

_MILLION = 1_000_000


class Tokens(Protocol):
    """Tokens by class, each counted once, as the upstream reported them."""

    @property
    def input(self) -> int: ...
    @property
    def cached(self) -> int: ...
    @property
    def cache_write(self) -> int: ...
    @property
    def output(self) -> int: ...


class TokenPrice(msgspec.Struct, frozen=True):
    """Of one model in one currency, in millionths of the minor unit for a million tokens, so that
    a price of 2.00 is 200,000,000. ``up_to``: the longest context, in tokens, that it is for; 0
    for any."""

    currency: str
    input: int
    cached: int
    cache_write: int
    output: int
    up_to: int = 0


class Portion(msgspec.Struct, frozen=True):
    """So many tokens out of one pack."""

    pack_id: str
    tokens: int


class PackLeft(msgspec.Struct, frozen=True):
    """What a pack has left, in tokens. ``models``: none for all."""

    id: str
    left: int
    expires_at: int
    models: tuple[str, ...] = ()


def price_for(prices: Iterable[TokenPrice], currency: str, context: int) -> TokenPrice | None:
    """The price for a context of so many tokens; the longest there is where it is longer."""
    mine = [price for price in prices if price.currency == currency]
    fitting = [price for price in mine if not price.up_to or context <= price.up_to]
    if fitting:
        return min(fitting, key=lambda price: price.up_to or 1 << 62)
    return max(mine, key=lambda price: price.up_to, default=None)


def cost(price: TokenPrice, tokens: Tokens) -> int:
    """Each class counts once. Rounded down to a millionth of the minor unit."""
    weighed = (
        tokens.input * price.input
        + tokens.cached * price.cached
        + tokens.cache_write * price.cache_write
        + tokens.output * price.output
    )
    return weighed // _MILLION


def most_cost(price: TokenPrice, tokens_in: int, tokens_out: int) -> int:
    """What a call of so many tokens can cost at most."""
    dearest = max(price.input, price.cached, price.cache_write)
    return -(-(tokens_in * dearest + tokens_out * price.output) // _MILLION)


def total(tokens: Tokens) -> int:
    return tokens.input + tokens.cached + tokens.cache_write + tokens.output


def from_packs(packs: Sequence[PackLeft], model: str, wanted: int, now: int) -> tuple[Portion, ...]:
    """As many of the wanted tokens as packs of that model have, soonest expiry first."""
    taken = []
    for pack in sorted(packs, key=lambda one: (one.expires_at, one.id)):
        if wanted <= 0:
            break
        if pack.expires_at <= now or (pack.models and model not in pack.models):
            continue
        portion = min(wanted, pack.left)
        if portion > 0:
            taken.append(Portion(pack.id, portion))
            wanted -= portion
    return tuple(taken)


def beyond_packs(price: TokenPrice, tokens: Tokens, packed: int) -> int:
    """The cost of what packs did not cover: the call's cost, by the share of its tokens."""
    whole = total(tokens)
    return cost(price, tokens) * max(0, whole - packed) // whole if whole else 0
