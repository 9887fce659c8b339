"""What a client's own configuration must say so that it uses a plan, as values. Pure: who writes
it to a file is the command line's business."""

from typing import Any, Literal

import msgspec

Path = tuple[str, ...]


class Plan(msgspec.Struct, frozen=True):
    """What there is to set up: the service's address, the key, and the models for large and small
    work."""

    url: str
    key: str
    large: str
    small: str


class SetUp(msgspec.Struct, frozen=True):
    """One file of a client's. ``files``: below the home folder; the first that exists is used, else
    the first. ``values``: what is set at which path; ``removes``: what stands in its way;
    ``defaults``: what is set only where nothing is. ``then``: what the person does next."""

    files: tuple[str, ...]
    format: Literal["json", "toml", "yaml"]
    values: tuple[tuple[Path, Any], ...]
    then: str = ""
    removes: tuple[Path, ...] = ()
    defaults: tuple[tuple[Path, Any], ...] = ()


def opencode_provider(plan: Plan) -> dict[str, Any]:
    """A provider as OpenCode and its forks want it."""
    limit = {"context": 200_000, "output": 32_000}
    return {
        "npm": "@ai-sdk/openai-compatible",
        "name": "codeplan",
        "options": {"baseURL": f"{plan.url}/api/coding/paas/v4", "apiKey": plan.key},
        "models": {
            name: {"name": name, "tool_call": True, "limit": limit}
            for name in dict.fromkeys((plan.large, plan.small))
        },
    }
