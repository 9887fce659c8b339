"""The limit that refused a call: the one value from which headers, texts, codes and answers take
what they tell of it, so that they cannot tell of another."""

import msgspec

from codeplan.kit import instants
from codeplan.plan.rules import Scope, Unit
from codeplan.plan.windows import WindowView

_WHOSE: dict[Scope, str] = {
    "plan": "the plan's limit",
    "member": "your seat's limit in the organisation",
    "key": "this key's limit",
}
_COUNTED: dict[Unit, str] = {
    "prompt": "prompt",
    "call": "call",
    "token": "token",
    "credit": "credit",
    "mcp": "MCP call",
    "use": "use",
    "money": "minor unit",
}
# GLM Coding Plan's codes: of windows of hours and days, and of longer ones.
_SHORT, _LONG = "1308", "1310"


class Reached(msgspec.Struct, frozen=True):
    """``view``: its window, as it stood when it refused. ``resets_at``: when it has room for what
    was asked, in epoch milliseconds; ``now``: the instant of the refusal. ``amount``: how people
    read the limit, where that is money."""

    view: WindowView
    resets_at: int
    now: int
    amount: str = ""

    @property
    def code(self) -> str:
        return _LONG if self.view.rule.span in ("week", "month") else _SHORT

    @property
    def seconds(self) -> int:
        """Until it has room; at least one."""
        return max(1, -(-(self.resets_at - self.now) // instants.SECOND))

    @property
    def whose(self) -> str:
        """Whose cap it is, and how much."""
        rule = self.view.rule
        if self.amount:
            return f"{_WHOSE[rule.scope]} for going on with the balance: {self.amount}"
        unit = _COUNTED[rule.unit] + ("" if rule.limit == 1 else "s")
        return f"{_WHOSE[rule.scope]}: {rule.limit} {unit}"

    @property
    def resets_at_second(self) -> int:
        """In epoch seconds, rounded up: a call at that second meets it open."""
        return -(-self.resets_at // instants.SECOND)

    def text(self, zone: str, what: str = "") -> str:
        """What a person is told. Its start is what clients parse. ``what``: of what, where that is
        not the plan's models."""
        usage = f"{what} usage" if what else "Usage"
        when = instants.with_zone(self.resets_at_second * instants.SECOND, zone)
        return (
            f"{usage} limit reached for {self.view.rule.words}."
            f" Your limit will reset at {when}."
            f" It is {self.whose}."
        )


def first_to_reopen(one: Reached, other: Reached | None) -> Reached:
    """Of two limits of which either, once it has room, lets the call through."""
    return other if other is not None and other.seconds < one.seconds else one
