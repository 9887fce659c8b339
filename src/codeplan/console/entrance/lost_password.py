"""A lost password: a letter is asked for, and its link lets choose a new one."""

from dataclasses import dataclass

from codeplan.console.page import SIGN_IN, Answer, Go, Page, Shown, post
from codeplan.console.visits import Visit


@dataclass(frozen=True, slots=True)
class ForgottenPage:
    mails: bool


@dataclass(frozen=True, slots=True)
class NewPasswordPage:
    token: str


def pages() -> list[Page]:
    return [
        Page("/forgotten", show, "anybody"),
        post("/forgotten", ask, who="anybody"),
        Page("/new-password", show_new, "anybody"),
        post("/new-password", choose, "/console/forgotten", "anybody"),
    ]


async def show(visit: Visit) -> Answer:
    return Shown("entrance/forgotten.html", ForgottenPage(visit.services.settings.mails))


async def ask(visit: Visit) -> Answer:
    await visit.services.resets.ask(visit.text("email"))
    return Go(SIGN_IN, "sent")


async def show_new(visit: Visit) -> Answer:
    return Shown("entrance/new_password.html", NewPasswordPage(visit.query("token")))


async def choose(visit: Visit) -> Answer:
    await visit.services.resets.use(visit.text("token"), str(visit.form.get("password", "")))
    return Go(SIGN_IN, "reset")
