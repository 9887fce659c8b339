"""What metering asks of a store, and what it gets back. Every operation is one atomic step."""

from dataclasses import dataclass

import msgspec

from codeplan.plan.admit import AllowanceExhausted, Hold
from codeplan.plan.catalogue import Plan
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
    ``windows``: as they stand now."""

    prompt_id: str | None
    charged: bool
    side: bool
    why: str
    at: int
    windows: tuple[WindowView, ...]


class Refused(msgspec.Struct, frozen=True):
    """A window has no room; nothing was reserved."""

    exhausted: AllowanceExhausted
    windows: tuple[WindowView, ...]
    now: int


class Busy(msgspec.Struct, frozen=True):
    """The plan's calls at once all run, on whatever nodes; nothing was reserved."""

    limit: int


class Stopped(msgspec.Struct, frozen=True):
    """The turn has made so many calls that its plan stops it; nothing was reserved."""

    calls: int


class NotAdmitted(msgspec.Struct, frozen=True):
    """The call could only ride on an agent's turn, and there is none; nothing was reserved."""


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


class Finished(msgspec.Struct, frozen=True):
    """The prompt's state after it: reserved, settled, released; "" for a free call.
    ``repeated``: the call had ended before; nothing was changed."""

    prompt_state: str
    repeated: bool = False


@dataclass(slots=True)
class CallRow:
    """One model call, as the receipt shows it. ``state``: running, settled or released. ``holds``:
    what it takes of windows that count calls. ``node``: the process that serves it."""

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


Operation = Reserve | Finish
Reservation = Reserved | Refused | Stopped | NotAdmitted
Result = Reservation | Busy | Finished | Exception
