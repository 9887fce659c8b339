"""Goose.

Not run here. Source: block/goose, crates/goose/src/prompts/system.md (the system prompt's start).
"""

from codeplan.clients.base import Client, SeenCall


class Goose(Client):
    id = "goose"
    name = "Goose"

    def recognises(self, call: SeenCall) -> bool:
        return call.system_begins("You are a general-purpose AI agent called goose")
