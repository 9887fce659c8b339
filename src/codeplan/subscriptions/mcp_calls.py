"""Calls of a plan's MCP servers: each is one unit of the plan's month (and of whatever other
windows its catalogue gives them), held before the work is done and charged when it was; one that
fails is free. They touch no prompt, and no money."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from codeplan.kit.clock import Clock
from codeplan.kit.ids import new_id
from codeplan.kit.instants import with_zone
from codeplan.metering.meter import Meter
from codeplan.metering.slots import TooManyAtOnce
from codeplan.metering.usage import MCP
from codeplan.plan.turns import Claim, TurnClaim
from codeplan.plan.windows import WindowView
from codeplan.store.base import StoreFailed
from codeplan.store.operations import Finish, Refused, Reserve, Reserved
from codeplan.store.rows import KeyHolder
from codeplan.subscriptions.subscriptions import Held, Subscriptions

T = TypeVar("T")
_APART = TurnClaim(Claim.APART, "", "", 0, "")


class McpRefused(ValueError):
    """The plan does not serve the call; the text says why, and when it will."""


class McpFailed(Exception):
    """The work could not be done; the text says why. Nothing is charged."""


class McpCalls:
    """``zone``: in which reset times are told."""

    def __init__(self, subscriptions: Subscriptions, meter: Meter, clock: Clock, zone: str) -> None:
        self._subscriptions, self._meter, self._clock = subscriptions, meter, clock
        self._zone = zone

    async def call(
        self,
        holder: KeyHolder,
        server: str,
        tool: str,
        client: str,
        work: Callable[[], Awaitable[T]],
    ) -> T:
        """Do the work, and charge it once it is done. Raises McpRefused, and what the work
        raises."""
        asked = await self._asked(holder, server, tool, client)
        try:
            reserved = await self._meter.reserve(asked)
        except TooManyAtOnce as many:
            raise McpRefused(f"Your plan runs {many.limit} calls at once.") from None
        except StoreFailed:
            raise McpRefused("The service cannot keep its books just now.") from None
        if isinstance(reserved, Refused):
            when = with_zone(reserved.exhausted.resets_at, self._zone)
            words = reserved.exhausted.rule.words
            raise McpRefused(
                f"MCP usage limit reached for {words}. Your limit will reset at {when}"
            )
        if not isinstance(reserved, Reserved):
            raise McpRefused("The plan does not serve this call.")
        delivered, detail = False, "the server's work was broken off"
        try:
            done = await work()
            delivered, detail = True, ""
            return done
        except McpFailed as failed:
            detail = str(failed)
            raise
        finally:
            await self._meter.finish(
                Finish(
                    asked=asked,
                    reserved=reserved,
                    delivered=delivered,
                    outcome="whole" if delivered else "failed",
                    upstream=asked.model,
                    first_content_at=self._clock.now() if delivered else None,
                    detail=detail,
                )
            )

    async def windows(self, holder: KeyHolder) -> tuple[WindowView, ...]:
        """What is left of them."""
        held = await self._subscriptions.held_by(holder)
        if held is None or not held.plan.mcp:
            return ()
        payer = held.payer(holder.account.id, holder.key.id)
        return await self._meter.windows(payer, held.plan.for_mcp)

    async def _asked(self, holder: KeyHolder, server: str, tool: str, client: str) -> Reserve:
        held = await self._held(holder)
        subscription = held.subscription
        return Reserve(
            call_id=new_id("req", self._clock.now()),
            account_id=holder.account.id,
            key_id=holder.key.id,
            subscription_id=subscription.id,
            plan=held.plan.for_mcp,
            claim=_APART,
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
        if held is None or not held.is_active(now):
            raise McpRefused("This account has no coding plan that runs.")
        if held.subscription.restricted:
            raise McpRefused(
                f"Your plan was restricted by the operator: {held.subscription.restricted}"
            )
        if not held.plan.mcp or holder.rules.lane == "paid":
            raise McpRefused(f"Your plan {held.plan.name} has no calls of MCP servers.")
        return held
