"""All windows of a plan have room, or none is touched."""

from itertools import count

from codeplan.kit.instants import DAY, HOUR
from codeplan.plan.admit import AllowanceExhausted, Hold, Want, admit
from codeplan.plan.rules import ONE, WindowRule
from codeplan.plan.windows import Open, Payer, Window, views

FIVE_HOURS = WindowRule("prompt", 5, "hour", 2)
WEEK = WindowRule("prompt", 1, "week", 3)
PAYER = Payer("sub", "acc", "ck")
_ids = count()


def opened(rule: WindowRule, opened_at: int, closes_at: int) -> Window:
    return Window(f"w{next(_ids)}", "sub", rule.name, opened_at, closes_at)


def take(
    windows: Open, now: int, *rules: WindowRule, units: int = ONE
) -> tuple[Hold, ...] | AllowanceExhausted:
    wants = [Want(rule, units) for rule in rules or (FIVE_HOURS, WEEK)]
    return admit(wants, PAYER, windows, now, opened)


def test_a_window_opens_with_the_first_prompt_and_gives_everything_back_at_its_end() -> None:
    windows: Open = {}
    take(windows, 1000)
    take(windows, 2000)
    first, week = views((FIVE_HOURS, WEEK), PAYER, windows, 2000)
    assert (first.left, first.resets_at) == (0, 1000 + 5 * HOUR)
    assert (week.left, week.resets_at) == (1, 1000 + 7 * DAY)
    later, _ = views((FIVE_HOURS, WEEK), PAYER, windows, 1000 + 5 * HOUR)
    assert (later.left, later.resets_at) == (2, None)
    take(windows, 1000 + 5 * HOUR)
    assert windows["5hour", ""][-1].opened_at == 1000 + 5 * HOUR


def test_when_one_window_is_full_no_other_is_touched() -> None:
    windows: Open = {}
    take(windows, 0)
    take(windows, 0)
    before = {key: [window.taken for window in shelf] for key, shelf in windows.items()}
    refused = take(windows, 1)
    assert refused == AllowanceExhausted(FIVE_HOURS, 5 * HOUR)
    assert {key: [w.taken for w in shelf] for key, shelf in windows.items()} == before


def test_of_several_full_windows_the_one_that_reopens_last_is_named() -> None:
    windows: Open = {}
    for now in (0, 0, 5 * HOUR):
        assert not isinstance(take(windows, now), AllowanceExhausted)
    take(windows, 5 * HOUR + 1)
    assert take(windows, 5 * HOUR + 2) == AllowanceExhausted(WEEK, 7 * DAY)


def test_a_window_whose_only_prompt_was_released_was_never_opened() -> None:
    windows: Open = {}
    take(windows, 0)
    for shelf in windows.values():
        shelf[0].reserved -= ONE
    take(windows, 4 * HOUR)
    assert windows["5hour", ""][-1].closes_at == 9 * HOUR


def test_an_estimate_takes_what_is_left() -> None:
    tokens = WindowRule("token", 5, "hour", 100)
    windows: Open = {}
    wanted = Want(tokens, 70 * ONE, or_less=True)
    first = admit([wanted], PAYER, windows, 0, opened)
    second = admit([wanted], PAYER, windows, 0, opened)
    assert not isinstance(first, AllowanceExhausted)
    assert not isinstance(second, AllowanceExhausted)
    assert (first[0].units, second[0].units) == (70 * ONE, 30 * ONE)
    third = admit([wanted], PAYER, windows, 0, opened)
    assert third == AllowanceExhausted(tokens, 5 * HOUR)


def test_a_sliding_window_names_when_enough_has_come_back() -> None:
    sliding = WindowRule("prompt", 5, "hour", 3, kind="sliding")
    windows: Open = {}
    grain = sliding.grain
    for now in (0, grain, 2 * grain):
        take(windows, now, sliding)
    assert take(windows, 3 * grain, sliding) == AllowanceExhausted(sliding, grain + 5 * HOUR)
    two = take(windows, 3 * grain, sliding, units=2 * ONE)
    assert two == AllowanceExhausted(sliding, 2 * grain + 5 * HOUR)
    never = take(windows, 3 * grain, sliding, units=4 * ONE)
    assert never == AllowanceExhausted(sliding, 3 * grain + 5 * HOUR)


def test_members_and_keys_have_windows_of_their_own() -> None:
    of_key = WindowRule("prompt", 1, "day", 1, scope="key")
    windows: Open = {}
    wants = [Want(FIVE_HOURS, ONE), Want(of_key, ONE)]
    other = Payer("sub", "acc", "another")
    assert not isinstance(admit(wants, PAYER, windows, 0, opened), AllowanceExhausted)
    assert admit(wants, PAYER, windows, 1, opened) == AllowanceExhausted(of_key, DAY)
    assert not isinstance(admit(wants, other, windows, 1, opened), AllowanceExhausted)
    assert admit(wants, other, windows, 1, opened) == AllowanceExhausted(of_key, DAY + 1)
