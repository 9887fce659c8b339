"""An entry for a program that is not known, made of what was kept of one of its calls. Pure; a
person reads it before it goes into codeplan.toml."""

import re
from collections.abc import Collection, Sequence

import tomlkit

from codeplan.clients.shape import is_agent

# Names of libraries, which say nothing of the program that uses them.
_LIBRARIES = re.compile(
    r"^(openai|asyncopenai|anthropic|asyncanthropic|ai-sdk|python|python-httpx|python-requests|"
    r"httpx|aiohttp|axios|node|node-fetch|undici|go-http-client|okhttp|java|curl|wget|bun|deno|"
    r"litellm|langchain|ls|reqwest|mozilla)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(r"\b(?i:you are) (?:an? |the )?([A-Z][\w+-]*(?: [A-Z][\w+-]*){0,3})")
_GLOB = re.compile(r"[][*?]")
# A shorter name without its version, or a shorter start, is a part of many others'.
_SHORTEST_NAME, _SHORTEST_START = 3, 8
# Starts that many programs share.
_GENERAL = re.compile(r"you are (?:an? )?(?:helpful|useful|friendly|expert|ai)\b", re.IGNORECASE)
_SYSTEM_CHARACTERS = 60


def entry_text(
    user_agent: str, system: str, tools: Sequence[str], taken: Collection[str] = ()
) -> str:
    """A ``[[clients]]`` table with the marks that tell this program, and what to look at before it
    is used. ``taken``: ids that are there already."""
    product = user_agent.partition("/")[0].partition(" ")[0].strip()
    versioned = user_agent.startswith(f"{product}/")
    has_name = (
        len(product) >= (1 if versioned else _SHORTEST_NAME)
        and not _GLOB.search(product)
        and not _LIBRARIES.match(product)
    )
    introduction = _NAMED.search(system)
    name = product if has_name else introduction[1].strip(" .,") if introduction else ""
    table = tomlkit.table()
    table.add("id", _free_id(name, taken))
    table.add("name", name or "name it")
    if has_name:
        table.add("user_agent", f"{product}/*" if versioned else f"{product}*")
    # A first line that is cut is a start all the same; what stands behind it changes more often.
    start = system.strip().split("\n")[0][:_SYSTEM_CHARACTERS].rstrip()
    if len(start) < _SHORTEST_START or start.startswith("*"):
        start = ""
    if start:
        table.add("system", start)
    if not has_name and not start and tools:
        table.add("tools_any", list(tools[:3]))
    text = tomlkit.dumps({"clients": [table]})
    return _remarks(has_name, start, tools) + text


def _free_id(name: str, taken: Collection[str]) -> str:
    words = re.findall(r"[a-z0-9]+", name.lower())
    plain = "-".join(words)[:38].strip("-") or "new-tool"
    number, free = 2, plain
    while free in taken:
        free, number = f"{plain}-{number}", number + 1
    return free


def _remarks(has_name: bool, start: str, tools: Sequence[str]) -> str:
    lines = [
        "# Into codeplan.toml; look at it first. A script can send the same marks: what bounds"
    ]
    lines.append("# it are the plan's windows.")
    lines.append("# A plan whose admit is a list serves it only with its id in that list.")
    if not has_name and (not start or _GENERAL.match(start)):
        lines.append("# This call says little of its program: its marks may be anybody's.")
    if not is_agent(tools):
        lines.append("# What it offers a model does not have a coding agent's shape.")
    return "\n".join(lines) + "\n"
