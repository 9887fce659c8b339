"""Opening the upstreams of a configuration."""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace

from codeplan.upstream.base import Servers, UpstreamSettings
from codeplan.upstream.embedded import load_embedded
from codeplan.upstream.http import HttpUpstream
from codeplan.upstream.replicas import Replicas


async def open_upstreams(
    settings: Iterable[UpstreamSettings], told: Callable[[str], None]
) -> dict[str, Servers]:
    """Each upstream by its name. ``told`` hears of long steps. Raises EmbeddedMissing."""
    opened: dict[str, Servers] = {}
    for item in settings:
        if item.protocol == "embedded":
            # A core is left for those who are served meanwhile: the model's threads wait for each
            # other without sleeping, and where one of them has no core all of them stand still.
            threads = max(1, (os.cpu_count() or 2) - 1)
            opened[item.name] = await load_embedded(item, told, threads)
        elif item.replicas:
            addresses = (item.base_url, *item.replicas)
            each = [HttpUpstream(replace(item, base_url=address)) for address in addresses]
            opened[item.name] = Replicas(item, each)
        else:
            opened[item.name] = HttpUpstream(item)
    return opened
