"""Calls of a plan's MCP servers: each is one unit of the plan's month (and of whatever other
windows its catalogue gives them). They touch no prompt, and no money."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from codeplan.kit.clock import Clock
from codeplan.kit.ids import new_id
from codeplan.kit.instants import with_zone
from codeplan.metering.meter import Meter
from codeplan.metering.usage import MCP
from codeplan.plan.windows import WindowView
from codeplan.store.operations import Reserve
from codeplan.store.rows import KeyHolder
from codeplan.subscriptions.apart import APART, Apart, CallRefused, Spent
from codeplan.subscriptions.subscriptions import Held, Subscriptions

T = TypeVar("T")


class McpCalls:
    """``zone``: in which reset times are told."""

    def __init__(
        self, subscriptions: Subscriptions, meter: Meter, apart: Apart, clock: Clock, zone: str
    ) -> None:
        self._subscriptions, self._meter, self._apart = subscriptions, meter, apart
        self._clock, self._zone = clock, zone

    async def call(
        self,
        holder: KeyHolder,
        server: str,
        tool: str,
        client: str,
        work: Callable[[Spent], Awaitable[T]],
        call_id: str = "",
    ) -> T:
        """Do the work, and charge it once it is done. ``call_id``: where one was given out already.
        Raises CallRefused, and what the work raises."""
        asked = await self._asked(holder, server, tool, client, call_id)
        return await self._apart.charged(asked, "MCP", work)

    async def windows(self, holder: KeyHolder) -> tuple[WindowView, ...]:
        """What is left of them."""
        held = await self._subscriptions.held_by(holder)
        if held is None or not held.plan.mcp:
            return ()
        payer = held.payer(holder.account.id, holder.key.id)
        return await self._meter.windows(payer, held.plan.for_mcp)

    async def _asked(
        self, holder: KeyHolder, server: str, tool: str, client: str, call_id: str
    ) -> Reserve:
        held = await self._held(holder)
        subscription = held.subscription
        return Reserve(
            call_id=call_id or new_id("req", self._clock.now()),
            account_id=holder.account.id,
            key_id=holder.key.id,
            subscription_id=subscription.id,
            plan=held.plan.for_mcp,
            claim=APART,
            client=client,
            protocol="mcp",
            model_asked=tool,
            model=f"{MCP}{server}",
            streamed=False,
            catalogue_version=subscription.catalogue_version,
            started_at=subscription.started_at,
        )

    async def _held(self, holder: KeyHolder) -> Held:
        held = await self._subscriptions.held_by(holder)
        now = self._clock.now() + holder.account.clock_ahead
        if held is None:
            raise CallRefused("This account has no coding plan that runs.", "1113", 429)
        if not held.is_active(now):
            when = with_zone(held.subscription.ends_at, self._zone)
            raise CallRefused(
                f"Your coding plan {held.plan.name} ended at {when}. Renew it to go on.",
                "1309",
                429,
            )
        if held.subscription.restricted:
            raise CallRefused(
                f"Your plan was restricted by the operator: {held.subscription.restricted}",
                "1313",
                429,
            )
        if not held.plan.mcp or holder.rules.lane == "paid":
            raise CallRefused(f"Your plan {held.plan.name} has no calls of MCP servers.")
        return held
