"""How a prompt ends."""

import pytest

from codeplan.plan.admit import Hold
from codeplan.plan.settle import Held, charge, deliver, release_if_idle
from codeplan.plan.windows import Window
from support.meters import claim
from unit.plan.test_turns import prompt


@pytest.fixture
def window() -> Window:
    return Window("w", "sub", "5hour", 0, 100, used=3, reserved=1)


def held(window: Window, limit: int = 10) -> Held:
    return Hold("w", "5hour", 1, 3, limit), window, window.taken


def test_the_first_delivery_turns_the_reservation_into_use_and_later_ones_change_nothing(
    window: Window,
) -> None:
    made = prompt(claim(), state="reserved")
    deliver(made, [held(window)], awaits_tool=True)
    assert (made.state, made.awaits_tool, window.used, window.reserved) == ("settled", True, 4, 0)
    deliver(made, [held(window)], awaits_tool=False)
    assert (made.delivered, window.used, window.reserved) == (2, 4, 0)


def test_a_reservation_is_released_only_when_no_call_runs(window: Window) -> None:
    made = prompt(claim(), state="reserved", open_calls=1)
    assert not release_if_idle(made, [held(window)], "failed")
    made.open_calls = 0
    assert release_if_idle(made, [held(window)], "failed")
    assert (made.state, made.reason, window.used, window.reserved) == ("released", "failed", 3, 0)


def test_a_settled_prompt_is_not_released(window: Window) -> None:
    assert not release_if_idle(prompt(claim()), [held(window)], "failed")
    assert (window.used, window.reserved) == (3, 1)


@pytest.mark.parametrize(("cost", "charged"), [(0, 0), (1, 1), (6, 6), (99, 7)])
def test_a_charge_never_goes_beyond_the_windows_room(
    window: Window, cost: int, charged: int
) -> None:
    settled = charge(held(window), cost)
    assert (settled.charged, settled.taken_after) == (charged, 3 + charged)
    assert (window.used, window.reserved) == (3 + charged, 0)
