"""How often something may be done."""

from codeplan.kit.instants import MINUTE
from codeplan.metering.pace import Pace
from support.meters import HandClock


def test_a_minutes_worth_at_once_and_then_one_after_the_other() -> None:
    clock = HandClock()
    pace = Pace(clock, 60)
    assert [pace.take("a") for _ in range(60)] == [0.0] * 60
    assert pace.take("a") == 1.0
    assert pace.take("b") == 0.0
    clock.instant += 999
    assert 0 < pace.take("a") < 0.01
    clock.instant += 1
    assert pace.take("a") == 0.0
    clock.instant += 10 * MINUTE
    assert [pace.take("a") for _ in range(60)] == [0.0] * 60
    assert pace.take("a") > 0


def test_a_clock_that_is_set_back_costs_nobody_anything() -> None:
    clock = HandClock()
    pace = Pace(clock, 2)
    pace.take("a")
    clock.instant -= MINUTE
    assert pace.take("a") == 0.0
    assert pace.take("a") > 0
