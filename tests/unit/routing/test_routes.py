"""Which routes of a model are tried, in which order."""

from collections.abc import Sequence

import pytest

from codeplan.routing.rests import Failure, Rests, RestSettings
from codeplan.routing.routes import OpenRoute, Route, Router
from codeplan.upstream.base import UpstreamAnswer, UpstreamCall, UpstreamSettings

AWAY = Failure("nobody there", away=True)
LIMIT = Failure("429", away=True, own_seconds=37)


class Upstream:
    tiny = False

    def __init__(self, name: str) -> None:
        self.settings = UpstreamSettings(name, "openai")

    async def send(self, call: UpstreamCall) -> UpstreamAnswer:
        raise AssertionError("no call is sent in these tests")

    def ordered(self, affinity: str) -> Sequence["Upstream"]:
        return (self,)

    async def close(self) -> None:
        pass


class House:
    def __init__(self, *names: str) -> None:
        self.seconds = 0.0
        self.rests = Rests(RestSettings(), lambda: self.seconds)
        upstreams = {name: Upstream(name) for name in names}
        routes = tuple(Route(name, "m") for name in names)
        self.router = Router({"glm": routes}, upstreams, self.rests)

    def call(self, **failures: Failure) -> list[str]:
        """Who was tried for a call; who is in ``failures`` fails so."""
        tried = []
        for route in self.router.routes("glm"):
            name = route.upstream.settings.name
            tried.append(name)
            if name not in failures:
                route.answered()
                return tried
            route.failed(failures[name])
        return tried


def test_five_thousand_calls_with_the_first_of_two_routes_away() -> None:
    house = House("a", "b")
    tried = [house.call(a=AWAY) for _ in range(5000)]
    assert tried[0] == ["a", "b"]
    assert all(one == ["b"] for one in tried[1:])


def test_it_is_tried_once_a_rest_and_comes_back() -> None:
    house = House("a", "b")
    house.call(a=AWAY)
    house.seconds += 5
    assert [house.call(a=AWAY) for _ in range(3)] == [["a", "b"], ["b"], ["b"]]
    house.seconds += 10
    assert [house.call() for _ in range(3)] == [["a"]] * 3


def test_while_one_call_tries_it_all_others_pass_it_over() -> None:
    house = House("a", "b")
    house.call(a=AWAY)
    house.seconds += 5
    first = next(house.router.routes("glm"))
    assert (first.upstream.settings.name, first.trial, first.hurries) == ("a", True, True)
    assert [house.call() for _ in range(3)] == [["b"]] * 3
    first.let_go()
    assert house.call() == ["a"]


def test_a_models_only_route_never_rests() -> None:
    house = House("a")
    assert [house.call(a=LIMIT) for _ in range(3)] == [["a"]] * 3
    assert house.router.back_in("glm") is None


def test_where_all_rest_by_their_own_word_none_is_asked() -> None:
    house = House("a", "b")
    house.call(a=LIMIT, b=Failure("429", away=True, own_seconds=50))
    assert house.call() == []
    assert house.router.back_in("glm") == 37
    house.seconds += 37
    assert house.call() == ["a"]


def test_where_all_rest_the_one_that_asked_for_none_is_the_last_resort() -> None:
    house = House("a", "b")
    house.call(a=LIMIT, b=AWAY)
    assert house.call(b=AWAY) == ["b"]
    assert house.call() == ["b"]
    assert house.router.back_in("glm") is None  # it serves again


def test_second_tries_of_what_is_not_known_to_serve_are_bounded() -> None:
    house = House("a", "b")
    house.call(a=AWAY, b=AWAY)
    twice = 0
    for _ in range(500):
        house.seconds += 600
        twice += len(house.call(a=AWAY, b=AWAY)) == 2
    assert 50 <= twice <= 200


@pytest.mark.parametrize("left", [True, False])
def test_what_is_said_of_a_route_is_said_once(left: bool) -> None:
    house = House("a", "b")
    route: OpenRoute = next(house.router.routes("glm"))
    route.answered() if left else route.failed(AWAY)
    route.let_go()
    route.failed(AWAY)
    assert house.call() == (["a"] if left else ["b"])
