"""Cline: the extension and the command line. Nothing in the headers of the latter says so."""

from codeplan.clients.base import Client, SeenCall, refuse_by_403
from codeplan.clients.refusal import Form, Refusal
from codeplan.protocol.outline import Said


class Cline(Client):
    id = "cline"
    name = "Cline"

    def recognises(self, call: SeenCall) -> bool:
        system = call.outline.system
        return bool(system) and system[0].startswith("You are Cline,")

    def authored(self, said: Said) -> str | None:
        """The text "[SYSTEM] This run is not complete until…" is a nudge of Cline's own."""
        if said.tool_result or any(text.startswith("[SYSTEM]") for text in said.texts):
            return None
        return "\n".join(said.texts) or None

    def refuse(self, refusal: Refusal) -> Form:
        return refuse_by_403(refusal)
