"""MCP servers that come with a plan, with their set-up and quota. This service has none yet, and
the page says so."""

from dataclasses import dataclass

from codeplan.console.page import Answer, Page, Shown
from codeplan.console.visits import Visit


@dataclass(frozen=True, slots=True)
class McpPage:
    """``vision_url``: for the local vision server, which asks a model at that address."""

    vision_url: str


def pages() -> list[Page]:
    return [Page("/mcp", show)]


async def show(visit: Visit) -> Answer:
    return Shown("subscriber/mcp.html", McpPage(f"{visit.url}/api/paas/v4/"))
