"""Windows and turns against an independent, slow model, with a clock that is moved about."""

from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from codeplan.kit.instants import DAY, HOUR, MINUTE
from codeplan.plan.catalogue import WindowRule
from codeplan.plan.turns import Claim, Prompt
from codeplan.store.batch import Rows, apply
from codeplan.store.operations import Finish, Refused, Reserve, Reserved
from support.meters import NOON, claim, finish, plan, reserve

LIMIT, WEEKLY = 3, 7
PLAN = plan(LIMIT, WindowRule("prompt", 1, "week", WEEKLY))
LENGTHS = {"5hour": (5 * HOUR, LIMIT), "1week": (7 * DAY, WEEKLY)}


class SlowModel:
    """Keeps every prompt's instant for ever and counts again each time."""

    def __init__(self) -> None:
        # Of each rule: windows as (opened_at, {prompt: counted}), in order.
        self.windows: dict[str, list[tuple[int, dict[str, bool]]]] = {n: [] for n in LENGTHS}

    def current(self, name: str, now: int) -> dict[str, bool] | None:
        length, _ = LENGTHS[name]
        for opened_at, held in reversed(self.windows[name]):
            if held and opened_at <= now < opened_at + length:
                return held
        return None

    def left(self, name: str, now: int) -> int:
        return LENGTHS[name][1] - len(self.current(name, now) or {})

    def admits(self, now: int) -> bool:
        return all(self.left(name, now) > 0 for name in LENGTHS)

    def take(self, prompt: str, now: int) -> None:
        for name in LENGTHS:
            held = self.current(name, now)
            if held is None:
                held = {}
                self.windows[name].append((now, held))
            held[prompt] = True

    def give_back(self, prompt: str) -> None:
        for windows in self.windows.values():
            for _, held in windows:
                held.pop(prompt, None)


class Metering(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.numbers = count()
        self.rows = Rows()
        self.model = SlowModel()
        self.running: list[tuple[Reserve, Reserved]] = []

    def apply(self, operation: Reserve | Finish) -> object:
        # As a store does: rows that were saved are loaded again.
        self.rows = Rows(self.rows.prompts, self.rows.windows, self.rows.free_calls)
        (result,) = apply([operation], self.rows, self.now)
        return result

    @rule()
    def a_new_prompt(self) -> None:
        number = next(self.numbers)
        asked = reserve(number, PLAN, claim(f"s{number}"))
        expected = self.model.admits(self.now)
        result = self.apply(asked)
        assert isinstance(result, Reserved) == expected
        if isinstance(result, Reserved):
            assert result.charged
            assert result.prompt_id
            self.model.take(result.prompt_id, self.now)
            self.running.append((asked, result))
        else:
            assert isinstance(result, Refused)
            assert result.exhausted.resets_at > self.now

    @rule(number=st.integers(0, 3))
    def a_side_call(self, number: int) -> None:
        """Rides or is free; at a used-up plan it is refused. Windows do not change."""
        before = {key: (w.used, w.reserved) for key, w in self.rows.windows.items()}
        asked = reserve(next(self.numbers), PLAN, claim(f"s{number}", kind=Claim.SIDE))
        result = self.apply(asked)
        if isinstance(result, Reserved) and not result.charged:
            assert {k: (w.used, w.reserved) for k, w in self.rows.windows.items()} == before
            self.apply(finish(asked, result))
        elif isinstance(result, Reserved):
            assert result.prompt_id
            self.model.take(result.prompt_id, self.now)
            self.running.append((asked, result))
        else:
            assert not self.model.admits(self.now)

    @rule(which=st.integers(0, 100), delivered=st.booleans())
    def a_call_ends(self, which: int, delivered: bool) -> None:
        if not self.running:
            return
        asked, reserved = self.running.pop(which % len(self.running))
        self.apply(finish(asked, reserved, delivered))
        if not delivered:
            assert reserved.prompt_id
            self.model.give_back(reserved.prompt_id)

    @rule(passed=st.sampled_from([1, MINUTE, HOUR, 5 * HOUR - 1, 5 * HOUR, DAY, 7 * DAY]))
    def time_passes(self, passed: int) -> None:
        self.now += passed

    @invariant()
    def nothing_lost_nothing_twice(self) -> None:
        prompts: list[Prompt] = list(self.rows.prompts.values())
        held = sum(len(p.holds) for p in prompts if p.state == "reserved")
        used = sum(len(p.holds) for p in prompts if p.state == "settled")
        assert held == sum(window.reserved for window in self.rows.windows.values())
        assert used == sum(window.used for window in self.rows.windows.values())
        limits = {name: limit for name, (_, limit) in LENGTHS.items()}
        for window in self.rows.windows.values():
            assert 0 <= window.taken <= limits[window.rule]


TestMetering = Metering.TestCase
TestMetering.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
