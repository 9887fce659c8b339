"""From knowing who somebody is to a session in the browser."""

from starlette.responses import Response

from codeplan.console.page import COOKIE, HOME, Go, keep_cookie, response_of
from codeplan.console.visits import Visit
from codeplan.store.rows import Account

SECOND_FACTOR = "/console/second-factor"


async def signed_in(visit: Visit, account: Account, how: str, key_id: str = "") -> Response:
    """A session; a half one where a second factor has to follow. A passkey is two in one."""
    asks = how in ("password", "oidc") and await visit.services.second_factors.is_on(account.id)
    token = await visit.services.sessions.open(
        account.id, how, visit.program, half=asks, key_id=key_id
    )
    return with_session(visit, token, SECOND_FACTOR if asks else HOME)


def with_session(visit: Visit, token: str, path: str = HOME) -> Response:
    response = response_of(Go(path), visit)
    keep_cookie(response, visit.request, COOKIE, token)
    return response


def without_session(visit: Visit, go: Go) -> Response:
    response = response_of(go, visit)
    response.delete_cookie(COOKIE, path="/console")
    return response
