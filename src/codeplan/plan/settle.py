"""How what was reserved ends: charged once, when content was delivered, or released when nothing
was.

A prompt costs what was reserved for it. A call costs what its usage weighs, but never more than the
window has room for: what goes beyond is the service's loss, and no window is overdrawn. In doubt,
in the person's favour: a prompt whose only content went to side calls is released.
"""

from collections.abc import Sequence

import msgspec

from codeplan.plan.admit import Hold
from codeplan.plan.turns import Prompt
from codeplan.plan.windows import Window

# A hold with its window, and what its rule has taken in all windows that count.
Held = tuple[Hold, Window, int]


def charge(held: Held, units: int) -> Hold:
    """Turn a reservation into use of so many millionths, as far as there is room."""
    hold, window, taken = held
    room = hold.limit - (taken - hold.units)
    charged = max(0, min(units, room))
    window.reserved -= hold.units
    window.used += charged
    return msgspec.structs.replace(hold, charged=charged, taken_after=taken - hold.units + charged)


def give_back(held: Held) -> Hold:
    """Release a reservation."""
    return charge(held, 0)


def deliver(prompt: Prompt, holds: Sequence[Held], awaits_tool: bool) -> None:
    """A call of this prompt delivered content. ``holds``: the prompt's, while it is reserved.

    The first delivery turns the reservation into use; later ones change nothing in the windows.
    """
    prompt.delivered += 1
    prompt.awaits_tool = awaits_tool
    if prompt.state == "reserved":
        prompt.state = "settled"
        prompt.holds = tuple(charge(held, held[0].units) for held in holds)


def release_if_idle(prompt: Prompt, holds: Sequence[Held], reason: str) -> bool:
    """Give the reservation back when no call of the prompt runs any more and none delivered."""
    if prompt.state != "reserved" or prompt.open_calls > 0:
        return False
    prompt.state = "released"
    prompt.reason = reason
    prompt.holds = tuple(give_back(held) for held in holds)
    return True
