"""Use of calls that are over, taken and charged in one step, of windows kept in memory; by the
rules of the running service, so that what comes out is what would have been."""

from collections.abc import Sequence

from codeplan.plan.admit import AllowanceExhausted, Hold, Want, admit
from codeplan.plan.settle import charge
from codeplan.plan.windows import Open, Opener, Payer, Window


def take(
    wants: Sequence[Want], payer: Payer, windows: Open, at: int, opener: Opener
) -> list[tuple[Hold, Window]] | AllowanceExhausted:
    """What was charged, each with its window. When refused, nothing is. Windows that have closed
    are dropped from ``windows``."""
    for shelf in windows.values():
        shelf[:] = [window for window in shelf if window.closes_at > at]
    holds = admit(wants, payer, windows, at, opener)
    if isinstance(holds, AllowanceExhausted):
        return holds
    by_id = {window.id: window for shelf in windows.values() for window in shelf}
    taken = []
    for hold in holds:
        window = by_id[hold.window_id]
        charged = charge((hold, window, hold.taken_before + hold.units), hold.units)
        taken.append((charged, window))
    return taken
