"""What a call belongs to: a turn that is already paid for, or a new prompt.

A prompt is one unit however many calls the tool makes for it. A turn is (conversation, how many
user-authored texts so far, the newest one's hash). This file owns that rule; it knows no client
and no wire format: those say what a call claims (`TurnClaim`), the store says which prompts it
may belong to, and `find` decides.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from codeplan.kit import instants
from codeplan.plan.admit import Hold

# A repeated authored text is a retry only for so long: the same words typed again later in a
# session that has no id of its own are a new prompt.
RETRY_MS = 15 * instants.MINUTE
# A tool may run for hours before its result comes back.
CONTINUE_MS = 12 * instants.HOUR
# A side call (a title, a topic) comes beside the first step or soon after.
SIDE_MS = 15 * instants.MINUTE
# Side calls with no turn to ride on, or on one that is not charged yet, are free, but only so many
# until a prompt is charged: else any call dressed as one would be free for ever.
FREE_SIDE_CALLS = 20


class Claim(StrEnum):
    """What the newest content of a call is, by its shape alone."""

    AUTHORED = "authored"  # a text that the person wrote
    CONTINUATION = "continuation"  # a tool's result, or a nudge that the client wrote itself
    SIDE = "side"  # a title, a topic, a compaction: the client's own errand
    APART = "apart"  # a call of an MCP server: of no turn
    SUB_AGENT = "sub_agent"  # a conversation that the client marks as a turn's sub-agent
    ERRAND = "errand"  # no tools, from a program of no known name: a title for an agent's turn
    HELPER = "helper"  # too few tools for an agent, of no known name: an agent's small sub-agent
    OBSERVED = "observed"  # of no coding tool, served all the same: a prompt of its own


# What only ever rides on a turn of an admitted agent.
COMPANIONS = frozenset((Claim.ERRAND, Claim.HELPER))


class TurnClaim(msgspec.Struct, frozen=True):
    """``session``: the client's own session id, or "". ``conversation``: session and root text,
    hashed. ``ordinal``: user-authored texts so far. ``text_hash``: of the newest of them.
    ``program``: key and program, hashed: what is asked where there is no session. ``quotes``:
    hashes of the texts that an errand carries, one of which may be a turn's."""

    claim: Claim
    session: str
    conversation: str
    ordinal: int
    text_hash: str
    program: str = ""
    quotes: frozenset[str] = frozenset()

    @property
    def thread(self) -> str:
        """What belongs together: the session, or the conversation where there is no session id."""
        return self.session or self.conversation

    @property
    def asks_program(self) -> bool:
        """Whether the call may belong to another conversation of the same key and program: only
        what nobody typed may, where there is no session to tell by."""
        return (
            bool(self.program)
            and not self.session
            and self.claim not in (Claim.AUTHORED, Claim.OBSERVED)
        )


@dataclass(slots=True)
class Prompt:
    """One prompt as it was charged: its turn, its state, and how many calls it has carried.

    ``open_calls`` run now; ``delivered`` had content; ``awaits_tool``: its last answer asked for
    a tool's result; ``earlier_calls``: the turn's calls that its earlier prompts paid for;
    ``program``: as `TurnClaim.program`. Times are epoch milliseconds: ``last_call_at`` of any call,
    ``turn_call_at`` of the turn's own, since side calls keep no prompt alive.
    """

    id: str
    account_id: str
    subscription_id: str
    session: str
    conversation: str
    ordinal: int
    text_hash: str
    client: str
    opened_at: int
    last_call_at: int
    state: str = "reserved"  # reserved, settled, released
    calls: int = 0
    open_calls: int = 0
    delivered: int = 0
    awaits_tool: bool = False
    holds: tuple[Hold, ...] = ()
    reason: str = ""
    earlier_calls: int = 0
    program: str = ""
    turn_call_at: int = 0

    @property
    def thread(self) -> str:
        """As `TurnClaim.thread`."""
        return self.session or self.conversation

    @property
    def in_work(self) -> bool:
        """Whether its turn goes on: a call runs, or a tool's result is waited for."""
        return self.open_calls > 0 or self.awaits_tool

    def units_of(self, rule: str) -> int:
        """What it holds or was charged by that rule, in millionths."""
        return sum(hold.units for hold in self.holds if hold.rule == rule)

    @property
    def charged(self) -> int:
        """What it was charged, by the rule that took most, in millionths."""
        rules = {hold.rule for hold in self.holds}
        return max(
            (sum(h.charged or 0 for h in self.holds if h.rule == rule) for rule in rules), default=0
        )


class Rides(msgspec.Struct, frozen=True):
    """The call belongs to this prompt and costs nothing more."""

    prompt: Prompt
    why: str


class NewPrompt(msgspec.Struct, frozen=True):
    """The call costs one prompt. ``goes_on``: the turn's prompt that is used up; whichever call of
    the turn, or of its sub-agents, draws the next one, all of them ride on it."""

    why: str
    goes_on: Prompt | None = None


class Free(msgspec.Struct, frozen=True):
    """A side call with no turn to ride on; or, where it does not ``counts``, what belongs to no
    turn at all."""

    why: str
    counts: bool = True


class RunAway(msgspec.Struct, frozen=True):
    """The turn has made as many calls as the plan lets one turn make."""

    calls: int


class Unattached(msgspec.Struct, frozen=True):
    """No turn of an admitted agent explains the call: its program is not one that the plan
    serves."""


class TurnLimits(msgspec.Struct, frozen=True):
    """A plan's: calls that one prompt pays for, and calls of a whole turn (0: no end)."""

    calls_per_prompt: int
    max_calls_per_turn: int = 0


def find(
    claim: TurnClaim,
    known: Iterable[Prompt],
    limits: TurnLimits,
    free_calls: int,
    now: int,
) -> Rides | NewPrompt | Free | RunAway | Unattached:
    """Decide what a call belongs to.

    ``known``: the subscription's prompts of the claim's thread, and of its program where it asks
    for those, newest first. A released prompt pays for nothing. ``free_calls``: free side calls
    since a prompt was last charged.
    """
    if claim.claim is Claim.APART:
        return Free("a call of an MCP server", counts=False)
    if claim.claim is Claim.OBSERVED:
        return NewPrompt("not a known coding tool: each of its calls is a prompt")
    live = [prompt for prompt in known if prompt.state != "released"]
    if claim.claim is Claim.SIDE:
        return _side(live, limits, free_calls, now)
    if claim.claim in COMPANIONS:
        return _companion(claim, live, limits, free_calls, now)
    own = [p for p in live if _same_turn(claim, p) and now - p.turn_call_at <= _patience(claim)]
    if own:
        return _ride_or_next(own[0], _WHY_OWN[claim.claim], limits)
    parent = _parent(claim, live, now)
    if parent is not None:
        return _ride_or_next(parent, "sub-agent or compaction of this turn", limits)
    if claim.claim is Claim.CONTINUATION:
        return NewPrompt("a continuation that no known turn explains")
    return NewPrompt("a new prompt")


_WHY_OWN = {
    Claim.AUTHORED: "the same text again: a retry",
    Claim.CONTINUATION: "a further call of this turn",
    Claim.SUB_AGENT: "a further call of this sub-agent",
}


def _same_turn(claim: TurnClaim, prompt: Prompt) -> bool:
    return (
        prompt.conversation == claim.conversation
        and prompt.ordinal == claim.ordinal
        and prompt.text_hash == claim.text_hash
    )


def _patience(claim: TurnClaim) -> int:
    return RETRY_MS if claim.claim is Claim.AUTHORED else CONTINUE_MS


def _parent(claim: TurnClaim, live: list[Prompt], now: int) -> Prompt | None:
    """The newest turn of the session, when this call can only be its sub-agent or its compaction.

    Where there is no session id, only a client's own mark says so, or that nobody typed the call
    while another conversation of the same key and program waits for a tool.
    """
    beside: Prompt | None = None
    for prompt in live:
        if now - prompt.turn_call_at > CONTINUE_MS:
            continue
        other_root = prompt.conversation != claim.conversation
        marked = claim.claim is Claim.SUB_AGENT
        if claim.session:
            if prompt.session != claim.session:
                continue
            return prompt if marked or (other_root and prompt.awaits_tool) else None
        if marked and not other_root:
            return prompt
        if claim.asks_program and prompt.program == claim.program and beside is None:
            beside = prompt if marked or prompt.awaits_tool else None
    return beside


def _side(
    live: list[Prompt], limits: TurnLimits, free_calls: int, now: int
) -> Rides | NewPrompt | Free | RunAway:
    for prompt in live:
        if now - prompt.turn_call_at <= SIDE_MS and _may_carry(prompt, free_calls):
            return _ride_or_next(prompt, "a side call of this turn", limits)
    if free_calls >= FREE_SIDE_CALLS:
        return NewPrompt(f"more than {FREE_SIDE_CALLS} side calls without a prompt")
    return Free("a side call with no turn open")


def _may_carry(prompt: Prompt, free_calls: int) -> bool:
    """Whether side calls may ride on it: always once it is charged; before, as many as are free,
    since its answer may fail, and then nobody has paid for them."""
    return prompt.state == "settled" or free_calls < FREE_SIDE_CALLS


def _companion(
    claim: TurnClaim, live: list[Prompt], limits: TurnLimits, free_calls: int, now: int
) -> Rides | NewPrompt | RunAway | Unattached:
    """What a program of no known name may send beside an agent's turn: in its session; or, where
    it sends none, by its key and program, an errand that quotes the turn's text, and a helper
    while the turn waits for a tool."""
    errand = claim.claim is Claim.ERRAND
    for prompt in live:
        waits = not errand and prompt.awaits_tool
        if now - prompt.turn_call_at > (CONTINUE_MS if waits else SIDE_MS):
            continue
        if not _may_carry(prompt, free_calls):
            continue
        if claim.session:
            belongs = prompt.session == claim.session
        else:
            belongs = prompt.program == claim.program and (
                prompt.text_hash in claim.quotes if errand else waits
            )
        if belongs:
            why = "a side call of this turn" if errand else "a small sub-agent of this turn"
            return _ride_or_next(prompt, why, limits)
    return Unattached()


def _ride_or_next(prompt: Prompt, why: str, limits: TurnLimits) -> Rides | NewPrompt | RunAway:
    """Every call counts in the prompt that it rides on, a side call too: so what one prompt buys
    is bounded."""
    calls = prompt.earlier_calls + prompt.calls
    if 0 < limits.max_calls_per_turn <= calls:
        return RunAway(calls)
    if prompt.calls >= limits.calls_per_prompt:
        return NewPrompt(f"the turn went on past {limits.calls_per_prompt} calls", prompt)
    return Rides(prompt, why)
