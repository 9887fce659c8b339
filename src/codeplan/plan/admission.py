"""Which programs a plan serves: by what they are known as, or by the shape of what they offer.
Knows no client: it is told what was recognised.

Recognition is no barrier, since any script can send a name; what bounds use is the plan's windows.
It keeps a plan's prompts for what they are sold for, and says so to whoever is not served.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

Admit = Literal["agents", "known", "any"]
Otherwise = Literal["refuse", "paid", "observe"]


class Verdict(StrEnum):
    SERVE = "serve"  # a call of its own: a prompt, or a part of one
    RIDE = "ride"  # only as a part of an admitted agent's turn; else as `Admission.otherwise`
    OBSERVE = "observe"  # served, each call a prompt
    PAY = "pay"  # by the token, where the key's owner said so
    REFUSE = "refuse"


_OTHERWISE: dict[Otherwise, Verdict] = {
    "refuse": Verdict.REFUSE,
    "paid": Verdict.PAY,
    "observe": Verdict.OBSERVE,
}


@dataclass(frozen=True, slots=True)
class Admission:
    """``admit``: "agents" for what is known or has an agent's shape, "known" for what is known,
    "any" for whatever calls. ``clients``: these ids alone, where it is not None. ``otherwise``:
    what becomes of the rest."""

    admit: Admit = "agents"
    clients: frozenset[str] | None = None
    otherwise: Otherwise = "refuse"

    def verdict(self, client_id: str, known: bool, shaped: bool) -> Verdict:
        """Decide on a call. ``known``: its client has an id of its own; ``shaped``: it has an
        agent's shape."""
        if self.admits(client_id, known, shaped):
            return Verdict.SERVE
        if not known and not shaped:
            return Verdict.RIDE
        return self.rest

    def admits(self, client_id: str, known: bool, shaped: bool) -> bool:
        """Whether a call's client is one that the plan is for."""
        if self.clients is not None:
            return client_id in self.clients
        return self.admit == "any" or known or (self.admit == "agents" and shaped)

    @property
    def rest(self) -> Verdict:
        """What becomes of a call that the plan is not for."""
        return _OTHERWISE[self.otherwise]


AGENTS = Admission()


def with_admission(plan: dict[str, Any]) -> dict[str, Any]:
    """Give a plan that was stored before there were admissions the one that it was bought with."""
    if "admission" in plan:
        return plan
    admission = {
        "admit": "any" if plan.get("any_client") else "agents",
        "clients": plan.get("clients"),
        "otherwise": "refuse",
    }
    return {**plan, "admission": admission}
