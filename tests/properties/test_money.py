"""Money: promotions never take off more than the price, and upgrades cannot be gamed."""

from datetime import date
from fractions import Fraction
from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeplan.kit.instants import DAY
from codeplan.kit.money import minor_units, share, written
from codeplan.plan.promotions import Promotion, best, stack, taken_off
from codeplan.plan.proration import Running, unused_by_quota, unused_by_time
from codeplan.plan.rules import ONE, WindowRule
from support.meters import plan


@given(st.integers(0, 10**9), st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_share_is_the_nearest(amount: int, part: int, whole: int) -> None:
    found = share(amount, part, whole)
    assert abs(found * whole - amount * part) * 2 <= whole


@given(st.integers(0, 10**12), st.sampled_from(["CNY", "USD", "JPY", "KWD"]))
def test_amounts_are_read_as_they_are_written(amount: int, currency: str) -> None:
    assert minor_units(written(amount, currency, sign=False), currency) == amount


@pytest.mark.parametrize("text", ["", "-1", "1,50", "1.505", ".5", "1e3", "forty"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="expected an amount"):
        minor_units(text, "CNY")


@st.composite
def promotions(draw: st.DrawFn) -> list[Promotion]:
    names = "abcd"[: draw(st.integers(1, 4))]
    pairs = [pair for pair in combinations(names, 2) if draw(st.booleans())]
    return [
        Promotion(
            id=name, name=name, begin=date(2026, 1, 1), end=date(2026, 1, 2), zone="UTC",
            percent_off=draw(st.integers(1, 10_000)),
            stacks_with=frozenset(n for pair in pairs if name in pair for n in pair if n != name),
        )
        for name in names
    ]  # fmt: skip


@given(st.integers(0, 10**7), promotions())
def test_the_best_that_may_be_had_at_once(listed: int, known: list[Promotion]) -> None:
    chosen = best(listed, known)
    assert all(stack(a, b) for a, b in combinations(chosen, 2))
    left = listed - sum(taken_off(listed, chosen))
    assert 0 <= left <= listed
    for one in known:
        assert left <= listed - sum(taken_off(listed, [one]))
    for some in permutations(chosen):
        # The order of taking off may change a cent, and no more for each.
        assert abs(left - (listed - sum(taken_off(listed, some)))) <= len(some)


PLAN = plan(100, WindowRule("prompt", 1, "month", 1000))
PERIOD = 30 * DAY


@given(
    st.integers(0, 10**7), st.integers(0, PERIOD), st.integers(0, 1000),
    st.integers(0, PERIOD), st.integers(0, 1000),
)  # fmt: skip
def test_using_more_or_waiting_never_pays(
    paid: int, waited: int, used: int, more_time: int, more_used: int
) -> None:
    def worth(now: int, prompts: int) -> Fraction:
        taken = {"1month": prompts * ONE, "5hour": prompts * ONE}
        running = Running(paid, 0, PERIOD, taken)
        return min(unused_by_time(running, now), unused_by_quota(running, PLAN))

    now = worth(waited, used)
    assert 0 <= now <= paid
    assert worth(min(PERIOD, waited + more_time), min(1000, used + more_used)) <= now
    assert worth(PERIOD, 0) == 0
    assert worth(0, 1000) == 0
    assert worth(0, 0) == paid
