"""Cline: the extension and the command line. Nothing in the headers of the latter says so."""

from codeplan.clients.base import Client, SeenCall, refuse_by_403
from codeplan.clients.refusal import Form, Refusal
from codeplan.clients.set_up import Plan, SetUp
from codeplan.protocol.outline import Said


class Cline(Client):
    id = "cline"
    name = "Cline"
    programs = ("cline",)

    def recognises(self, call: SeenCall) -> bool:
        return call.system_begins("You are Cline,")

    def authored(self, said: Said) -> str | None:
        """The text "[SYSTEM] This run is not complete until…" is a nudge of Cline's own."""
        if said.tool_result or any(text.startswith("[SYSTEM]") for text in said.texts):
            return None
        return "\n".join(said.texts) or None

    def set_up(self, plan: Plan) -> tuple[SetUp, ...]:
        """The command line's file. The extension keeps its settings in the editor: there, choose
        "OpenAI Compatible" and give it the same address, key and model."""
        settings = {
            "provider": "openai-compatible",
            "apiKey": plan.key,
            "model": plan.large,
            "baseUrl": f"{plan.url}/api/coding/paas/v4",
        }
        return (
            SetUp(
                files=(".cline/data/settings/providers.json",),
                format="json",
                values=(
                    (("version",), 1),
                    (("lastUsedProvider",), "openai-compatible"),
                    (("providers", "openai-compatible", "settings"), settings),
                    (("providers", "openai-compatible", "updatedAt"), "2026-01-01T00:00:00.000Z"),
                    (("providers", "openai-compatible", "tokenSource"), "manual"),
                ),
                then="Start it as ever: cline",
            ),
        )

    def refuse(self, refusal: Refusal) -> Form:
        return refuse_by_403(refusal)
