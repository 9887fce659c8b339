"""The price table of the reference catalogue: every plan, period, day and kind of purchase in and
around the promotion, to the cent."""

from datetime import datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from codeplan.config.build import build_catalogue
from codeplan.config.load import load
from codeplan.plan.periods import Period
from codeplan.plan.promotions import Asked, PurchaseKind
from codeplan.plan.quote import NotForSale, quote

BEIJING = ZoneInfo("Asia/Shanghai")
CATALOGUE = build_catalogue(load(None))
FIRST = datetime(2026, 12, 8, tzinfo=BEIJING)
BEHIND = datetime(2027, 1, 16, tzinfo=BEIJING)
SECOND = timedelta(seconds=1)
DAYS = {
    "a month before": (FIRST - timedelta(days=30), False),
    "the second before it": (FIRST - SECOND, False),
    "its first second": (FIRST, True),
    "the new year": (datetime(2027, 1, 1, tzinfo=BEIJING), True),
    "its last second": (BEHIND - SECOND, True),
    "the second behind it": (BEHIND, False),
    # In Beijing it has ended: another zone's calendar does not matter.
    "its last day in New York": (
        datetime(2027, 1, 15, 12, tzinfo=ZoneInfo("America/New_York")),
        False,
    ),
}
LIST = {
    "lite": {"month": 40_00, "quarter": 120_00, "year": 480_00},
    "pro": {"month": 200_00, "quarter": 600_00, "year": 2400_00},
    "max": {"month": 400_00, "quarter": 1200_00, "year": 4800_00},
}
FESTIVAL = {
    "lite": {"month": 20_00, "quarter": 54_00, "year": 192_00},
    "pro": {"month": 100_00, "quarter": 270_00, "year": 960_00},
    "max": {"month": 200_00, "quarter": 540_00, "year": 1920_00},
}
KINDS: tuple[PurchaseKind, ...] = ("first", "upgrade", "another", "renewal")
PERIODS: tuple[Period, ...] = ("month", "quarter", "year")


@pytest.mark.parametrize(("plan", "period", "day", "kind"), [*product(LIST, PERIODS, DAYS, KINDS)])
def test_the_price_table(plan: str, period: Period, day: str, kind: PurchaseKind) -> None:
    moment, runs = DAYS[day]
    promoted = runs and kind in ("first", "upgrade")
    asked = Asked(plan, period, kind, round(moment.timestamp() * 1000))
    made = quote(CATALOGUE.plans[plan], "CNY", asked, CATALOGUE.promotions)
    assert made.due_minor == (FESTIVAL if promoted else LIST)[plan][period]
    assert made.renews_minor == LIST[plan][period]
    assert sum(line.amount_minor for line in made.lines) == made.due_minor
    expected = {"month": 1, "quarter": 2, "year": 2}[period] if promoted else 0
    assert len([line for line in made.lines if line.kind == "discount"]) == expected


@pytest.mark.parametrize(("plan", "period", "kind"), [*product(LIST, PERIODS, KINDS)])
def test_the_price_on_every_day(plan: str, period: Period, kind: PurchaseKind) -> None:
    """From a week before the promotion to a week behind it: each day's first and last second, and
    its noon, in the promotion's zone."""
    day = FIRST - timedelta(days=7)
    while day < BEHIND + timedelta(days=7):
        for moment in (day, day + timedelta(hours=12), day + timedelta(days=1) - SECOND):
            asked = Asked(plan, period, kind, round(moment.timestamp() * 1000))
            made = quote(CATALOGUE.plans[plan], "CNY", asked, CATALOGUE.promotions)
            promoted = FIRST <= moment < BEHIND and kind in ("first", "upgrade")
            assert made.due_minor == (FESTIVAL if promoted else LIST)[plan][period], moment
            assert made.renews_minor == LIST[plan][period]
        day += timedelta(days=1)


def test_the_lines_of_a_first_quarter() -> None:
    asked = Asked("lite", "quarter", "first", round(FIRST.timestamp() * 1000))
    made = quote(CATALOGUE.plans["lite"], "CNY", asked, CATALOGUE.promotions)
    assert [(line.name, line.amount_minor) for line in made.lines] == [
        ("Lite", 120_00), ("Festival discount", -60_00), ("Quarterly plan discount", -6_00),
    ]  # fmt: skip


def test_credit_beyond_the_price_is_carried() -> None:
    asked = Asked("lite", "month", "upgrade", 0)
    made = quote(CATALOGUE.plans["lite"], "CNY", asked, (), credit_minor=100_00)
    assert (made.due_minor, made.carried_minor, made.renews_minor) == (0, 60_00, 40_00)


def test_what_is_not_sold() -> None:
    with pytest.raises(NotForSale, match="no price for a month in USD"):
        quote(CATALOGUE.plans["lite"], "USD", Asked("lite", "month", "first", 0), ())
