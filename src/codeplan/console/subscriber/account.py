"""The account: language, colours, zone, letters; one's data, taken along or removed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import structs
from starlette.responses import Response

from codeplan.accounts.passkeys import Passkey
from codeplan.accounts.preferences import OPTIONAL_LETTERS, THEMES, Preferences, prefer
from codeplan.console.forms import FormInvalid
from codeplan.console.page import (
    LANGUAGE,
    YEAR_SECONDS,
    Answer,
    Go,
    Page,
    Shown,
    keep_cookie,
    post,
    response_of,
)
from codeplan.console.visits import Visit
from codeplan.console.words import LANGUAGES, N_
from codeplan.kit.zones import zone_exists, zone_names

HERE = "/console/account"
_LETTERS = {
    "purchase": N_("a plan was bought or renewed"),
    "renewal_ahead": N_("a plan will be renewed or end soon"),
    "case": N_("the account looks shared"),
}


@dataclass(frozen=True, slots=True)
class AccountPage:
    """``has_password``, ``second_factor``: whether there is one. ``letters``: by topic, in
    words."""

    likes: Preferences
    zones: Sequence[str]
    letters: dict[str, str]
    has_password: bool
    second_factor: bool
    passkeys: Sequence[Passkey]
    docs_url: str
    community_url: str


def pages() -> list[Page]:
    return [
        Page("/account", show, "person"),
        post("/account/preferences", choose, HERE, "person"),
        Page("/account/data.json", export, "person"),
    ]


async def show(visit: Visit) -> Answer:
    services, account, likes = visit.services, visit.who, visit.preferences
    assert likes is not None  # who is signed in has some
    page = AccountPage(
        likes=likes,
        zones=zone_names(),
        letters={topic: visit._(_LETTERS[topic]) for topic in OPTIONAL_LETTERS},
        has_password=bool(account.password_hash),
        second_factor=await services.second_factors.is_on(account.id),
        passkeys=await services.passkeys.list_on(account.id),
        docs_url=services.settings.docs_url,
        community_url=services.settings.community_url,
    )
    return Shown("subscriber/account.html", page)


async def choose(visit: Visit) -> Answer:
    language, theme, zone = visit.text("language"), visit.text("theme"), visit.text("zone")
    if language not in ("", *LANGUAGES) or theme not in THEMES or (zone and not zone_exists(zone)):
        raise FormInvalid("preferences")
    wanted = visit.texts("letters")
    muted = tuple(topic for topic in OPTIONAL_LETTERS if topic not in wanted)
    assert visit.preferences is not None  # who is signed in has some
    likes = structs.replace(visit.preferences, language=language, theme=theme, muted=muted)
    await prefer(visit.services.store, likes)
    if zone != visit.who.zone:
        await visit.services.store.set_zone(visit.who.id, zone)
    response = response_of(Go(HERE, "saved"), visit)
    # So that signing in is in that language too.
    keep_cookie(response, visit.request, LANGUAGE, language, YEAR_SECONDS)
    return response


async def export(visit: Visit) -> Answer:
    found = await visit.services.personal_data.export(visit.who)
    body = json.dumps(found, indent=1, ensure_ascii=False)
    headers = {"content-disposition": 'attachment; filename="codeplan-data.json"'}
    return Response(body, media_type="application/json", headers=headers)
