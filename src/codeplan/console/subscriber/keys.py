"""Keys: made and shown once, named, limited, put in another's place, revoked; and when each was
last used."""

from dataclasses import dataclass

from codeplan.accounts.client_keys import KeyUnknown, Wanted
from codeplan.accounts.devices import last_used
from codeplan.accounts.keys import KeyName
from codeplan.billing.overages import Overage, set_overage
from codeplan.billing.wallet import amount_in
from codeplan.console.forms import FormInvalid
from codeplan.console.page import Answer, Go, Page, Shown, post
from codeplan.console.visits import Visit
from codeplan.store.rows import ClientKey, KeyRules

_HERE = "/console/keys"


@dataclass(frozen=True, slots=True)
class KeyShown:
    """``overage``: the amount a day, in minor units, with which it may go on where the plan is used
    up; 0 for nothing. ``team``: the organisation that pays; "" for the person."""

    key: ClientKey
    named: KeyName
    used_at: int | None
    overage: int
    currency: str
    team: str


@dataclass(frozen=True, slots=True)
class KeysPage:
    """``overage``: whether the operator lets keys go on with the balance; ``currencies``: in
    which models are sold by the token. ``secret``: the key that was made just now, shown this
    once; ""."""

    keys: tuple[KeyShown, ...]
    models: tuple[str, ...]
    overage: bool
    currencies: tuple[str, ...]
    secret: str = ""
    secret_name: str = ""


def pages() -> list[Page]:
    return [
        Page("/keys", show),
        post("/keys", make, _HERE),
        post("/keys/{id}/change", change, _HERE),
        post("/keys/{id}/rotate", rotate, _HERE),
        post("/keys/{id}/overage", overage, _HERE),
        post("/keys/{id}/end", end, _HERE),
    ]


async def show(visit: Visit) -> Answer:
    return Shown("subscriber/keys.html", await _page(visit))


async def make(visit: Visit) -> Answer:
    wanted = _wanted(visit)
    _, secret = await visit.services.keys.make(visit.who.id, wanted)
    return Shown("subscriber/keys.html", await _page(visit, secret, wanted.name))


async def rotate(visit: Visit) -> Answer:
    _, secret = await visit.services.keys.rotate(visit.who.id, visit.part("id"))
    return Shown("subscriber/keys.html", await _page(visit, secret))


async def change(visit: Visit) -> Answer:
    await visit.services.keys.change(visit.who.id, visit.part("id"), _wanted(visit))
    return Go(_HERE, "saved")


async def overage(visit: Visit) -> Answer:
    """Let a key go on with the balance, at most so much a day; "" turns it off."""
    if not visit.services.settings.overage:
        raise FormInvalid("overage")
    key_id, currency = visit.part("id"), visit.text("currency", 3)
    own = [key for key in await visit.services.store.keys_of(visit.who.id) if key.id == key_id]
    if not own:
        raise KeyUnknown(key_id)
    payer = own[0].pays
    if payer != visit.who.id:
        await visit.services.teams.must_manage(payer, visit.who.id)
    minor = amount_in(visit.text("a_day"), currency) if visit.text("a_day") else 0
    await set_overage(visit.services.store, payer, key_id, minor, currency)
    return Go(_HERE, "saved")


async def end(visit: Visit) -> Answer:
    await visit.services.keys.end(visit.who.id, visit.part("id"))
    return Go(_HERE, "revoked")


def _wanted(visit: Visit) -> Wanted:
    known = {model.id for model in visit.services.subscriptions.catalogue.models}
    models = tuple(one for one in visit.texts("models") if one in known)
    cap = visit.number("prompts_a_month", default=0)
    return Wanted(visit.text("name"), KeyRules(models, visit.text("lane"), cap))


async def _page(visit: Visit, secret: str = "", name: str = "") -> KeysPage:
    services, account = visit.services, visit.who
    used = last_used(await services.devices.list_all(account.id))
    teams = {team.id: team.name for team, _ in await services.teams.teams_of(account.id)}
    keys = []
    for key, named in await services.keys.list_keys(account.id):
        switch = await services.store.document(Overage, key.id)
        on = switch if switch is not None and switch.state == "on" else None
        keys.append(
            KeyShown(
                key,
                named,
                used.get(key.id),
                on.minor_a_day if on else 0,
                on.currency if on else "",
                teams.get(key.payer_id, ""),
            )
        )
    catalogue = services.subscriptions.catalogue
    models = tuple(model.id for model in catalogue.models)
    sold = {price.currency for model in catalogue.models for price in model.prices}
    return KeysPage(
        tuple(keys), models, services.settings.overage, tuple(sorted(sold)), secret, name
    )
