"""Setting up a tool: what to write or paste where, with a key filled in; what it does when quota is
used up; and the first call, shown as it arrives."""

from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote

from starlette.exceptions import HTTPException

from codeplan.accounts.client_keys import Wanted
from codeplan.clients.base import Client
from codeplan.clients.registry import AGENT
from codeplan.clients.set_up import ModelLimits, Paste, SetUp
from codeplan.clients.set_up import Plan as Filled
from codeplan.clients.written import written
from codeplan.console.page import Answer, Page, Shown, post
from codeplan.console.subscriber.standing import plans_of
from codeplan.console.subscriber.tool_words import at_limit, counted
from codeplan.console.visits import Visit
from codeplan.console.words import N_, tool_name
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
    """``takes``: what there is to do, in words."""

    id: str
    name: str
    takes: str


@dataclass(frozen=True, slots=True)
class LimitShown:
    """Tokens that a model reads and writes at most; None where the catalogue does not say."""

    model: str
    context: int | None
    output: int | None


@dataclass(frozen=True, slots=True)
class ToolsPage:
    """``serves_others``: whether the plan serves agents of no known name."""

    tools: tuple[ToolShown, ...]
    anthropic_url: str
    openai_url: str
    responses_url: str
    gemini_url: str
    general_url: str
    serves_others: bool


@dataclass(frozen=True, slots=True)
class ToolPage:
    """``key``: made just now; "" before. ``quick``: the command that writes its files; "" where it
    has none. ``lines``: to paste into a shell; ``pastes``: elsewhere. ``fields``: address, key and
    models, for a tool of which nothing else is known. ``limits``: of the models, where they are
    known. ``from_servers``: its maker's servers call; ``sees``: it is a vision server. ``since``:
    from when a first call is waited for; ``key_id``: by which key."""

    tool: ToolShown
    quick: str
    files: tuple[FileShown, ...]
    lines: str
    pastes: tuple[Paste, ...]
    fields: dict[str, str]
    limits: tuple[LimitShown, ...]
    at_limit: str
    counted: tuple[str, ...]
    from_servers: bool
    sees: bool
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
        f"{url}/api/gemini",
        f"{url}/api/paas/v4",
        await _serves_others(visit),
    )
    return Shown("subscriber/set_up.html", page)


async def _serves_others(visit: Visit) -> bool:
    plans = await plans_of(visit)
    return bool(plans) and plans[0].plan.admission.admits(AGENT.id, known=False, shaped=True)


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
    filled = _filled(visit, (), "")
    if client.set_up(filled):
        takes = N_("a file to copy")
    elif client.environment(filled):
        takes = N_("lines for a shell")
    else:
        takes = N_("a few fields to fill in")
    return ToolShown(client.id, tool_name(client.name, visit._), visit._(takes))


def _filled(visit: Visit, models: tuple[str, ...], key: str) -> Filled:
    catalogue = visit.services.subscriptions.catalogue
    names = models or tuple(one.id for one in catalogue.models)
    limits = {one.id: ModelLimits(one.context, one.output) for one in catalogue.models}
    return Filled(visit.url, key or _PLACE, names[0], names[-1], limits)


async def _page(visit: Visit, client: Client, key: str = "", key_id: str = "") -> ToolPage:
    plans = await plans_of(visit)
    plan = plans[0].plan if plans else None
    filled = _filled(visit, plan.models if plan else (), key)
    set_ups, pastes = client.set_up(filled), client.paste(filled)
    lines = _lines(client, filled)
    return ToolPage(
        tool=_tool(visit, client),
        quick=f"codeplan connect {client.id} --url {filled.url}" if set_ups else "",
        files=tuple(FileShown(f"~/{set_up.files[0]}", written(set_up)) for set_up in set_ups),
        lines=lines,
        pastes=pastes,
        fields={} if set_ups or pastes or lines else _fields(visit, filled),
        limits=() if client.sees else _limits(filled),
        at_limit=at_limit(visit, client),
        counted=counted(visit, client, plan),
        from_servers=client.called_from == "servers",
        sees=client.sees,
        then=_then(set_ups),
        key=key,
        key_id=key_id,
        since=visit.services.clock.now(),
    )


def _then(set_ups: Sequence[SetUp]) -> str:
    """The command behind what `connect` tells its person."""
    return set_ups[0].then.partition(": ")[2] if set_ups else ""


def _lines(client: Client, filled: Filled) -> str:
    """What a shell needs to know, for tools that look there, and the tool itself."""
    environment = client.environment(filled)
    exports = [f"export {name}={quote(value)}" for name, value in environment.items()]
    start = client.start or next(iter(client.programs), "")
    return "\n".join([*exports, start]).rstrip() if exports else ""


def _limits(filled: Filled) -> tuple[LimitShown, ...]:
    """Of the models for large and small work, as far as the catalogue says."""
    shown = []
    for model in dict.fromkeys((filled.large, filled.small)):
        limits = filled.limits_of(model)
        if limits.context or limits.output:
            shown.append(LimitShown(model, limits.context, limits.output))
    return tuple(shown)


def _fields(visit: Visit, filled: Filled) -> dict[str, str]:
    return {
        visit._("Provider"): visit._("OpenAI compatible"),
        visit._("Address (base URL)"): f"{filled.url}/api/coding/paas/v4",
        visit._("Key"): filled.key,
        visit._("Model"): filled.large,
        visit._("Model for small work"): filled.small,
    }
