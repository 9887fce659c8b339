"""What is kept of refused calls: shortened, harmless to whoever reads it, and not lost when the
store is away for a moment."""

from typing import Any

import pytest

from codeplan.kit.instants import HOUR
from codeplan.metering.refused_calls import KEPT_AN_HOUR, UNKNOWN, RefusedCall, RefusedCalls
from codeplan.store.base import StoreFailed
from support.meters import NOON, HandClock


class Store:
    """Takes moves, or fails."""

    def __init__(self) -> None:
        self.moves: list[Any] = []
        self.away = False

    async def move(self, wanted: Any) -> bytes:
        if self.away:
            raise StoreFailed("away")
        self.moves.append(wanted)
        return b""

    @property
    def written(self) -> list[RefusedCall]:
        return [one for move in self.moves for one in move.decide(None, 0).documents]


def call(number: int, key: str = "ck_1", at: int = NOON, **more: Any) -> RefusedCall:
    values = {"user_agent": "x/1", "system": "You are", "tools": ("a",), **more}
    return RefusedCall(
        id=f"req_{number}", account_id="acc_1", made_at=at, state=UNKNOWN, key_id=key, path="/p",
        status=403, code="1220", message="m", client="", protocol="openai_chat", **values,
    )  # fmt: skip


def calls_of(store: Store) -> RefusedCalls:
    return RefusedCalls(store, HandClock())  # type: ignore[arg-type]  # moves alone are asked of it


async def test_what_is_kept_is_short_and_harmless() -> None:
    store = Store()
    calls = calls_of(store)
    calls.note(
        call(
            1,
            user_agent="\x1b[2Jx" * 100,
            system="half \ud800 a\nline" * 50,
            tools=("t" * 999,) * 99,
        )
    )
    await calls.flush()
    (kept,) = store.written
    assert len(kept.user_agent) == 200
    assert "\x1b" not in kept.user_agent
    assert len(kept.system) == 120
    assert "\ud800" not in kept.system
    assert "\n" in kept.system
    assert (len(kept.tools), len(kept.tools[0])) == (60, 64)


async def test_of_a_key_only_so_many_an_hour() -> None:
    store = Store()
    calls = calls_of(store)
    for number in range(KEPT_AN_HOUR + 5):
        calls.note(call(number))
        calls.note(call(1000 + number, key="ck_2"))
    calls.note(call(5000, at=NOON + HOUR))
    await calls.flush()
    assert len(store.written) == 2 * KEPT_AN_HOUR + 1


async def test_nothing_is_lost_while_the_store_is_away() -> None:
    store = Store()
    calls = calls_of(store)
    calls.note(call(1))
    store.away = True
    with pytest.raises(StoreFailed):
        await calls.flush()
    calls.note(call(2))
    store.away = False
    await calls.flush()
    assert [one.id for one in store.written] == ["req_1", "req_2"]
    await calls.flush()
    assert len(store.moves) == 1
