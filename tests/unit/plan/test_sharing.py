"""When one person's plan looks like several people's."""

from codeplan.plan.sharing import Seen, SharingRules, Suspicion, suspicions

RULES = SharingRules(devices_at_once=3, slots=2, networks_a_day=4)
NOW = 10_000


def seen(name: str, *slots: int, network: str = "192.0.2.0/24") -> Seen:
    return Seen(name, "claude-code", network, slots)


def test_one_person_with_two_machines_is_one_person() -> None:
    day = tuple(range(NOW - 100, NOW))
    assert suspicions([seen("a", *day), seen("b", *day)], RULES, NOW) == []


def test_many_machines_at_once_again_and_again() -> None:
    three = [seen(name, NOW - 5, NOW - 3) for name in "abc"]
    assert suspicions(three, RULES, NOW) == [Suspicion("devices", 3, 3, 2, NOW - 5)]
    # Once is a coincidence; one after the other is a person who moves.
    assert suspicions([seen(name, NOW - 5) for name in "abc"], RULES, NOW) == []
    moved = [seen(name, NOW - place, NOW - place - 1) for place, name in enumerate("abc")]
    assert suspicions(moved, RULES, NOW) == []


def test_what_is_older_than_a_day_says_nothing() -> None:
    old = [seen(name, NOW - 144, NOW - 145) for name in "abc"]
    assert suspicions(old, RULES, NOW) == []
    just = [seen(name, NOW - 143, NOW - 142) for name in "abc"]
    assert len(suspicions(just, RULES, NOW)) == 1


def test_many_networks_in_a_day() -> None:
    moves = [seen(str(n), NOW - n, network=f"192.0.{n}.0/24") for n in range(4)]
    assert suspicions(moves, RULES, NOW) == [Suspicion("networks", 4, 4)]
    assert suspicions(moves[:3], RULES, NOW) == []


def test_a_rule_of_nothing_looks_at_nothing() -> None:
    crowd = [seen(str(n), NOW, NOW - 1, network=f"192.0.{n}.0/24") for n in range(9)]
    assert suspicions(crowd, SharingRules(0, 1, 0), NOW) == []
