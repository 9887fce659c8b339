"""Opening the upstreams of a configuration."""

import os
from collections.abc import Callable, Iterable

from codeplan.upstream.base import Upstream, UpstreamSettings
from codeplan.upstream.embedded import load_embedded
from codeplan.upstream.http import HttpUpstream


async def open_upstreams(
    settings: Iterable[UpstreamSettings], told: Callable[[str], None]
) -> dict[str, Upstream]:
    """Each upstream by its name. ``told`` hears of long steps. Raises EmbeddedMissing."""
    opened: dict[str, Upstream] = {}
    for item in settings:
        if item.protocol == "embedded":
            opened[item.name] = await load_embedded(item, told, threads=os.cpu_count() or 1)
        else:
            opened[item.name] = HttpUpstream(item)
    return opened
