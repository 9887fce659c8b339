"""Past use under another plan: what it would have admitted."""

from dataclasses import replace

from codeplan.kit.instants import HOUR, MINUTE
from codeplan.plan.catalogue import Plan
from codeplan.plan.rates import Rate
from codeplan.plan.rules import ONE, WindowRule
from codeplan.plan.simulate import PastCall, replay
from codeplan.protocol.usage import Usage

FIVE_HOURS = WindowRule("prompt", 5, "hour", 3)
PLAN = Plan("lite", "Lite", (FIVE_HOURS,), 20, 5, ("m",))
START = 1_000 * HOUR


def prompts(number: int, apart: int = MINUTE, calls: int = 2) -> list[PastCall]:
    return [
        PastCall(START + place * apart + step, f"p{place}", "m", Usage(10, 0, 0, 5))
        for place in range(number)
        for step in range(calls)
    ]


def test_what_fits_is_admitted() -> None:
    done = replay(PLAN, prompts(3), "acc", START)
    assert (done.prompts, done.calls, done.refusals) == (3, 6, 0)


def test_what_is_beyond_a_window_is_refused_once_a_prompt() -> None:
    done = replay(PLAN, prompts(5), "acc", START)
    assert done.prompts == 5
    assert dict(done.refused) == {"5hour": 2}
    assert done.first_at == START + 3 * MINUTE


def test_a_window_comes_back() -> None:
    assert replay(PLAN, prompts(12, apart=2 * HOUR), "acc", START).refusals == 0


def test_a_prompt_of_many_calls_is_several() -> None:
    short = replace(PLAN, calls_per_prompt=2)
    done = replay(short, prompts(1, calls=6), "acc", START)
    assert (done.prompts, done.refusals) == (3, 0)
    assert replay(short, prompts(1, calls=8), "acc", START).refusals == 1


def test_tokens_and_calls_are_counted_as_they_were() -> None:
    by_token = replace(PLAN, windows=(WindowRule("token", 1, "day", 100),))
    done = replay(by_token, prompts(8, calls=1), "acc", START)
    # 15 tokens each: the seventh takes the last ten, and the eighth finds nothing.
    assert dict(done.refused) == {"1day:token": 1}
    by_call = replace(PLAN, windows=(WindowRule("call", 1, "day", 3),))
    assert replay(by_call, prompts(4, calls=1), "acc", START).refusals == 1


def test_a_rate_counts_more() -> None:
    doubled = replace(PLAN, rates=(Rate(times=2 * ONE),))
    assert replay(doubled, prompts(3), "acc", START).refusals == 2


def test_a_model_that_the_plan_lacks() -> None:
    other = [PastCall(START, "p", "other", None)]
    done = replay(PLAN, other, "acc", START)
    assert (done.not_in_plan, done.prompts) == (1, 0)
