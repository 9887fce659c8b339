"""Places at a server: each key's own, the idlest first, never one in which a call runs."""

import pytest

from codeplan.mcp.places import NoPlace, Places, SessionLimits


def full(a_key: int = 3, all_keys: int = 100, **owners: int) -> Places:
    places = Places(SessionLimits(a_key, all_keys))
    for owner, number in owners.items():
        for one in range(number):
            places.open(owner, f"{owner}{one}")
    return places


def test_the_idlest_of_the_owner_goes() -> None:
    places = full(a=3, b=2)
    assert places.make_room("b") is None
    assert places.make_room("a") == "a0"
    with places.used("a0", runs=False):
        assert places.make_room("a") == "a1"
    assert places.make_room("a") == "a1"
    assert places.close("a1") == "a"
    assert places.close("a1") is None
    assert places.make_room("a") is None


def test_a_session_in_which_a_call_runs_stays() -> None:
    places = full(a=3)
    with places.used("a0", runs=True), places.used("a2", runs=True):
        assert places.make_room("a") == "a1"
        with places.used("a1", runs=True), pytest.raises(NoPlace):
            places.make_room("a")
        with places.used("a1", runs=False):
            assert places.make_room("a") == "a1"
    assert places.make_room("a") == "a0"


def test_it_may_go_while_a_request_of_it_ends() -> None:
    places = full(a=3)
    with places.used("a0", runs=False):
        places.close("a0")
    assert not places.has("a", "a0")


def test_where_all_places_are_taken_who_has_most_gives_one_up() -> None:
    places = full(a_key=5, all_keys=7, a=1, b=4, c=2)
    assert places.make_room("a") == "b0"
    assert places.make_room("new") == "b0"


def test_nobody_has_anothers() -> None:
    places = full(a=1, b=1)
    assert places.has("a", "a0")
    assert not places.has("b", "a0")
    assert not places.has("b", "nothing")
    assert places.has_any("a")
    assert not places.has_any("nobody")
