"""How a prompt ends: settled once, when content was delivered, or released when nothing was.

In doubt, in the person's favour: a prompt whose only content went to side calls is released.
"""

from codeplan.plan.turns import Prompt
from codeplan.plan.windows import Window


def deliver(prompt: Prompt, windows: list[tuple[Window, int]], awaits_tool: bool) -> None:
    """A call of this prompt delivered content. ``windows``: each held window and its units.

    The first delivery turns the reservation into use; later ones change nothing in the windows.
    """
    prompt.delivered += 1
    prompt.awaits_tool = awaits_tool
    if prompt.state == "reserved":
        prompt.state = "settled"
        for window, units in windows:
            window.reserved -= units
            window.used += units


def release_if_idle(prompt: Prompt, windows: list[tuple[Window, int]], reason: str) -> bool:
    """Give the reservation back when no call of the prompt runs any more and none delivered."""
    if prompt.state != "reserved" or prompt.open_calls > 0:
        return False
    prompt.state = "released"
    prompt.reason = reason
    for window, units in windows:
        window.reserved -= units
    return True
