"""How calls are taken and relayed, from the file's ``[service]``."""

import resource

from codeplan.config.model import ConfigFile
from codeplan.gateway.edge import EdgeSettings
from codeplan.gateway.relay import RelaySettings
from codeplan.routing.rests import RestSettings


def build_relay(config: ConfigFile) -> RelaySettings:
    service = config.service
    return RelaySettings(
        read_on_seconds=service.read_on_seconds,
        charges_cut=service.cut_by_upstream == "delivered",
        sign_of_life_seconds=service.sign_of_life_seconds,
        caller_timeout_seconds=service.caller_timeout_seconds,
    )


def build_edge(config: ConfigFile) -> EdgeSettings:
    """Half of the descriptors that the process may open are for callers: each may need one more,
    for its upstream."""
    service = config.service
    return EdgeSettings(
        body_bytes=service.max_body_bytes,
        memory_bytes=service.body_memory_bytes,
        head_seconds=service.head_timeout_seconds,
        body_seconds=service.body_timeout_seconds,
        connections=resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2,
        of_address=service.connections_per_address,
        behind_proxy=service.behind_proxy,
    )


def build_rests(config: ConfigFile) -> RestSettings:
    return RestSettings(config.service.rest_seconds, config.service.longest_rest_seconds)
