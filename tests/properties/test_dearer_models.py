"""A prompt costs what its dearest model costs, whoever of its calls ends first, fails or is taken
back; and windows are the sum of what is held and charged."""

from dataclasses import dataclass, replace
from itertools import count

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from codeplan.plan.catalogue import Plan
from codeplan.plan.rates import Rate
from codeplan.plan.recompute import recompute
from codeplan.plan.rules import ONE, WindowRule
from codeplan.plan.turns import Claim
from codeplan.plan.weigh import prompt_cost
from codeplan.store.batch import apply
from codeplan.store.loaded import Rows
from codeplan.store.operations import CallRow, Finish, Refused, Reserve, Reserved
from support.meters import NOON, claim, finish, plan, reserve

TIMES = {"small": ONE // 10, "middle": ONE, "large": 3 * ONE}
RATES = tuple(Rate((model,), times) for model, times in TIMES.items())
SMALL = replace(
    plan(6, WindowRule("prompt", 1, "week", 9), WindowRule("call", 1, "day", 500)), rates=RATES
)
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("call"),
            st.sampled_from(["a", "b"]),
            st.sampled_from([Claim.AUTHORED, Claim.CONTINUATION, Claim.SIDE]),
            st.sampled_from(list(TIMES)),
        ),
        st.tuples(st.just("end"), st.integers(0, 20), st.booleans(), st.booleans()),
        st.tuples(st.just("take back"), st.integers(0, 20)),
    ),
    max_size=40,
)


@dataclass
class Ended:
    asked: Reserve
    reserved: Reserved
    done: Finish
    delivered: bool


class Books:
    """Rows as a store keeps them, and what each call did, in order."""

    def __init__(self, of: Plan) -> None:
        self.plan, self.rows = of, Rows()
        self.numbers = count()
        self.running: list[tuple[Reserve, Reserved]] = []
        self.ended: list[Ended] = []
        self.calls: dict[str, CallRow] = {}

    def apply(self, operation: Reserve | Finish) -> object:
        old = self.rows
        self.rows = Rows(old.prompts, old.windows, old.free_calls, old.endings)
        (result,) = apply([operation], self.rows, NOON)
        self.calls |= self.rows.changed_calls
        return result

    def call(self, session: str, kind: Claim, model: str) -> None:
        asked = reserve(next(self.numbers), self.plan, claim(session, kind=kind))
        asked = msgspec.structs.replace(asked, model=model)
        result = self.apply(asked)
        if isinstance(result, Reserved):
            self.running.append((asked, result))
        else:
            assert isinstance(result, Refused)

    def end(self, which: int, delivered: bool, awaits_tool: bool) -> None:
        if self.running:
            asked, reserved = self.running.pop(which % len(self.running))
            done = finish(asked, reserved, delivered, awaits_tool=awaits_tool)
            self.apply(done)
            self.ended.append(Ended(asked, reserved, done, delivered))

    def take_back(self, which: int) -> None:
        if self.ended:
            one = self.ended[which % len(self.ended)]
            self.apply(msgspec.structs.replace(one.done, delivered=False, takes_back=True))
            one.delivered = False

    def check(self) -> None:
        held = [h for p in self.rows.prompts.values() if p.state == "reserved" for h in p.holds]
        held += [h for e in self.rows.endings.values() if e.state == "running" for h in e.holds]
        windows = self.rows.windows.values()
        assert sum(window.reserved for window in windows) == sum(hold.units for hold in held)
        charged = [h for p in self.rows.prompts.values() if p.state != "reserved" for h in p.holds]
        charged += [h for e in self.rows.endings.values() if e.state != "running" for h in e.holds]
        assert sum(window.used for window in windows) == sum(h.charged or 0 for h in charged)
        for prompt in self.rows.prompts.values():
            calls = [one for one in self.calls.values() if one.prompt_id == prompt.id]
            assert all(one.agrees for one in recompute(self.plan, prompt, calls)), prompt
            if prompt.state == "settled":
                opener = calls[0].model
                dearest = [c.model for c in calls if c.state == "settled"]
                cost = max(prompt_cost(self.plan, m, NOON) for m in (opener, *dearest))
                assert prompt.charged == cost


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_a_prompt_costs_what_its_dearest_model_costs(steps: list[tuple[object, ...]]) -> None:
    books = Books(SMALL)
    does = {"call": books.call, "end": books.end, "take back": books.take_back}
    for name, *values in steps:
        does[str(name)](*values)  # type: ignore[arg-type, operator]  # drawn to fit
        books.check()
    while books.running:
        books.end(0, True, False)
        books.check()
