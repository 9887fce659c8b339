"""Windows, turns and charges against an independent, slow model, with a clock that is moved about:
every kind of window, in zones with summer time, over months."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from codeplan.kit.instants import DAY, HOUR, MINUTE
from codeplan.plan.catalogue import Plan
from codeplan.plan.rules import ONE, WindowRule
from codeplan.plan.turns import Claim
from codeplan.plan.weigh import EXPECTED_OUTPUT
from codeplan.protocol.usage import Usage
from codeplan.store.batch import apply
from codeplan.store.loaded import Rows
from codeplan.store.operations import Finish, Refused, Reserve, Reserved
from support.meters import claim, finish, plan, reserve

LENGTH = {"hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 30 * DAY}
# Days before summer time begins or ends in those zones, and a month of 28 days.
STARTS = [
    datetime(2027, 3, 27, 20, 30, tzinfo=UTC),
    datetime(2026, 10, 24, 21, 59, tzinfo=UTC),
    datetime(2027, 1, 31, 12, 0, 1, tzinfo=UTC),
    datetime(2027, 3, 13, 4, 0, tzinfo=UTC),
]
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Shanghai", "Africa/Cairo"]
RULES = (
    st.builds(
        WindowRule,
        st.sampled_from(["prompt", "call"]),
        st.just(5),
        st.just("hour"),
        st.integers(3, 6),
        st.sampled_from(["anchored", "sliding", "cycle"]),
        st.sampled_from(["plan", "key"]),
    )
    | st.builds(
        WindowRule,
        st.just("token"),
        st.just(5),
        st.just("hour"),
        st.just(15_000),
        st.sampled_from(["anchored", "sliding", "cycle"]),
        st.sampled_from(["plan", "key"]),
    )
    | st.builds(
        WindowRule,
        st.sampled_from(["prompt", "call"]),
        st.just(1),
        st.sampled_from(["day", "week", "month"]),
        st.integers(5, 12),
        st.sampled_from(["anchored", "sliding", "cycle", "calendar"]),
        st.just("plan"),
        st.sampled_from(ZONES),
    )
)


def months_after(start: datetime, number: int) -> datetime:
    """The same day so many months on, or the month's last."""
    index = start.year * 12 + start.month - 1 + number
    for day in range(start.day, 0, -1):
        try:
            return start.replace(year=index // 12, month=index % 12 + 1, day=day)
        except ValueError:
            continue
    raise AssertionError


@dataclass
class Use:
    """Millionths of one rule's unit that were used, or are held, since an instant."""

    at: int
    units: int
    window: object = None


@dataclass
class SlowModel:
    """Keeps every use for ever, and counts again each time."""

    rule: WindowRule
    started_at: int
    uses: dict[object, Use] = field(default_factory=dict)
    anchors: list[tuple[int, int]] = field(default_factory=list)

    def period(self, now: int) -> object:
        """What names the window that an instant falls into, where that is fixed."""
        rule = self.rule
        if rule.kind == "cycle" and rule.span == "month":
            start = datetime.fromtimestamp(self.started_at / 1000, UTC)
            moment = datetime.fromtimestamp(now / 1000, UTC)
            number = 0
            while months_after(start, (number + 1) * rule.number) <= moment:
                number += 1
            return number
        if rule.kind == "cycle":
            return (now - self.started_at) // (rule.number * LENGTH[rule.span])
        local = datetime.fromtimestamp(now / 1000, ZoneInfo(rule.zone))
        if rule.span == "day":
            return local.date()
        if rule.span == "week":
            return local.date() - timedelta(days=local.weekday())
        return local.year, local.month

    def end_of_anchor(self, opened_at: int) -> int:
        if self.rule.span == "month":
            start = datetime.fromtimestamp(opened_at / 1000, UTC)
            return round(months_after(start, self.rule.number).timestamp() * 1000)
        return opened_at + self.rule.number * LENGTH[self.rule.span]

    def window(self, now: int) -> object:
        if self.rule.kind != "anchored":
            return None
        for opened_at, closes_at in reversed(self.anchors):
            if opened_at <= now < closes_at and any(
                use.window == opened_at and use.units for use in self.uses.values()
            ):
                return opened_at
        return None

    def taken(self, now: int) -> int:
        rule = self.rule
        if rule.kind == "anchored":
            window = self.window(now)
            counted = [u for u in self.uses.values() if window is not None and u.window == window]
        elif rule.kind == "sliding":
            counted = [use for use in self.uses.values() if self.counts(use, now)]
        else:
            period = self.period(now)
            counted = [use for use in self.uses.values() if self.period(use.at) == period]
        return sum(use.units for use in counted)

    def counts(self, use: Use, now: int) -> bool:
        """Until a span after the end of the slice in which it was used."""
        grain = self.rule.number * LENGTH[self.rule.span] // 60
        slice_end = use.at // grain * grain + grain
        return now < self.end_of_anchor(slice_end)

    def room(self, now: int) -> int:
        return self.rule.limit * ONE - self.taken(now)

    def take(self, name: object, units: int, now: int) -> None:
        window = self.window(now)
        if self.rule.kind == "anchored" and window is None:
            window = now
            self.anchors.append((now, self.end_of_anchor(now)))
        self.uses[name] = Use(now, units, window)


class Metering(RuleBasedStateMachine):
    @initialize(
        start=st.sampled_from(STARTS),
        rules=st.lists(RULES, min_size=1, max_size=3, unique_by=lambda rule: rule.name),
    )
    def begin(self, start: datetime, rules: list[WindowRule]) -> None:
        self.now = round(start.timestamp() * 1000)
        self.started_at = self.now - 3 * DAY - 12345
        self.plan: Plan = plan(1000)
        self.plan = Plan(
            **{name: getattr(self.plan, name) for name in Plan.__slots__ if name != "windows"},
            windows=tuple(rules),
        )
        self.numbers = count()
        self.rows = Rows()
        self.keys = ("ck_1", "ck_2")
        self.models = {
            (item.name, key): SlowModel(item, self.started_at)
            for item in rules
            for key in (self.keys if item.scope == "key" else ("",))
        }
        self.running: list[tuple[Reserve, Reserved]] = []
        self.opened: set[str] = set()

    def apply(self, operation: Reserve | Finish) -> object:
        # As a store does: rows that were saved are loaded again.
        old = self.rows
        self.rows = Rows(old.prompts, old.windows, old.free_calls, old.endings)
        (result,) = apply([operation], self.rows, self.now)
        return result

    def concerned(self, key: str) -> Sequence[SlowModel]:
        return [model for (_, owner), model in self.models.items() if owner in ("", key)]

    def expected(self, model: SlowModel) -> int:
        return {"prompt": ONE, "call": ONE, "token": EXPECTED_OUTPUT * ONE}[model.rule.unit]

    @rule(key=st.sampled_from([0, 1]))
    def a_new_prompt(self, key: int) -> None:
        number = next(self.numbers)
        self._reserve(f"s{number}", self.keys[key], Claim.AUTHORED)

    @rule(key=st.sampled_from([0, 1]), which=st.integers(0, 100))
    def a_further_call(self, key: int, which: int) -> None:
        if self.running:
            asked, _ = self.running[which % len(self.running)]
            self._reserve(asked.claim.session, self.keys[key], Claim.CONTINUATION)

    def _reserve(self, session: str, key: str, kind: Claim) -> None:
        asked = reserve(
            next(self.numbers), self.plan, claim(session, kind=kind), key_id=key,
            started_at=self.started_at,
        )  # fmt: skip
        models = self.concerned(key)
        before = {id(model): model.room(self.now) for model in models}
        result = self.apply(asked)
        new = isinstance(result, Refused) or (isinstance(result, Reserved) and result.charged)
        needed = [
            (model, 1 if model.rule.unit == "token" else self.expected(model))
            for model in models
            if model.rule.counts_calls or new
        ]
        short = [model for model, least in needed if before[id(model)] < least]
        if isinstance(result, Refused):
            # A call that would have ridden on a prompt may only lack what calls take.
            assert short
            assert result.exhausted.resets_at > self.now
            return
        assert isinstance(result, Reserved)
        assert not short
        for model, _ in needed:
            units = min(self.expected(model), before[id(model)])
            name = asked.call_id if model.rule.counts_calls else result.prompt_id
            model.take(name, units, self.now)
        self.running.append((asked, result))

    @rule(
        which=st.integers(0, 100),
        delivered=st.booleans(),
        tokens=st.sampled_from([0, 1, 3000, 4096, 9000]),
    )
    def a_call_ends(self, which: int, delivered: bool, tokens: int) -> None:
        if not self.running:
            return
        asked, reserved = self.running.pop(which % len(self.running))
        done = finish(asked, reserved, delivered, usage=Usage(output=tokens))
        before = {key: model.room(self.now) for key, model in self.models.items()}
        self.apply(done)
        prompt = self.rows.prompts[reserved.prompt_id or ""]
        for (rule_name, owner), model in self.models.items():
            if not model.rule.counts_calls:
                if prompt.state == "released":
                    model.uses.pop(prompt.id, None)
                continue
            if owner not in ("", asked.key_id):
                continue
            use = model.uses[asked.call_id]
            if not delivered:
                use.units = 0
            elif model.rule.unit == "token":
                counts_now = model.taken(self.now) != self._without(model, asked.call_id)
                room = before[rule_name, owner] if counts_now or not use.units else 10**18
                use.units = min(tokens * ONE, use.units + max(0, room))
        # Once more changes nothing.
        used = {key: (w.used, w.reserved) for key, w in self.rows.windows.items()}
        self.apply(done)
        assert {key: (w.used, w.reserved) for key, w in self.rows.windows.items()} == used

    def _without(self, model: SlowModel, name: str) -> int:
        kept = model.uses[name]
        model.uses[name] = Use(kept.at, 0, kept.window)
        taken = model.taken(self.now)
        model.uses[name] = kept
        return taken

    @rule(passed=st.sampled_from([1, MINUTE, HOUR, 5 * HOUR - 1, 5 * HOUR, DAY, 7 * DAY, 31 * DAY]))
    def time_passes(self, passed: int) -> None:
        self.now += passed

    @invariant()
    def every_rule_has_taken_what_the_model_says(self) -> None:
        if not hasattr(self, "models"):
            return
        self.rows.index()
        shelves = self.rows.open_windows("sub_1")
        for (name, owner), model in self.models.items():
            shelf = shelves.get((name, owner), ())
            taken = sum(w.taken for w in shelf if w.taken and self.now < w.closes_at)
            assert taken == model.taken(self.now), (model.rule, taken, model.taken(self.now))
            assert taken <= model.rule.limit * ONE

    @invariant()
    def windows_are_the_sum_of_what_prompts_and_calls_hold(self) -> None:
        if not hasattr(self, "models"):
            return
        reserved = sum(window.reserved for window in self.rows.windows.values())
        held = [h for p in self.rows.prompts.values() if p.state == "reserved" for h in p.holds]
        held += [h for e in self.rows.endings.values() if e.state == "running" for h in e.holds]
        assert reserved == sum(hold.units for hold in held)
        used = sum(window.used for window in self.rows.windows.values())
        ended = [h for p in self.rows.prompts.values() if p.state != "reserved" for h in p.holds]
        ended += [h for e in self.rows.endings.values() if e.state != "running" for h in e.holds]
        assert used == sum(hold.charged or 0 for hold in ended)


TestMetering = Metering.TestCase
TestMetering.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
