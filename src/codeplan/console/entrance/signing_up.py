"""Signing up, and following the link in the letter."""

from dataclasses import dataclass

from codeplan.accounts.addresses import EmailInvalid
from codeplan.accounts.hashing import PasswordTooShort, TooManyGuesses
from codeplan.accounts.sign_up import SignUpClosed
from codeplan.console.entrance.session_cookie import signed_in
from codeplan.console.page import SIGN_IN, Answer, Go, Page, Shown, post
from codeplan.console.problems import name_of_problem, sentence
from codeplan.console.visits import Visit
from codeplan.kit.zones import zone_or
from codeplan.store.base import AlreadyThere

_MOST_OF_A_NETWORK = 50


@dataclass(frozen=True, slots=True)
class SignUpPage:
    mode: str
    invitation: str
    email: str = ""
    problem: str = ""


def pages() -> list[Page]:
    return [
        Page("/sign-up", show, "anybody"),
        post("/sign-up", sign_up, who="anybody"),
        Page("/confirm", show_confirm, "anybody"),
        post("/confirm", confirm, SIGN_IN, "anybody"),
    ]


async def show(visit: Visit) -> Answer:
    mode = visit.services.sign_ups.settings.mode
    return Shown("entrance/sign_up.html", SignUpPage(mode, visit.query("invitation")))


async def sign_up(visit: Visit) -> Answer:
    sign_ups, email, invitation = (
        visit.services.sign_ups,
        visit.text("email"),
        visit.text("invitation"),
    )
    password = str(visit.form.get("password", ""))
    zone = zone_or(visit.text("zone"), "")
    try:
        _must_be_few(visit)
        account = await sign_ups.begin(email, password, zone, invitation)
    except (SignUpClosed, PasswordTooShort, EmailInvalid, AlreadyThere, TooManyGuesses) as problem:
        text = visit._(sentence(name_of_problem(problem)))
        page = SignUpPage(sign_ups.settings.mode, invitation, email, text)
        return Shown("entrance/sign_up.html", page, 400)
    if account is None:
        return Go(SIGN_IN, "sent")
    return await signed_in(visit, account, "password")


def _must_be_few(visit: Visit) -> None:
    """So many from one network in a quarter of an hour. Raises TooManyGuesses."""
    name = f"sign-up/{visit.network}"
    visit.services.passwords.guesses.must_be_few(name, _MOST_OF_A_NETWORK)
    visit.services.passwords.guesses.wrong(name)


async def show_confirm(visit: Visit) -> Answer:
    """A button, since programs follow the links in letters too."""
    page = SignUpPage("", visit.query("token"))
    return Shown("entrance/confirm.html", page)


async def confirm(visit: Visit) -> Answer:
    account = await visit.services.sign_ups.confirm(visit.text("token"))
    return await signed_in(visit, account, "password")
