"""Signing in with a passkey: a question for the device, and its answer."""

from starlette.responses import Response

from codeplan.console.entrance.session_cookie import signed_in
from codeplan.console.page import SIGN_IN, Answer, Page, post
from codeplan.console.visits import Visit


def pages() -> list[Page]:
    return [
        post("/passkey/ask", ask, SIGN_IN, "anybody"),
        post("/passkey/sign-in", sign_in, SIGN_IN, "anybody"),
    ]


async def ask(visit: Visit) -> Answer:
    question = await visit.services.passkeys.ask_to_sign_in(visit.host)
    return Response(question, media_type="application/json")


async def sign_in(visit: Visit) -> Answer:
    answer = visit.text("answer", 20_000)
    account = await visit.services.passkeys.sign_in(answer, visit.host, visit.url)
    return await signed_in(visit, account, "passkey")
