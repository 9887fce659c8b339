"""How calls are relayed, from the file's ``[service]``."""

from codeplan.config.model import ConfigFile
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


def build_rests(config: ConfigFile) -> RestSettings:
    return RestSettings(config.service.rest_seconds, config.service.longest_rest_seconds)
