"""One call's settlement or release: exactly once, whatever happens on the way."""

from dataclasses import dataclass

from codeplan.kit.clock import Clock
from codeplan.metering.meter import Meter
from codeplan.protocol.inner import Progress
from codeplan.store.operations import Finish, Reserve, Reserved


@dataclass(slots=True)
class Settlement:
    """Made when the reservation is durable; ends with `settle` or `release`, whichever is first."""

    meter: Meter
    clock: Clock
    asked: Reserve
    reserved: Reserved
    upstream: str = ""
    upstream_model: str = ""
    first_content_at: int | None = None
    outcome: str = ""

    def content_came(self) -> None:
        """The first content is about to leave for the caller."""
        if self.first_content_at is None:
            self.first_content_at = self.clock.now()

    async def settle(self, progress: Progress, outcome: str) -> None:
        """Content was delivered: durable when this returns. Raises StoreFailed."""
        await self._finish(progress, outcome, delivered=True)

    async def release(self, outcome: str, progress: Progress | None = None, why: str = "") -> None:
        """Nothing that counts was delivered. Raises StoreFailed."""
        await self._finish(progress or Progress(), outcome, delivered=False, detail=why)

    async def _finish(
        self, progress: Progress, outcome: str, delivered: bool, detail: str = ""
    ) -> None:
        if self.outcome:
            return
        self.outcome = outcome
        await self.meter.finish(
            Finish(
                asked=self.asked,
                reserved=self.reserved,
                delivered=delivered,
                outcome=outcome,
                awaits_tool=progress.finish == "tool",
                usage=progress.usage,
                upstream=self.upstream,
                upstream_model=self.upstream_model,
                first_content_at=self.first_content_at,
                detail=detail,
            )
        )
