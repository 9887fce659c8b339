"""Language and colours, chosen on any page: kept with the account, or in a cookie before there is
one."""

from msgspec import structs

from codeplan.accounts.preferences import prefer
from codeplan.console.forms import FormInvalid
from codeplan.console.page import (
    HOME,
    LANGUAGE,
    SIGN_IN,
    YEAR_SECONDS,
    Answer,
    Go,
    Page,
    keep_cookie,
    post,
    response_of,
)
from codeplan.console.visits import Visit
from codeplan.console.words import LANGUAGES


def pages() -> list[Page]:
    return [post("/language", choose, HOME, "anybody")]


async def choose(visit: Visit) -> Answer:
    language = visit.text("language")
    if language not in LANGUAGES:
        raise FormInvalid("language")
    if visit.preferences is not None:
        await prefer(visit.services.store, structs.replace(visit.preferences, language=language))
    response = response_of(Go(HOME if visit.account else SIGN_IN), visit)
    keep_cookie(response, visit.request, LANGUAGE, language, YEAR_SECONDS)
    return response
