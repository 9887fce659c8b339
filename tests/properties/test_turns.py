"""Turns against an independent model: sessions with retries, tools' results, side calls,
sub-agents, runaways and failures, and a clock that is moved about. Prompts charged are prompts
typed, and the next ones of turns that went on too long."""

from dataclasses import dataclass, field
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from codeplan.kit.instants import HOUR, MINUTE
from codeplan.plan.turns import Claim, TurnClaim
from codeplan.store.batch import apply
from codeplan.store.loaded import Rows
from codeplan.store.operations import Finish, Reserve, Reserved, Stopped
from support.meters import NOON, finish, plan, reserve

PER_PROMPT, PER_TURN = 3, 8
PLAN = plan(10_000, calls_per_prompt=PER_PROMPT)
PLAN = type(PLAN)(
    **{name: getattr(PLAN, name) for name in type(PLAN).__slots__ if name != "max_calls_per_turn"},
    max_calls_per_turn=PER_TURN,
)
SESSIONS = st.sampled_from(["a", "b", "c"])


@dataclass
class Turn:
    """What a person typed once. ``calls`` in all, and in the prompt that is being filled."""

    ordinal: int
    last_at: int
    calls: int = 0
    in_prompt: int = 0
    awaits_tool: bool = False


@dataclass
class Session:
    turns: list[Turn] = field(default_factory=list)


class Turns(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.numbers = count()
        self.rows = Rows()
        self.sessions = {name: Session() for name in "abc"}
        self.charged = 0
        self.newest: Reserve | None = None

    def apply(self, operation: Reserve | Finish) -> object:
        old = self.rows
        self.rows = Rows(old.prompts, old.windows, old.free_calls, old.endings)
        (result,) = apply([operation], self.rows, self.now)
        return result

    def call(self, session: str, claim: Claim, turn: Turn, root: str = "root") -> object:
        claimed = TurnClaim(claim, session, f"{session} {root}", turn.ordinal, f"h{turn.ordinal}")
        self.newest = reserve(next(self.numbers), PLAN, claimed)
        return self.apply(self.newest)

    def rides(self, turn: Turn, result: object) -> None:
        """A call of a turn that is paid for, or that draws its next prompt, or is stopped."""
        if turn.calls >= PER_TURN:
            assert isinstance(result, Stopped)
            return
        assert isinstance(result, Reserved)
        full = turn.in_prompt >= PER_PROMPT
        assert result.charged == full, (turn, result)
        if full:
            turn.in_prompt = 0
            self.charged += 1
        turn.calls += 1
        turn.in_prompt += 1
        turn.last_at = self.now

    def ends(self, result: object, turn: Turn, awaits_tool: bool) -> None:
        if isinstance(result, Reserved):
            self.finish(result, awaits_tool=awaits_tool)
            turn.awaits_tool = awaits_tool

    def finish(self, result: Reserved, delivered: bool = True, awaits_tool: bool = False) -> None:
        assert self.newest is not None
        self.apply(finish(self.newest, result, delivered, awaits_tool=awaits_tool))

    @rule(name=SESSIONS, awaits_tool=st.booleans(), fails=st.booleans())
    def typed(self, name: str, awaits_tool: bool, fails: bool) -> None:
        """Something new is typed: a prompt, unless the answer fails; then it is typed no more."""
        session = self.sessions[name]
        turn = Turn(len(session.turns) + 1, self.now)
        result = self.call(name, Claim.AUTHORED, turn)
        assert isinstance(result, Reserved)
        assert result.charged
        if fails:
            self.finish(result, delivered=False)
            return
        turn.calls = turn.in_prompt = 1
        session.turns.append(turn)
        self.charged += 1
        self.ends(result, turn, awaits_tool)

    @rule(name=SESSIONS, awaits_tool=st.booleans())
    def a_tools_result(self, name: str, awaits_tool: bool) -> None:
        session = self.sessions[name]
        if session.turns and self.now - session.turns[-1].last_at <= 12 * HOUR:
            turn = session.turns[-1]
            result = self.call(name, Claim.CONTINUATION, turn)
            self.rides(turn, result)
            self.ends(result, turn, awaits_tool)

    @rule(name=SESSIONS)
    def tried_again(self, name: str) -> None:
        session = self.sessions[name]
        if session.turns and self.now - session.turns[-1].last_at <= 15 * MINUTE:
            turn = session.turns[-1]
            result = self.call(name, Claim.AUTHORED, turn)
            self.rides(turn, result)
            self.ends(result, turn, turn.awaits_tool)

    @rule(name=SESSIONS, marked=st.booleans(), awaits_tool=st.booleans())
    def a_sub_agent(self, name: str, marked: bool, awaits_tool: bool) -> None:
        """Of a session whose newest turn waits for a tool: it rides, marked or not, and however
        it ends, the turn goes on waiting."""
        session = self.sessions[name]
        if not session.turns:
            return
        turn = session.turns[-1]
        if not turn.awaits_tool or self.now - turn.last_at > 12 * HOUR:
            return
        sub = Turn(1, self.now)
        kind = Claim.SUB_AGENT if marked else Claim.AUTHORED
        result = self.call(name, kind, sub, root=f"sub {next(self.numbers)}")
        self.rides(turn, result)
        if isinstance(result, Reserved):
            self.finish(result, awaits_tool=awaits_tool)

    @rule(name=SESSIONS)
    def a_title(self, name: str) -> None:
        """Beside its turn it counts as the turn's other calls do, and keeps it alive no longer;
        without one it is free. Only where it draws the turn's next prompt does it make one due."""
        session = self.sessions[name]
        turn = session.turns[-1] if session.turns else Turn(1, self.now)
        beside = bool(session.turns) and self.now - turn.last_at <= 15 * MINUTE
        alive_since, full = turn.last_at, turn.in_prompt >= PER_PROMPT
        result = self.call(name, Claim.SIDE, turn, root="title")
        if beside:
            self.rides(turn, result)
            if not full:
                turn.last_at = alive_since
        elif isinstance(result, Reserved):
            # One that is charged is beyond twenty in a row with no prompt.
            self.charged += result.charged
        if isinstance(result, Reserved):
            self.finish(result)

    @rule(passed=st.sampled_from([1, MINUTE, 14 * MINUTE, HOUR, 12 * HOUR]))
    def time_passes(self, passed: int) -> None:
        self.now += passed

    @invariant()
    def charged_is_what_was_typed(self) -> None:
        settled = sum(prompt.state == "settled" for prompt in self.rows.prompts.values())
        assert settled == self.charged


TestTurns = Turns.TestCase
TestTurns.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
