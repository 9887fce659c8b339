"""A subscription's life as a table: which state follows which event, and when the clock has to look
at it next. Knows no store and no money.

``pending`` is an order that waits for its payment. ``cancelled`` runs to its period's end and is
not renewed. ``past_due`` could not be renewed and is tried again while its grace lasts. A
restriction by an operator lies over any state and ends none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from codeplan.kit.instants import DAY

State = Literal["pending", "active", "cancelled", "past_due", "expired"]
Event = Literal[
    "paid", "abandoned", "renewed", "payment_failed", "cancel", "resume", "ended", "grace_ended",
    "refunded",
]  # fmt: skip

# Whatever is not here cannot happen.
TRANSITIONS: Mapping[tuple[State, Event], State] = {
    ("pending", "paid"): "active",
    ("pending", "abandoned"): "expired",
    # Extended or upgraded: a purchase is also a wish to go on.
    ("active", "paid"): "active",
    ("cancelled", "paid"): "active",
    ("past_due", "paid"): "active",
    ("active", "renewed"): "active",
    ("past_due", "renewed"): "active",
    ("active", "payment_failed"): "past_due",
    ("past_due", "payment_failed"): "past_due",
    ("active", "cancel"): "cancelled",
    ("cancelled", "cancel"): "cancelled",
    # Its period is over, so nothing is left to run.
    ("past_due", "cancel"): "expired",
    ("active", "resume"): "active",
    ("cancelled", "resume"): "active",
    ("active", "ended"): "expired",
    ("cancelled", "ended"): "expired",
    ("past_due", "grace_ended"): "expired",
    ("active", "refunded"): "expired",
    ("cancelled", "refunded"): "expired",
    ("past_due", "refunded"): "expired",
}


class NotPossible(ValueError):
    """That event cannot happen in that state."""


def after(state: State, event: Event) -> State:
    """Raises NotPossible."""
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise NotPossible(
            f"a subscription that is {state.replace('_', ' ')}: no {event} is possible"
        )
    return following


@dataclass(frozen=True, slots=True)
class Dunning:
    """Around a period's end: ``remind``: so long before it, milliseconds; ``retries``: when a
    renewal is tried, counted from it; ``grace``: how long the plan goes on without one."""

    remind: int = 3 * DAY
    retries: tuple[int, ...] = (0, DAY, 2 * DAY)
    grace: int = 3 * DAY

    def first_look(self, started_at: int, ends_at: int) -> int:
        """When to remind of the renewal; at the end itself where the period is that short."""
        remind_at = ends_at - self.remind
        return remind_at if self.remind and remind_at > started_at else ends_at

    def next_try(self, ends_at: int, now: int) -> int:
        """When to look again after a failed attempt: the next retry, or the grace's end."""
        later = [ends_at + retry for retry in self.retries if ends_at + retry > now]
        return min([*later, ends_at + self.grace])

    def serves_until(self, state: State, renews: bool, ends_at: int) -> int:
        """Until when calls are served: over the grace as well, where it is to be renewed."""
        return ends_at + self.grace if renews and state in ("active", "past_due") else ends_at
