"""At this pace: when a window is used up, and what comes back when."""

from codeplan.kit.instants import HOUR, MINUTE
from codeplan.plan.forecast import forecast
from codeplan.plan.rules import ONE, WindowRule
from codeplan.plan.windows import WindowView

RULE = WindowRule("prompt", 5, "hour", 120)


def view(used: int, opened_at: int, *returns: tuple[int, int]) -> WindowView:
    back = returns or ((opened_at + 5 * HOUR, used * ONE),)
    return WindowView(RULE, used * ONE, 0, back[0][0], opened_at, back)


def test_a_pace_that_uses_the_window_up_before_it_resets() -> None:
    ahead = forecast(view(60, 0), HOUR)
    assert (ahead.pace, ahead.stops_at) == (60.0, 2 * HOUR)
    assert ahead.comes_back == ((5 * HOUR, 60),)


def test_a_pace_that_lasts() -> None:
    ahead = forecast(view(20, 0), HOUR)
    assert (ahead.pace, ahead.stops_at) == (20.0, None)


def test_too_short_to_tell() -> None:
    ahead = forecast(view(20, 0), 5 * MINUTE)
    assert (ahead.pace, ahead.stops_at) == (None, None)


def test_nothing_used() -> None:
    ahead = forecast(WindowView(RULE, 0, 0, None), HOUR)
    assert (ahead.pace, ahead.stops_at, ahead.comes_back) == (None, None, ())


def test_a_sliding_window_gives_back_in_parts() -> None:
    returns = ((5 * HOUR, 30 * ONE), (6 * HOUR, 30 * ONE))
    ahead = forecast(view(60, 0, *returns), HOUR)
    assert ahead.stops_at == 2 * HOUR
    assert ahead.comes_back == ((5 * HOUR, 30), (6 * HOUR, 30))
