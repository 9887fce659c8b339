"""Kilo Code, whose command line is a fork of OpenCode."""

from codeplan.clients.base import SeenCall
from codeplan.clients.opencode import OpenCode


class KiloCode(OpenCode):
    id = "kilo-code"
    name = "Kilo Code"
    programs = ("kilo", "kilocode")
    headless = ("run", "--auto", "{prompt}")
    config = ".config/kilo"
    files = ("kilo.json", "kilo.jsonc", "opencode.json", "opencode.jsonc")
    folders = (".kilo", ".kilocode")
    not_authored = ("<environment_details>",)

    def recognises(self, call: SeenCall) -> bool:
        return call.user_agent.startswith("Kilo-Code/")

    def session(self, call: SeenCall) -> str:
        """Its title call comes last, and marks the session it belongs to."""
        return super().session(call).removeprefix("title-")
