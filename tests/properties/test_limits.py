"""Whatever refuses a call, of any unit, span, kind and owner: headers, text and code describe that
limit and no other, the call fits when they say, and nothing is ever over 100 %."""

from datetime import datetime
from itertools import count

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from codeplan.clients.limits import limit_headers
from codeplan.kit.instants import DAY, HOUR
from codeplan.plan.admit import AllowanceExhausted, Want, admit, exhausted
from codeplan.plan.reached import Reached
from codeplan.plan.rules import ONE, WindowRule
from codeplan.plan.windows import Payer, Window, shelve, views
from codeplan.store.operations import Refused

NOW = 1_790_000_000_123
STARTED = NOW - 40 * DAY - 4321
PAYER = Payer("sub_1", "acc_1", "ck_1", STARTED)
ZONES = ["Europe/Berlin", "Pacific/Kiritimati", "America/New_York", "UTC"]
WHOSE = {
    "plan": "It is the plan's limit",
    "member": "It is your seat's limit in the organisation",
    "key": "It is this key's limit",
}
LENGTHS = {"hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 31 * DAY}
PREFIX = "anthropic-ratelimit-unified-"

RULES = st.builds(
    WindowRule,
    st.sampled_from(["prompt", "call", "token", "credit", "mcp", "use"]),
    st.sampled_from([1, 5, 7]),
    st.sampled_from(["hour", "day", "week", "month"]),
    st.sampled_from([1, 3, 120, 99_999]),
    st.sampled_from(["anchored", "sliding", "cycle", "calendar"]),
    st.sampled_from(["plan", "member", "key"]),
    st.sampled_from(ZONES),
).filter(lambda rule: rule.kind != "calendar" or rule.number == 1)


@st.composite
def used(draw: st.DrawFn, rule: WindowRule) -> list[Window]:
    """Windows of a rule in which something counts: also more than its limit, as after a change to
    a smaller plan."""
    found = []
    numbers = count()
    for _ in range(draw(st.integers(0, 3 if rule.kind == "sliding" else 1))):
        ago = draw(st.integers(0, LENGTHS[rule.span] * rule.number))
        opened_at, closes_at = rule.bounds(NOW - ago, STARTED)
        if closes_at <= NOW:
            continue
        parts = draw(st.sampled_from([0, 1, 99_999, 100_000, 250_000]))
        window = PAYER.window(f"{rule.name}/{next(numbers)}", rule, opened_at, closes_at)
        window.used = rule.limit * ONE * parts // 100_000
        window.reserved = draw(st.sampled_from([0, ONE]))
        found.append(window)
    return found


@given(data=st.data(), rules=st.lists(RULES, min_size=1, max_size=4, unique_by=lambda r: r.name))
@settings(max_examples=400, deadline=None)
def test_the_limit_that_refused_is_the_one_that_is_described(
    data: st.DataObject, rules: list[WindowRule]
) -> None:
    windows = shelve(window for rule in rules for window in data.draw(used(rule)))
    wants = [Want(rule, data.draw(st.sampled_from([1, ONE])), or_less=True) for rule in rules]
    shown = views(rules, PAYER, windows, NOW)
    for view in shown:
        assert 0 <= view.percent <= 100
        assert (view.percent == 100) == (view.room == 0)
        assert 0 <= view.used <= view.limit
        assert 0 <= view.left <= view.limit
    refused = admit(wants, PAYER, windows, NOW, _opened)
    told = _told(limit_headers(shown, NOW))
    if not isinstance(refused, AllowanceExhausted):
        assert all(0 <= float(v) <= 1 for name, v in told.items() if "utilization" in name)
        return

    reached = Refused(refused, shown, NOW).reached
    assert reached.view.room == 0
    # It is the last to reopen of all that have no room: not a moment earlier would the call fit.
    at = reached.resets_at
    assert exhausted(wants, PAYER, windows, at) is None
    assert exhausted(wants, PAYER, windows, at - 1) is not None

    told = _told(limit_headers(shown, NOW, reached))
    text = reached.text("UTC")
    second = -(-at // 1000)
    assert told[PREFIX + "status"] == "rejected"
    assert told[PREFIX + "reset"] == str(second)
    assert _reset_in(text) == second
    assert WHOSE[reached.view.rule.scope] in text
    assert f"limit reached for {refused.rule.words}." in text
    claim = told[PREFIX + "representative-claim"]
    if (refused.rule.span, refused.rule.number) == ("hour", 5):
        assert claim == "five_hour"
    elif claim not in ("five_hour", "seven_day"):
        assert claim == f"{refused.rule.number}_{refused.rule.span}"
    assert all(0 <= float(v) <= 1 for name, v in told.items() if "utilization" in name)
    kind = "tokens" if refused.rule.unit in ("token", "credit") else "requests"
    assert told[f"x-ratelimit-limit-{kind}"] == str(refused.rule.limit)
    assert told[f"x-ratelimit-remaining-{kind}"] == "0"
    assert told[f"x-ratelimit-reset-{kind}"] == f"{reached.seconds}s"
    assert reached.code == ("1310" if refused.rule.span in ("week", "month") else "1308")


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_one_header_says_one_thing(data: st.DataObject) -> None:
    """Also where a plan's five hours and a key's own are both told."""
    rules = [WindowRule("prompt", 5, "hour", 3, scope=scope) for scope in ("plan", "member", "key")]
    windows = shelve(window for one in rules for window in data.draw(used(one)))
    assume(windows)
    shown = views(rules, PAYER, windows, NOW)
    headers = limit_headers(shown, NOW)
    assert len({name for name, _ in headers}) == len(headers)
    fullest = max(shown, key=lambda view: view.share(10**6))
    told = float(_told(headers)[PREFIX + "5h-utilization"])
    assert told == pytest.approx(fullest.share(10**6) / 10**6, abs=0.0001)
    assert (told == 1) == (fullest.room == 0)


def _opened(rule: WindowRule, opened_at: int, closes_at: int) -> Window:
    return PAYER.window("new", rule, opened_at, closes_at)


def _told(headers: tuple[tuple[bytes, bytes], ...]) -> dict[str, str]:
    told = {name.decode(): value.decode() for name, value in headers}
    assert len(told) == len(headers)
    return told


def _reset_in(text: str) -> int:
    """As clients read it, with the zone behind it."""
    at = text.split("reset at ")[1].split(" (UTC+00:00).")[0]
    return round(datetime.fromisoformat(f"{at}+00:00").timestamp())


def test_a_limit_of_money_is_described_as_well() -> None:
    rule = WindowRule("money", 1, "day", 500, "calendar", "key", "UTC")
    (view,) = views([rule], PAYER, shelve([]), NOW)
    reached = Reached(view, rule.bounds(NOW, 0)[1], NOW, "$5.00 a day")
    told = _told(limit_headers((), NOW, reached))
    assert told[PREFIX + "representative-claim"] == "1_day"
    assert not any(name.startswith("x-ratelimit") for name in told)
    assert "It is this key's limit for going on with the balance: $5.00 a day." in reached.text(
        "UTC"
    )
