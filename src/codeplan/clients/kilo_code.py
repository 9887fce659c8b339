"""Kilo Code, whose command line is a fork of OpenCode."""

from codeplan.clients.base import SeenCall
from codeplan.clients.opencode import OpenCode
from codeplan.protocol.outline import Said


class KiloCode(OpenCode):
    id = "kilo-code"
    name = "Kilo Code"
    programs = ("kilo", "kilocode")
    config = ".config/kilo/kilo.json"

    def recognises(self, call: SeenCall) -> bool:
        return call.user_agent.startswith("Kilo-Code/")

    def session(self, call: SeenCall) -> str:
        """Its title call comes last, and marks the session it belongs to."""
        return super().session(call).removeprefix("title-")

    def authored(self, said: Said) -> str | None:
        if said.tool_result:
            return None
        texts = [
            text for text in said.texts if not text.lstrip().startswith("<environment_details>")
        ]
        return "\n".join(texts) or None
