"""One call's settlement or release: exactly once, whatever happens on the way. A call is paid by a
plan's quota (`PlanSettlement`) or by the token (`MoneySettlement`), never by both."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from codeplan.billing.purse import CallHold, Purse
from codeplan.gateway.stopwatch import Stopwatch
from codeplan.kit.clock import Clock
from codeplan.metering.meter import Meter
from codeplan.protocol.inner import Progress
from codeplan.protocol.usage import ESTIMATED, Usage
from codeplan.store.operations import CallRow, Finish, Reserve, Reserved


@dataclass(slots=True)
class Settlement(ABC):
    """Made when the reservation is durable; ends with `settle` or `release`, whichever is first."""

    clock: Clock
    watch: Stopwatch
    upstream: str = ""
    upstream_model: str = ""
    first_content_at: int | None = None
    outcome: str = ""
    began_at: int = 0
    ended_at: int = 0
    output_tokens: int = 0

    def __post_init__(self) -> None:
        self.began_at = self.clock.now()

    def content_came(self) -> None:
        """The first content is about to leave for the caller."""
        if self.first_content_at is None:
            self.first_content_at = self.clock.now()
            self.watch.content_came()

    async def settle(self, progress: Progress, outcome: str) -> None:
        """Content was delivered: durable when this returns. Raises StoreFailed."""
        await self._once(progress, outcome, delivered=True)

    async def release(self, outcome: str, progress: Progress | None = None, why: str = "") -> None:
        """Nothing that counts was delivered. Raises StoreFailed."""
        await self._once(progress or Progress(), outcome, delivered=False, detail=why)

    async def _once(
        self, progress: Progress, outcome: str, delivered: bool, detail: str = ""
    ) -> None:
        if self.outcome:
            return
        self.outcome, self.ended_at = outcome, self.clock.now()
        if delivered:
            progress.complete_usage()
            detail = ESTIMATED if progress.estimated else detail
        self.watch.end_try(detail)
        self.output_tokens = progress.usage.output if progress.usage else 0
        await self._finish(progress, delivered, detail)

    @abstractmethod
    async def _finish(self, progress: Progress, delivered: bool, detail: str) -> None: ...


@dataclass(slots=True, kw_only=True)
class PlanSettlement(Settlement):
    meter: Meter
    asked: Reserve
    reserved: Reserved

    async def _finish(self, progress: Progress, delivered: bool, detail: str) -> None:
        await self.meter.finish(
            Finish(
                asked=self.asked,
                reserved=self.reserved,
                delivered=delivered,
                outcome=self.outcome,
                awaits_tool=progress.finish == "tool",
                usage=progress.usage,
                upstream=self.upstream,
                upstream_model=self.upstream_model,
                first_content_at=self.first_content_at,
                detail=detail,
                course=self.watch.course(),
            )
        )


@dataclass(slots=True, kw_only=True)
class MoneySettlement(Settlement):
    """``call``: its row as it began."""

    purse: Purse
    held: CallHold
    call: CallRow

    async def _finish(self, progress: Progress, delivered: bool, detail: str) -> None:
        call = self.call
        call.state = "settled" if delivered else "released"
        call.outcome, call.detail, call.ended_at = self.outcome, detail, self.clock.now()
        call.upstream, call.upstream_model = self.upstream, self.upstream_model
        call.first_content_at = self.first_content_at
        call.usage, call.course = progress.usage or Usage(), self.watch.course()
        if delivered:
            await self.purse.settle(self.held, call.usage, call)
        else:
            await self.purse.release(self.held, detail or self.outcome, call)
