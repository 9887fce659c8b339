"""Promotions as data: when, for which purchases, how much, and what stacks with what. Renewals have
none."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import combinations
from typing import Literal
from zoneinfo import ZoneInfo

from codeplan.kit.money import share
from codeplan.plan.codes import plain
from codeplan.plan.periods import Period

# What a purchase is: the account's first, an upgrade of a running plan, another, or a renewal.
PurchaseKind = Literal["first", "upgrade", "another", "renewal"]


class Obstacle(StrEnum):
    """Why a purchase has not a promotion."""

    NOT_YET = "not yet"
    OVER = "over"
    USED_UP = "used up"
    NOT_FOR_THIS = "not for this"


@dataclass(frozen=True, slots=True)
class Promotion:
    """``begin`` up to and with ``end``, whole days of ``zone``. ``kinds``: the purchases that it is
    for; ``plans``, ``periods``: none for all. ``percent_off`` in hundredths of a per cent.
    ``stacks_with``: ids; both of a pair must name each other, or one of them all ("*").
    ``code``: a coupon that must be given; "" for none. ``referred``: only for those whom somebody
    referred. ``limit``: how many purchases may have it in all; 0 for any number."""

    id: str
    name: str
    begin: date
    end: date
    zone: str
    percent_off: int
    kinds: frozenset[str] = frozenset({"first"})
    plans: frozenset[str] = frozenset()
    periods: frozenset[str] = frozenset()
    stacks_with: frozenset[str] = frozenset()
    code: str = ""
    referred: bool = False
    limit: int = 0

    @property
    def counter(self) -> str:
        """Where its purchases are counted."""
        return f"promotion/{self.id}"

    @property
    def bounds(self) -> tuple[int, int]:
        """Where it begins, and where it has ended: instants."""
        zone, behind = ZoneInfo(self.zone), self.end + timedelta(days=1)
        first, last = (
            datetime(day.year, day.month, day.day, tzinfo=zone) for day in (self.begin, behind)
        )
        return round(first.timestamp() * 1000), round(last.timestamp() * 1000)

    def applies(self, asked: "Asked") -> bool:
        """Whether that purchase has it. A renewal never has."""
        return self.is_asked_by(asked) and self.obstacle(asked) is None

    def is_asked_by(self, asked: "Asked") -> bool:
        """Whether its code was given, where it has one."""
        return not self.code or plain(self.code) in map(plain, asked.codes)

    def obstacle(self, asked: "Asked") -> "Obstacle | None":
        """What stands in that purchase's way, beside its code."""
        begins_at, ends_at = self.bounds
        if asked.at < begins_at:
            return Obstacle.NOT_YET
        if asked.at >= ends_at:
            return Obstacle.OVER
        if self.limit and asked.had.get(self.counter, 0) >= self.limit:
            return Obstacle.USED_UP
        fits = (
            asked.kind != "renewal"
            and asked.kind in self.kinds
            and (not self.plans or asked.plan_id in self.plans)
            and (not self.periods or asked.period in self.periods)
            and (not self.referred or asked.referred)
        )
        return None if fits else Obstacle.NOT_FOR_THIS

    @property
    def is_for(self) -> str:
        """Which purchases have it, in words."""
        parts = [f"{' and '.join(sorted(self.kinds))} purchases"]
        parts += [f"of {', '.join(sorted(self.plans))}"] if self.plans else []
        parts += [f"by the {' or '.join(sorted(self.periods))}"] if self.periods else []
        parts += ["with a referral"] if self.referred else []
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Asked:
    """A purchase, as promotions look at it. ``had``: how many had each limited one, by its
    counter."""

    plan_id: str
    period: Period
    kind: PurchaseKind
    at: int
    codes: Collection[str] = ()
    referred: bool = False
    had: Mapping[str, int] = field(default_factory=dict)


def coupons_in(text: str, promotions: Iterable[Promotion]) -> list[str]:
    """The codes in a line that somebody typed: with commas or blanks between them, also where a
    code itself has blanks in it."""
    known = {plain(promotion.code) for promotion in promotions if promotion.code}
    words = [word for word in re.split(r"[\s,;，；、]+", text) if plain(word)]
    found: list[str] = []
    while words:
        lengths = range(len(words), 0, -1)
        longest = next((n for n in lengths if plain("".join(words[:n])) in known), 1)
        found.append(" ".join(words[:longest]))
        words = words[longest:]
    return found


def stack(one: Promotion, other: Promotion) -> bool:
    """Whether both may be had at once."""
    return other.id in one.stacks_with and one.id in other.stacks_with


def best(list_minor: int, applicable: Iterable[Promotion]) -> tuple[Promotion, ...]:
    """Of those that may be had at once the ones that leave the least to pay; of several such, the
    fewest. In the catalogue's order, which is the order in which they are taken off."""
    known = tuple(applicable)
    found: tuple[Promotion, ...] = ()
    for number in range(1, len(known) + 1):
        for some in combinations(known, number):
            together = all(stack(a, b) for a, b in combinations(some, 2))
            if together and _left(list_minor, some) < _left(list_minor, found):
                found = some
    return found


def taken_off(list_minor: int, promotions: Sequence[Promotion]) -> tuple[int, ...]:
    """What each takes off what the ones before it left, in minor units."""
    left, amounts = list_minor, []
    for promotion in promotions:
        amount = share(left, promotion.percent_off, 10_000)
        amounts.append(amount)
        left -= amount
    return tuple(amounts)


def _left(list_minor: int, promotions: Sequence[Promotion]) -> int:
    return list_minor - sum(taken_off(list_minor, promotions))
