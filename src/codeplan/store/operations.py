"""What metering asks of a store, and what it gets back. Every operation is one atomic step."""

from dataclasses import dataclass

import msgspec

from codeplan.plan.admit import AllowanceExhausted, Hold
from codeplan.plan.catalogue import Plan
from codeplan.plan.reached import Reached
from codeplan.plan.turns import TurnClaim
from codeplan.plan.windows import Payer, WindowView
from codeplan.protocol.usage import Usage


class Reserve(msgspec.Struct, frozen=True):
    """Before an upstream is asked. ``call_id`` is also the request id that the caller gets.
    ``catalogue_version``: the plan's. ``started_at``: the subscription's start.
    ``prompt_tokens``: about how many the call sends."""

    call_id: str
    account_id: str
    key_id: str
    subscription_id: str
    plan: Plan
    claim: TurnClaim
    client: str
    protocol: str
    model_asked: str
    model: str
    streamed: bool
    catalogue_version: str = ""
    started_at: int = 0
    prompt_tokens: int = 0

    @property
    def payer(self) -> Payer:
        return Payer(self.subscription_id, self.account_id, self.key_id, self.started_at)


class Reserved(msgspec.Struct, frozen=True):
    """``prompt_id`` is None for a free side call. ``charged``: this call opened the prompt.
    ``side``: it rides without making the prompt due. ``at``: the store's instant.
    ``windows``: as they stand now. ``queued_ms``: waited for other nodes' calls to end."""

    prompt_id: str | None
    charged: bool
    side: bool
    why: str
    at: int
    windows: tuple[WindowView, ...]
    queued_ms: int = 0


class Refused(msgspec.Struct, frozen=True):
    """A window has no room; nothing was reserved."""

    exhausted: AllowanceExhausted
    windows: tuple[WindowView, ...]
    now: int

    @property
    def reached(self) -> Reached:
        """The window that has no room, as it stands."""
        rule = self.exhausted.rule
        view = next(view for view in self.windows if view.rule == rule)
        return Reached(view, self.exhausted.resets_at, self.now)


class Busy(msgspec.Struct, frozen=True):
    """The plan's calls at once all run, on whatever nodes; nothing was reserved."""

    limit: int


class Stopped(msgspec.Struct, frozen=True):
    """The turn has made so many calls that its plan stops it; nothing was reserved."""

    calls: int


class NotAdmitted(msgspec.Struct, frozen=True):
    """The call could only ride on an agent's turn, and there is none; nothing was reserved."""


class Try(msgspec.Struct, frozen=True, array_like=True):
    """One asking of an upstream for a call. ``began``: since the call came; ``took``: until its
    first content, or until it failed (``why``; "" where it answered). Milliseconds."""

    upstream: str
    model: str
    began: int
    took: int
    why: str = ""


class Course(msgspec.Struct, frozen=True, array_like=True):
    """How a call came to its first content: milliseconds since it came, all by its node's own
    clock. ``waited``: until the first content left; None where none did. ``queued``: of that, for a
    place among its payer's calls at once; ``booked``: until its reservation was durable."""

    waited: int | None = None
    queued: int = 0
    booked: int = 0
    tries: tuple[Try, ...] = ()


NO_COURSE = Course()


class Finish(msgspec.Struct, frozen=True):
    """A call has ended. ``delivered``: content came, so its prompt is due (settlement); else the
    call is released. ``outcome``: whole, cut by client, cut by upstream, failed.
    Usage is what the upstream reported, or an estimate of what was delivered. ``takes_back``: also
    a settlement that was written, since the answer's end never left."""

    asked: Reserve
    reserved: Reserved
    delivered: bool
    outcome: str
    awaits_tool: bool = False
    usage: Usage | None = None
    upstream: str = ""
    upstream_model: str = ""
    first_content_at: int | None = None
    detail: str = ""
    takes_back: bool = False
    course: Course = NO_COURSE


class Finished(msgspec.Struct, frozen=True):
    """The prompt's state after it: reserved, settled, released; "" for a free call.
    ``repeated``: the call had ended before; nothing was changed."""

    prompt_state: str
    repeated: bool = False


@dataclass(slots=True)
class CallRow:
    """One model call, as the receipt shows it. ``state``: running, settled or released. ``holds``:
    what it takes of windows that count calls. ``node``: the process that serves it. ``course``: how
    it came to its first content."""

    id: str
    prompt_id: str | None
    account_id: str
    subscription_id: str
    key_id: str
    client: str
    protocol: str
    model_asked: str
    model: str
    streamed: bool
    why: str
    started_at: int
    state: str
    outcome: str
    upstream: str
    upstream_model: str
    first_content_at: int | None
    ended_at: int | None
    usage: Usage
    detail: str
    catalogue_version: str = ""
    holds: tuple[Hold, ...] = ()
    node: str = ""
    course: Course = NO_COURSE

    @property
    def waited(self) -> int | None:
        """Milliseconds that its person waited for the first content; of a call of before, since its
        reservation. None where none came."""
        if self.course.waited is not None or self.first_content_at is None:
            return self.course.waited
        return max(0, self.first_content_at - self.started_at)


Operation = Reserve | Finish
Reservation = Reserved | Refused | Stopped | NotAdmitted
Result = Reservation | Busy | Finished | Exception
