"""Catalogues whose models have several routes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class At:
    """Where an upstream is, and further lines of its table."""

    url: str
    more: str = ""
    protocol: str = "openai"


def with_routes(
    upstreams: Mapping[str, At], models: Mapping[str, Sequence[str]], service: str = ""
) -> str:
    """``models``: each model's upstreams, in order; its name there is its own and theirs.
    ``service``: lines of ``[service]``. Two plans: lite, and narrow for one call at once."""
    lines = ["[service]", service]
    for name, at in upstreams.items():
        lines += ["[[upstreams]]", f'name = "{name}"', f'protocol = "{at.protocol}"']
        lines += [f'base_url = "{at.url}"', at.more]
    for model, names in models.items():
        routes = ", ".join(f'{{ upstream = "{one}", model = "{model}-{one}" }}' for one in names)
        lines += ["[[models]]", f'id = "{model}"', f"routes = [{routes}]"]
    for plan, at_once in (("lite", 50), ("narrow", 1)):
        lines += ["[[plans]]", f'id = "{plan}"', f'name = "{plan}"', f"concurrency = {at_once}"]
        lines += ['windows = [{ unit = "prompt", per = "5h", limit = 100000 }]']
        lines += [f"models = {list(models)}".replace("'", '"')]
    return "\n".join(lines)
