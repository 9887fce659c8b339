"""The account's own addresses: what a key's plan has left."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from codeplan.api.answers import answer, error, key_of
from codeplan.api.shown import Services, show_window, standing_of
from codeplan.kit.instants import iso_utc


def routes(services: Services) -> list[Route]:
    async def plan(request: Request) -> Response:
        """The plan, and each window: limit, used, left, resets_at (UTC)."""
        standing = await standing_of(services, key_of(request))
        if standing is None:
            return error(
                401, "1000", "This API key is not valid: it is missing, unknown or revoked."
            )
        shown: dict[str, Any] = {
            "account_id": standing.holder.account.id,
            "email": standing.holder.account.email,
            "plan": None,
            "windows": [show_window(view, services.clock.now()) for view in standing.windows],
        }
        if standing.held is not None:
            subscription = standing.held.subscription
            shown["plan"] = {
                "id": standing.held.plan.id,
                "name": standing.held.plan.name,
                "models": standing.held.plan.models,
                "period": subscription.period,
                "ends_at": iso_utc(subscription.ends_at),
            }
        return answer(shown)

    return [Route("/api/account/plan", plan)]
