"""All windows of a plan have room, or none is touched."""

from itertools import count

from codeplan.kit.instants import DAY, HOUR
from codeplan.plan.admit import AllowanceExhausted, admit
from codeplan.plan.catalogue import WindowRule
from codeplan.plan.windows import Window, views

FIVE_HOURS = WindowRule("prompt", 5, "hour", 2)
WEEK = WindowRule("prompt", 1, "week", 3)
_ids = count()


def opened(rule: WindowRule, at: int) -> Window:
    return Window(f"w{next(_ids)}", "sub", rule.name, at, rule.closes_at(at))


def take(windows: dict[str, Window], now: int) -> object:
    return admit((FIVE_HOURS, WEEK), windows, 1, now, opened)


def test_a_window_opens_with_the_first_prompt_and_gives_everything_back_at_its_end() -> None:
    windows: dict[str, Window] = {}
    take(windows, 1000)
    take(windows, 2000)
    first, week = views((FIVE_HOURS, WEEK), windows, 2000)
    assert (first.left, first.resets_at) == (0, 1000 + 5 * HOUR)
    assert (week.left, week.resets_at) == (1, 1000 + 7 * DAY)
    later, _ = views((FIVE_HOURS, WEEK), windows, 1000 + 5 * HOUR)
    assert (later.left, later.resets_at) == (2, None)
    take(windows, 1000 + 5 * HOUR)
    assert windows["5hour"].opened_at == 1000 + 5 * HOUR


def test_when_one_window_is_full_no_other_is_touched() -> None:
    windows: dict[str, Window] = {}
    take(windows, 0)
    take(windows, 0)
    before = {name: window.taken for name, window in windows.items()}
    refused = take(windows, 1)
    assert refused == AllowanceExhausted(FIVE_HOURS, 5 * HOUR)
    assert {name: window.taken for name, window in windows.items()} == before


def test_of_several_full_windows_the_one_that_reopens_last_is_named() -> None:
    windows: dict[str, Window] = {}
    for now in (0, 0, 5 * HOUR):
        assert not isinstance(take(windows, now), AllowanceExhausted)
    take(windows, 5 * HOUR + 1)
    assert take(windows, 5 * HOUR + 2) == AllowanceExhausted(WEEK, 7 * DAY)


def test_a_window_whose_only_prompt_was_released_was_never_opened() -> None:
    windows: dict[str, Window] = {}
    take(windows, 0)
    for window in windows.values():
        window.reserved -= 1
    take(windows, 4 * HOUR)
    assert windows["5hour"].closes_at == 9 * HOUR


def test_a_month_ends_on_its_day() -> None:
    from datetime import UTC, datetime

    month = WindowRule("prompt", 1, "month", 10)
    start = round(datetime(2027, 1, 31, 12, tzinfo=UTC).timestamp() * 1000)
    end = datetime.fromtimestamp(month.closes_at(start) / 1000, UTC)
    assert end == datetime(2027, 2, 28, 12, tzinfo=UTC)
