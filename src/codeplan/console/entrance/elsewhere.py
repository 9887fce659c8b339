"""Signing in by an OpenID Connect provider: there, and back."""

from starlette.responses import RedirectResponse

from codeplan.accounts.outside_sign_in import OutsideSignIn
from codeplan.console.entrance.session_cookie import signed_in
from codeplan.console.page import SIGN_IN, Answer, Page
from codeplan.console.visits import Visit
from codeplan.identity import IdentityFailed

_RETURN = "/console/elsewhere/return"


def pages() -> list[Page]:
    return [
        # No form: the policy of our pages lets forms go nowhere else.
        Page("/elsewhere", begin, "anybody", back=SIGN_IN),
        Page("/elsewhere/return", finish, "anybody", back=SIGN_IN),
    ]


def _outside(visit: Visit) -> OutsideSignIn:
    """Raises IdentityFailed."""
    if visit.services.outside is None:
        raise IdentityFailed("no provider is set up")
    return visit.services.outside


async def begin(visit: Visit) -> Answer:
    address = await _outside(visit).begin(visit.browser, f"{visit.url}{_RETURN}")
    return RedirectResponse(address, 303)


async def finish(visit: Visit) -> Answer:
    state, code = visit.query("state"), visit.query("code")
    account = await _outside(visit).finish(visit.browser, state, code, f"{visit.url}{_RETURN}")
    return await signed_in(visit, account, "oidc")
