"""Which failures make a route rest, for how long, and how it comes back."""

from codeplan.routing.rests import Failure, Rests, RestSettings, RouteKey, Standing

ROUTE = RouteKey(1, "m")
AWAY = Failure("nobody there", away=True)
ERROR = Failure("500")
BROKEN = Failure("broke off", inside=True)


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> float:
        return self.seconds


def made(first: float = 5.0, longest: float = 120.0) -> tuple[Rests, Clock]:
    clock = Clock()
    return Rests(RestSettings(first, longest), clock.now), clock


def test_a_route_that_is_away_rests_and_one_call_tries_it() -> None:
    rests, clock = made()
    assert rests.standing(ROUTE) is Standing.SERVES
    rests.failed(ROUTE, AWAY, trial=False)
    assert rests.standing(ROUTE) is Standing.RESTS
    clock.seconds += 5
    assert rests.standing(ROUTE) is Standing.TRIAL
    rests.begin_trial(ROUTE)
    assert rests.standing(ROUTE) is Standing.RESTS
    rests.answered(ROUTE, trial=True)
    assert rests.standing(ROUTE) is Standing.SERVES


def test_each_trial_that_fails_doubles_the_rest() -> None:
    rests, clock = made(longest=30)
    rests.failed(ROUTE, AWAY, trial=False)
    lengths = []
    for _ in range(5):
        lengths.append(rests.left(ROUTE))
        clock.seconds += rests.left(ROUTE)
        rests.begin_trial(ROUTE)
        rests.failed(ROUTE, ERROR, trial=True)
    assert lengths == [5, 10, 20, 30, 30]


def test_calls_that_were_under_way_lengthen_no_rest() -> None:
    rests, clock = made()
    for _ in range(50):
        rests.failed(ROUTE, AWAY, trial=False)
    assert rests.left(ROUTE) == 5
    clock.seconds += 5
    assert rests.standing(ROUTE) is Standing.TRIAL


def test_a_trial_of_which_nothing_came_leaves_the_next_call_to_try() -> None:
    rests, clock = made()
    rests.failed(ROUTE, AWAY, trial=False)
    clock.seconds += 5
    rests.begin_trial(ROUTE)
    rests.end_trial(ROUTE)
    assert rests.standing(ROUTE) is Standing.TRIAL


def test_an_upstreams_own_word_is_obeyed_within_bounds() -> None:
    for told, kept in ((37.0, 37.0), (0.0, 1.0), (86_400.0, 600.0)):
        rests, _ = made()
        rests.failed(ROUTE, Failure("429", away=True, own_seconds=told), trial=False)
        assert rests.left(ROUTE) == kept
        assert rests.own_word(ROUTE)


def test_errors_count_by_rate() -> None:
    rests, _ = made()
    rests.failed(ROUTE, ERROR, trial=False)  # nothing speaks for it
    assert rests.standing(ROUTE) is Standing.RESTS
    rests, _ = made()
    for _ in range(100):
        rests.answered(ROUTE, trial=False)
    failures = 0
    while rests.standing(ROUTE) is Standing.SERVES:
        rests.failed(ROUTE, ERROR, trial=False)
        failures += 1
    assert 3 <= failures <= 8


def test_an_error_now_and_then_is_no_reason_to_rest() -> None:
    rests, clock = made()
    for number in range(1000):
        clock.seconds += 1
        if number % 5 == 4:
            rests.failed(ROUTE, ERROR, trial=False)
        else:
            rests.answered(ROUTE, trial=False)
        assert rests.standing(ROUTE) is Standing.SERVES


def test_what_spoke_for_it_an_hour_ago_speaks_no_more() -> None:
    rests, clock = made()
    for _ in range(100):
        rests.answered(ROUTE, trial=False)
    clock.seconds += 3600
    rests.failed(ROUTE, ERROR, trial=False)
    assert rests.standing(ROUTE) is Standing.RESTS


def test_one_answer_that_broke_off_says_little() -> None:
    rests, _ = made()
    rests.failed(ROUTE, BROKEN, trial=False)
    rests.failed(ROUTE, BROKEN, trial=False)
    assert rests.standing(ROUTE) is Standing.SERVES
    rests.failed(ROUTE, BROKEN, trial=False)
    assert rests.standing(ROUTE) is Standing.RESTS
