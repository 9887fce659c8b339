"""How a prompt ends."""

import pytest

from codeplan.plan.settle import deliver, release_if_idle
from codeplan.plan.windows import Window
from support.meters import claim
from unit.plan.test_turns import prompt


@pytest.fixture
def window() -> Window:
    return Window("w", "sub", "5hour", 0, 100, used=3, reserved=1)


def test_the_first_delivery_turns_the_reservation_into_use_and_later_ones_change_nothing(
    window: Window,
) -> None:
    made = prompt(claim(), state="reserved")
    deliver(made, [(window, 1)], awaits_tool=True)
    assert (made.state, made.awaits_tool, window.used, window.reserved) == ("settled", True, 4, 0)
    deliver(made, [(window, 1)], awaits_tool=False)
    assert (made.delivered, window.used, window.reserved) == (2, 4, 0)


def test_a_reservation_is_released_only_when_no_call_runs(window: Window) -> None:
    made = prompt(claim(), state="reserved", open_calls=1)
    assert not release_if_idle(made, [(window, 1)], "failed")
    made.open_calls = 0
    assert release_if_idle(made, [(window, 1)], "failed")
    assert (made.state, made.reason, window.used, window.reserved) == ("released", "failed", 3, 0)


def test_a_settled_prompt_is_not_released(window: Window) -> None:
    assert not release_if_idle(prompt(claim()), [(window, 1)], "failed")
    assert (window.used, window.reserved) == (3, 1)
