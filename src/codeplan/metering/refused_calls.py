"""Refused and observed calls, kept for 14 days so that whoever meets one can act on it: what the
program calls itself, what it offers a model, and what it was told. No text of a person is kept.

What comes is remembered here and written together a little later. Of one key so many an hour are
kept; beyond them a call is counted and logged, as all are.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence

import msgspec
from msgspec import structs

from codeplan.kit.clock import Clock
from codeplan.kit.instants import DAY, HOUR
from codeplan.store.base import MoneyStore
from codeplan.store.changing import put
from codeplan.store.documents import Document

KEPT_MS = 14 * DAY
KEPT_AN_HOUR = 60
SYSTEM_CHARACTERS = 120
_TEXT_CHARACTERS = 400
_AGENT_CHARACTERS = 200
_TOOLS, _TOOL_CHARACTERS = 60, 64
_READ_AT_ONCE, _READ_AT_MOST = 5_000, 100_000

# How such a call stands: refused for what it asks; of a program that is not known and so refused,
# or served all the same.
REFUSED, UNKNOWN, OBSERVED = "refused", "unknown", "observed"
STATES = (REFUSED, UNKNOWN, OBSERVED)


class RefusedCall(Document, frozen=True, kw_only=True):
    """Its id is the request's. ``state``: refused, unknown or observed. ``client``: the tool's id;
    "" for what is not known. ``system``: how the system prompt begins; ``tools``: their names."""

    key_id: str
    path: str
    status: int
    code: str
    message: str
    client: str
    protocol: str
    user_agent: str
    system: str
    tools: tuple[str, ...]


class UnknownProgram(msgspec.Struct, frozen=True):
    """One program that is not known, by how it names itself and what it offers. ``calls``: of it
    that are kept; ``accounts``: whose; ``newest``: the last of them."""

    newest: RefusedCall
    calls: int
    accounts: int


class RefusedCalls:
    """``note`` costs a call nothing but memory."""

    def __init__(self, store: MoneyStore, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._waiting: list[RefusedCall] = []
        self._flushing = asyncio.Lock()
        self._hour = 0
        self._kept: Counter[str] = Counter()

    def note(self, call: RefusedCall) -> None:
        """Remember a call, shortened to what is kept."""
        hour = call.made_at // HOUR
        if hour != self._hour:
            self._hour = hour
            self._kept.clear()
        self._kept[call.key_id] += 1
        if self._kept[call.key_id] <= KEPT_AN_HOUR:
            self._waiting.append(_shortened(call))

    async def flush(self) -> None:
        """Write what waits, an account's together; when it returns, all that was noted before is
        written. Raises StoreFailed."""
        async with self._flushing:
            await self._flush()

    async def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        by_account: dict[str, list[RefusedCall]] = {}
        for call in waiting:
            by_account.setdefault(call.account_id, []).append(call)
        while by_account:
            account_id, calls = next(iter(by_account.items()))
            try:
                await put(self._store, account_id, *calls)
            except BaseException:
                self._waiting[:0] = [call for rest in by_account.values() for call in rest]
                raise
            del by_account[account_id]

    async def find(self, request_id: str, account_id: str = "") -> RefusedCall | None:
        """By its request's id; of that account, where one is given. Raises StoreFailed."""
        await self.flush()
        call = await self._store.document(RefusedCall, request_id)
        return call if call is not None and account_id in ("", call.account_id) else None

    async def unknown_programs(self) -> list[UnknownProgram]:
        """Programs that are not known, the most frequent first. Raises StoreFailed."""
        await self.flush()
        calls: list[RefusedCall] = []
        for state in (UNKNOWN, OBSERVED):
            calls += await self._all(state)
        groups: dict[tuple[str, str, tuple[str, ...]], list[RefusedCall]] = {}
        for call in calls:
            groups.setdefault((call.user_agent, call.system, call.tools), []).append(call)
        programs = [_program(group) for group in groups.values()]
        return sorted(programs, key=lambda one: (-one.calls, one.newest.id))

    async def _all(self, state: str) -> list[RefusedCall]:
        calls: list[RefusedCall] = []
        page: list[RefusedCall] = []
        while len(calls) < _READ_AT_MOST and (not calls or len(page) == _READ_AT_ONCE):
            before = calls[-1].id if calls else ""
            page = await self._store.documents(
                RefusedCall, state=state, limit=_READ_AT_ONCE, before=before
            )
            if not page:
                break
            calls += page
        return calls


def _program(calls: Sequence[RefusedCall]) -> UnknownProgram:
    newest = max(calls, key=lambda call: call.id)
    return UnknownProgram(newest, len(calls), len({call.account_id for call in calls}))


def _shortened(call: RefusedCall) -> RefusedCall:
    return structs.replace(
        call,
        path=_plain(call.path, _AGENT_CHARACTERS),
        message=_plain(call.message, _TEXT_CHARACTERS),
        user_agent=_plain(call.user_agent, _AGENT_CHARACTERS),
        system=_plain(call.system, SYSTEM_CHARACTERS),
        tools=tuple(_plain(name, _TOOL_CHARACTERS) for name in call.tools[:_TOOLS]),
    )


def _plain(text: str, most: int) -> str:
    """The text's beginning without what steers a terminal or is half a character: it comes from
    anybody, and operators read it."""
    return "".join(one if one.isprintable() or one == "\n" else "\ufffd" for one in text[:most])
