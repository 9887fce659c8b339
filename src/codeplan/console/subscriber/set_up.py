"""Setting up a tool: its file, or its fields, with a key filled in; and the first call, shown as it
arrives."""

from dataclasses import dataclass
from shlex import quote

from starlette.exceptions import HTTPException

from codeplan.accounts.client_keys import Wanted
from codeplan.clients.base import Client
from codeplan.clients.set_up import ModelLimits
from codeplan.clients.set_up import Plan as Filled
from codeplan.clients.written import written
from codeplan.console.page import Answer, Page, Shown, post
from codeplan.console.subscriber.standing import plans_of
from codeplan.console.visits import Visit
from codeplan.kit.ids import first_id

# Until a key is made, its place is shown.
_PLACE = "YOUR-KEY"
_HERE = "/console/set-up"


@dataclass(frozen=True, slots=True)
class FileShown:
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class ToolShown:
    id: str
    name: str
    has_file: bool


@dataclass(frozen=True, slots=True)
class ToolsPage:
    tools: tuple[ToolShown, ...]
    anthropic_url: str
    openai_url: str
    responses_url: str
    general_url: str


@dataclass(frozen=True, slots=True)
class ToolPage:
    """``key``: made just now; "" before. ``lines``: to paste into a shell. ``fields``: for a
    tool that is set up in its own window: address, key, models. ``since``: from when a first call
    is waited for; ``key_id``: by which key."""

    tool: ToolShown
    files: tuple[FileShown, ...]
    lines: str
    fields: dict[str, str]
    then: str
    key: str
    key_id: str
    since: int


@dataclass(frozen=True, slots=True)
class ArrivalPage:
    """Whether a call came. ``client``: from which tool."""

    tool: str
    key_id: str
    since: int
    client: str
    at: int | None
    prompt_id: str


def pages() -> list[Page]:
    return [
        Page("/set-up", tools),
        Page("/set-up/{tool}", one),
        post("/set-up/{tool}", with_key, _HERE),
        Page("/set-up/{tool}/arrival", arrival),
    ]


async def tools(visit: Visit) -> Answer:
    known = visit.services.clients.known
    shown = tuple(_tool(visit, client) for client in known if not client.sees)
    url = visit.url
    page = ToolsPage(
        shown,
        f"{url}/api/anthropic",
        f"{url}/api/coding/paas/v4",
        f"{url}/api/v1",
        f"{url}/api/paas/v4",
    )
    return Shown("subscriber/set_up.html", page)


async def one(visit: Visit) -> Answer:
    return Shown("subscriber/set_up_tool.html", await _page(visit, _client(visit)))


async def with_key(visit: Visit) -> Answer:
    """A key of its own for the tool, so that it can be limited and revoked alone."""
    client = _client(visit)
    key, secret = await visit.services.keys.make(visit.who.id, Wanted(client.name))
    page = await _page(visit, client, secret, key.id)
    return Shown("subscriber/set_up_tool.html", page)


async def arrival(visit: Visit) -> Answer:
    """Asked again and again by the page, until a call has come."""
    since = int(visit.query("since")) if visit.query("since").isdecimal() else 0
    key_id, store = visit.query("key"), visit.services.store
    after = first_id("req", since)
    calls = await store.calls_since(visit.who.id, after, 20)
    came = next((call for call in calls if not key_id or call.key_id == key_id), None)
    page = ArrivalPage(
        visit.part("tool"),
        key_id,
        since,
        came.client if came else "",
        came.started_at if came else None,
        (came.prompt_id or "") if came else "",
    )
    return Shown("subscriber/arrival.html", page)


def _client(visit: Visit) -> Client:
    client = visit.services.clients.named(visit.part("tool"))
    if client is None or client.id not in visit.services.clients.ids:
        raise HTTPException(404, visit._("There is no such tool."))
    return client


def _tool(visit: Visit, client: Client) -> ToolShown:
    return ToolShown(client.id, client.name, bool(client.set_up(_filled(visit, (), ""))))


def _filled(visit: Visit, models: tuple[str, ...], key: str) -> Filled:
    catalogue = visit.services.subscriptions.catalogue
    names = models or tuple(one.id for one in catalogue.models)
    limits = {one.id: ModelLimits(one.context, one.output) for one in catalogue.models}
    return Filled(visit.url, key or _PLACE, names[0], names[-1], limits)


async def _page(visit: Visit, client: Client, key: str = "", key_id: str = "") -> ToolPage:
    plans = await plans_of(visit)
    filled = _filled(visit, plans[0].plan.models if plans else (), key)
    set_ups = client.set_up(filled)
    return ToolPage(
        tool=_tool(visit, client),
        files=tuple(FileShown(f"~/{set_up.files[0]}", written(set_up)) for set_up in set_ups),
        lines=_lines(client, filled),
        fields=_fields(visit, filled),
        then=set_ups[0].then.partition(": ")[2] if set_ups else "",
        key=key,
        key_id=key_id,
        since=visit.services.clock.now(),
    )


def _lines(client: Client, filled: Filled) -> str:
    """What a shell needs to know, for tools that look there."""
    environment = client.environment(filled)
    exports = [f"export {name}={quote(value)}" for name, value in environment.items()]
    return "\n".join([*exports, *client.programs[:1]]) if exports else ""


def _fields(visit: Visit, filled: Filled) -> dict[str, str]:
    return {
        visit._("Provider"): visit._("OpenAI compatible"),
        visit._("Address (base URL)"): f"{filled.url}/api/coding/paas/v4",
        visit._("Key"): filled.key,
        visit._("Model"): filled.large,
        visit._("Model for small work"): filled.small,
    }
