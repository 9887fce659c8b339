"""Metering without a service: plans, claims and a clock that a test moves."""

from pathlib import Path

from codeplan.kit.ids import new_id
from codeplan.plan.catalogue import Plan
from codeplan.plan.rules import ONE, WindowRule
from codeplan.plan.turns import Claim, TurnClaim
from codeplan.protocol.usage import Usage
from codeplan.store.base import MeterStore
from codeplan.store.operations import Finish, Reserve, Reserved

NOON = 1_764_000_000_000


class HandClock:
    """Stands still until it is moved. Milliseconds. ``file``: where a database reads it."""

    def __init__(self, now: int = NOON, file: Path | None = None) -> None:
        self._file = file
        self.instant = now

    def now(self) -> int:
        return self.instant

    @property
    def instant(self) -> int:
        return self._instant

    @instant.setter
    def instant(self, now: int) -> None:
        self._instant = now
        if self._file is not None:
            self._file.write_text(str(now))


def plan(
    limit: int = 120, *more: WindowRule, calls_per_prompt: int = 20, concurrency: int = 10_000
) -> Plan:
    return Plan(
        id="lite",
        name="Lite",
        windows=(WindowRule("prompt", 5, "hour", limit), *more),
        calls_per_prompt=calls_per_prompt,
        concurrency=concurrency,
        models=("glm-4.6",),
    )


def claim(session: str = "s", text: str = "hello", kind: Claim = Claim.AUTHORED) -> TurnClaim:
    return TurnClaim(kind, session, f"conversation of {session}", 1, text)


async def taken(store: MeterStore, subscription: str = "sub_1") -> dict[str, tuple[int, int]]:
    """Whole units used and reserved, by rule: of the newest window that counts."""
    windows = sorted(await store.open_windows(subscription), key=lambda row: row.opened_at)
    return {row.rule: (row.used // ONE, row.reserved // ONE) for row in windows}


def reserve(
    number: int,
    of: Plan,
    claimed: TurnClaim,
    subscription: str = "sub_1",
    key_id: str = "ck_1",
    started_at: int = NOON,
    prompt_tokens: int = 0,
    call_id: str = "",
) -> Reserve:
    return Reserve(
        call_id=call_id or new_id("req", NOON - 60_000 + number),
        account_id="acc_1",
        key_id=key_id,
        subscription_id=subscription,
        plan=of,
        claim=claimed,
        client="opencode",
        protocol="openai_chat",
        model_asked="GLM-4.6",
        model="glm-4.6",
        streamed=True,
        started_at=started_at,
        prompt_tokens=prompt_tokens,
    )


USAGE = Usage(input=10, cached=4, output=6)


def finish(
    asked: Reserve,
    reserved: Reserved,
    delivered: bool = True,
    usage: Usage | None = USAGE,
    awaits_tool: bool = False,
) -> Finish:
    return Finish(
        asked=asked,
        reserved=reserved,
        delivered=delivered,
        outcome="whole" if delivered else "failed",
        awaits_tool=awaits_tool,
        usage=usage if delivered else None,
        upstream="gpu",
        upstream_model="zai-org/GLM-4.6",
    )
