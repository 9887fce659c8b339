"""MCP servers that come with a plan: their addresses with how to set them up, and what is left
of their calls."""

from dataclasses import dataclass

from codeplan.console.page import Answer, Page, Shown
from codeplan.console.subscriber.standing import WindowShown, running, window
from codeplan.console.visits import Visit
from codeplan.console.words import N_
from codeplan.vision.jobs import FILES, SERVER

_PLACE = "YOUR-KEY"
_SERVERS = (
    ("web-search-prime", "web_search_prime", N_("Web search")),
    ("web-reader", "web_reader", N_("Web reader")),
    ("vision", SERVER, N_("Vision")),
)


@dataclass(frozen=True, slots=True)
class ServerShown:
    """``line``: for Claude Code's command line."""

    title: str
    url: str
    line: str


@dataclass(frozen=True, slots=True)
class McpPage:
    """``windows``: none where the plan has no such calls. ``vision_url``: for the local vision
    server, which asks at that address. ``sees``: whether a vision model is set up; without one
    only text is read, where ``reads``."""

    servers: tuple[ServerShown, ...]
    windows: tuple[WindowShown, ...]
    vision_url: str
    files_line: str
    sees: bool
    reads: bool


def pages() -> list[Page]:
    return [Page("/mcp", show)]


async def show(visit: Visit) -> Answer:
    held = await running(visit, visit.who.id)
    windows: tuple[WindowShown, ...] = ()
    if held is not None and held.plan.mcp:
        payer = held.payer(visit.who.id)
        views = await visit.services.meter.windows(payer, held.plan.for_mcp)
        windows = tuple(window(visit, view) for view in views)
    servers = tuple(_server(visit, *names) for names in _SERVERS)
    vision = visit.services.vision
    page = McpPage(
        servers,
        windows,
        f"{visit.url}/api/paas/v4/",
        f'curl -F file=@shot.png -H "Authorization: Bearer {_PLACE}" {visit.url}{FILES}',
        bool(vision.settings.model),
        vision.reads_text,
    )
    return Shown("subscriber/mcp.html", page)


def _server(visit: Visit, known_as: str, name: str, title: str) -> ServerShown:
    url = f"{visit.url}/api/mcp/{name}/mcp"
    line = (
        f'claude mcp add -s user -t http {known_as} {url} --header "Authorization: Bearer {_PLACE}"'
    )
    return ServerShown(visit._(title), url, line)
