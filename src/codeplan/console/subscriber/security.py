"""What keeps an account one's own: password, second factor, passkeys; and its removal."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from starlette.responses import Response

from codeplan.accounts.addresses import same_address
from codeplan.console.entrance.session_cookie import without_session
from codeplan.console.forms import FormInvalid, SignInWanted
from codeplan.console.page import SIGN_IN, Answer, Go, Page, Shown, post
from codeplan.console.subscriber.account import HERE
from codeplan.console.subscriber.buying import qr
from codeplan.console.visits import Visit

_ISSUER = "codeplan"


@dataclass(frozen=True, slots=True)
class SecondFactorPage:
    """``codes``: recovery codes, shown this once; none before it is on."""

    secret: str
    picture: Markup
    codes: Sequence[str]


def pages() -> list[Page]:
    return [
        post("/account/password", set_password, HERE, "person"),
        Page("/account/second-factor", begin, "person", back=HERE),
        post("/account/second-factor", confirm, "/console/account/second-factor", "person"),
        post("/account/second-factor/off", turn_off, HERE, "person"),
        post("/account/passkeys/ask", ask_passkey, HERE, "person"),
        post("/account/passkeys", add_passkey, HERE, "person"),
        post("/account/passkeys/{id}/remove", remove_passkey, HERE, "person"),
        post("/account/remove", remove, HERE),
    ]


async def must_be_own(visit: Visit) -> None:
    """Who came by a key may make an account his own, once; what is somebody's own already, the
    key does not open. Raises SignInWanted."""
    own = visit.who.password_hash or await visit.services.passkeys.list_on(visit.who.id)
    if visit.session is not None and visit.session.how == "key" and own:
        raise SignInWanted("a key does not suffice")


async def set_password(visit: Visit) -> Answer:
    """The old one is asked for where there is one. All other sessions end."""
    await must_be_own(visit)
    services, account = visit.services, visit.who
    session_id = visit.session.id if visit.session else ""
    if account.password_hash:
        old = str(visit.form.get("old", ""))
        if not await services.passwords.is_of(account, old, session_id):
            raise FormInvalid("old")
    await services.passwords.choose(account.id, str(visit.form.get("password", "")))
    await services.sessions.end_others(account.id, session_id)
    return Go(HERE, "saved")


async def begin(visit: Visit) -> Answer:
    await must_be_own(visit)
    secret, address = await visit.services.second_factors.begin(
        visit.who.id, visit.who.email, _ISSUER
    )
    return Shown("subscriber/second_factor.html", SecondFactorPage(secret, qr(address), ()))


async def confirm(visit: Visit) -> Answer:
    await must_be_own(visit)
    codes = await visit.services.second_factors.confirm(visit.who.id, visit.text("code"))
    return Shown("subscriber/second_factor.html", SecondFactorPage("", Markup(""), codes))


async def turn_off(visit: Visit) -> Answer:
    await visit.services.second_factors.turn_off(visit.who.id, visit.text("code"))
    return Go(HERE, "off")


async def ask_passkey(visit: Visit) -> Answer:
    await must_be_own(visit)
    question = await visit.services.passkeys.ask_to_add(visit.who, visit.host)
    return Response(question, media_type="application/json")


async def add_passkey(visit: Visit) -> Answer:
    await must_be_own(visit)
    answer, name = visit.text("answer", 20_000), visit.text("name", 100)
    await visit.services.passkeys.add(visit.who, answer, visit.host, visit.url, name)
    return Go(HERE, "saved")


async def remove_passkey(visit: Visit) -> Answer:
    await must_be_own(visit)
    await visit.services.passkeys.remove(visit.who.id, visit.part("id"))
    return Go(HERE, "removed")


async def remove(visit: Visit) -> Answer:
    """Asked for by typing one's address."""
    await must_be_own(visit)
    if not same_address(visit.text("email"), visit.who.email):
        raise FormInvalid("email")
    await visit.services.personal_data.forget(visit.who, visit.now)
    return without_session(visit, Go(SIGN_IN, "removed"))
