"""The rows that a batch of metering operations works on: locked, loaded, changed, and written."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from codeplan.plan.admit import Hold
from codeplan.plan.settle import Held
from codeplan.plan.turns import Prompt, TurnClaim
from codeplan.plan.windows import Open, Window, shelve
from codeplan.store.operations import CallRow, Operation, Reserve
from codeplan.store.rows import HourUse

# An hour, a model and a tool of one account: what roll-ups are kept by.
HourKey = tuple[str, int, str, str]
# Prompts by their subscription and thread, or program.
_Shelf = dict[tuple[str, str], list[Prompt]]


@dataclass(slots=True)
class Ending:
    """What is stored of a call that is about to end: its state, and what it holds."""

    state: str
    holds: tuple[Hold, ...] = ()


@dataclass(slots=True)
class Rows:
    """The loaded rows, and which of them changed. ``endings``: by the call's id. ``running``: calls
    of each subscription, where several nodes share the store; where one has it, it counts itself.
    """

    prompts: dict[str, Prompt] = field(default_factory=dict)
    windows: dict[str, Window] = field(default_factory=dict)
    free_calls: dict[str, int] = field(default_factory=dict)
    endings: dict[str, Ending] = field(default_factory=dict)
    running: dict[str, int] = field(default_factory=dict)
    changed_prompts: dict[str, Prompt] = field(default_factory=dict)
    changed_windows: dict[str, Window] = field(default_factory=dict)
    changed_free_calls: dict[str, int] = field(default_factory=dict)
    changed_calls: dict[str, CallRow] = field(default_factory=dict)
    used: dict[HourKey, HourUse] = field(default_factory=dict)
    _threads: _Shelf = field(default_factory=dict)
    _programs: _Shelf = field(default_factory=dict)
    _shelves: dict[str, Open] = field(default_factory=dict)

    def index(self) -> None:
        """Order what was loaded: each thread's and program's prompts newest first, each rule's
        windows."""
        for prompt in sorted(self.prompts.values(), key=lambda row: row.id, reverse=True):
            for shelf, key in self._places(prompt):
                shelf.setdefault(key, []).append(prompt)
        of: dict[str, list[Window]] = {}
        for window in self.windows.values():
            of.setdefault(window.subscription_id, []).append(window)
        self._shelves = {subscription: shelve(windows) for subscription, windows in of.items()}

    def known(self, subscription_id: str, claim: TurnClaim) -> list[Prompt]:
        """The prompts that the claim may belong to, newest first."""
        thread = self._threads.get((subscription_id, claim.thread), [])
        if not claim.asks_program:
            return thread
        program = self._programs.get((subscription_id, claim.program), [])
        prompts = {prompt.id: prompt for prompt in (*thread, *program)}
        return sorted(prompts.values(), key=lambda prompt: prompt.id, reverse=True)

    def add(self, prompt: Prompt) -> None:
        """A prompt that has just been opened, newer than all others."""
        self.prompts[prompt.id] = prompt
        for shelf, key in self._places(prompt):
            shelf.setdefault(key, []).insert(0, prompt)

    def _places(self, prompt: Prompt) -> Iterator[tuple[_Shelf, tuple[str, str]]]:
        yield self._threads, (prompt.subscription_id, prompt.thread)
        if prompt.program:
            yield self._programs, (prompt.subscription_id, prompt.program)

    def open_windows(self, subscription_id: str) -> Open:
        return self._shelves.setdefault(subscription_id, {})

    def held(self, holds: Sequence[Hold], now: int) -> list[Held]:
        """Each hold with its window, and what its rule has taken in all windows that count."""
        return [(hold, self.windows[hold.window_id], self._taken(hold, now)) for hold in holds]

    def _taken(self, hold: Hold, now: int) -> int:
        own = self.windows[hold.window_id]
        if now >= own.closes_at:
            return own.taken
        shelf = self.open_windows(own.subscription_id).get((own.rule, own.scope_id), ())
        return sum(window.taken for window in shelf if now < window.closes_at)

    def touch(self, prompt: Prompt) -> None:
        self.changed_prompts[prompt.id] = prompt

    def touch_windows(self, held: Iterable[Held]) -> None:
        for _, window, _ in held:
            self.changed_windows[window.id] = window

    def hour(self, key: HourKey) -> HourUse:
        return self.used.setdefault(key, HourUse())


def windows_needed(operations: Iterable[Operation], rows: Rows) -> tuple[set[str], set[str]]:
    """Once prompts and endings are loaded: the subscriptions whose windows count, and the ids of
    windows in which something is held. A call that ends may settle what its prompt holds, or its
    own; of all else nothing changes."""
    subscriptions = {p.subscription_id for p in rows.prompts.values() if p.state == "reserved"}
    holds = [hold for p in rows.prompts.values() if p.state == "reserved" for hold in p.holds]
    for ending in rows.endings.values():
        holds += ending.holds
    for item in operations:
        if isinstance(item, Reserve):
            subscriptions.add(item.subscription_id)
            continue
        ending_now = rows.endings.get(item.asked.call_id)
        if ending_now is not None and ending_now.holds:
            subscriptions.add(item.asked.subscription_id)
        prompt = rows.prompts.get(item.reserved.prompt_id or "")
        if item.takes_back and prompt is not None:
            holds += prompt.holds
    return subscriptions, {hold.window_id for hold in holds}
