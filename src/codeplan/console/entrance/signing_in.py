"""Signing in by e-mail and password, or by a client key; the second factor; signing out; the
password that replaces one that serves once."""

from dataclasses import dataclass

from codeplan.accounts.hashing import TooManyGuesses
from codeplan.accounts.passwords import Origin
from codeplan.accounts.second_factor import CodeWrong
from codeplan.console.entrance.session_cookie import signed_in, with_session, without_session
from codeplan.console.page import HOME, SIGN_IN, Answer, Go, Page, Shown, post
from codeplan.console.problems import name_of_problem, sentence
from codeplan.console.visits import Visit
from codeplan.console.words import N_


@dataclass(frozen=True, slots=True)
class SignInPage:
    """``outside``: the provider's name; "" without one. ``sign_up``: open, invitation, closed."""

    problem: str = ""
    email: str = ""
    outside: str = ""
    sign_up: str = "closed"
    mails: bool = False


@dataclass(frozen=True, slots=True)
class CodePage:
    problem: str = ""


_WRONG = N_("E-mail and password do not fit.")
_WRONG_KEY = N_("This key is not valid.")


def pages() -> list[Page]:
    return [
        Page("/sign-in", show, "anybody"),
        post("/sign-in", by_password, who="anybody"),
        post("/sign-in/key", by_key, who="anybody"),
        Page("/second-factor", show_code, "half"),
        post("/second-factor", give_code, who="half"),
        post("/sign-out", sign_out, who="anybody"),
        Page("/password", show_password, "person"),
        post("/password", choose_password, who="person"),
    ]


def _page(visit: Visit, problem: str = "", email: str = "") -> Shown:
    services = visit.services
    page = SignInPage(
        visit._(problem),
        email,
        services.outside.provider.settings.name if services.outside else "",
        services.sign_ups.settings.mode,
        services.settings.mails,
    )
    return Shown("entrance/sign_in.html", page, 403 if problem else 200)


async def show(visit: Visit) -> Answer:
    if visit.session is not None and visit.session.state == "open":
        return Go(HOME)
    return _page(visit)


async def by_password(visit: Visit) -> Answer:
    email = visit.text("email")
    password = str(visit.form.get("password", ""))
    try:
        origin = Origin(visit.network, visit.browser)
        account = await visit.services.passwords.account_with(email, password, origin)
    except TooManyGuesses as problem:
        return _page(visit, sentence(name_of_problem(problem)), email)
    if account is None:
        return _page(visit, _WRONG, email)
    await visit.services.passwords.know_browser(account.id, visit.browser)
    return await signed_in(visit, account, "password")


async def by_key(visit: Visit) -> Answer:
    """A key shows its account's plan; it cannot stand for an operator."""
    holder = await visit.services.accounts.holder_of(visit.text("key"))
    if holder is None:
        return _page(visit, _WRONG_KEY)
    return await signed_in(visit, holder.account, "key", holder.key.id)


async def show_code(_: Visit) -> Answer:
    return Shown("entrance/second_factor.html", CodePage())


async def give_code(visit: Visit) -> Answer:
    assert visit.session is not None  # only half a session is asked for a code
    try:
        await visit.services.second_factors.check(visit.who.id, visit.text("code"))
    except (CodeWrong, TooManyGuesses) as problem:
        text = visit._(sentence(name_of_problem(problem)))
        return Shown("entrance/second_factor.html", CodePage(text), 403)
    return with_session(visit, await visit.services.sessions.complete(visit.session))


async def sign_out(visit: Visit) -> Answer:
    if visit.session is not None:
        await visit.services.sessions.end(visit.session)
    return without_session(visit, Go(SIGN_IN))


async def show_password(_: Visit) -> Answer:
    return Shown("entrance/password.html", CodePage())


async def choose_password(visit: Visit) -> Answer:
    """Only for who has one that serves once; others change theirs on the account's page."""
    if not visit.who.password_once:
        return Go("/console/account")
    await visit.services.passwords.choose(visit.who.id, str(visit.form.get("password", "")))
    return Go(HOME, "saved")
