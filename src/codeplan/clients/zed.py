"""Zed's agent, with an OpenAI-compatible provider.

Not run here. Source: zed-industries/zed, which sets ``Zed/<version> (<os>; <arch>)`` as the user
agent of every request, and whose agent always has a system prompt
(crates/agent/src/templates/system_prompt.hbs).
"""

from codeplan.clients.base import Client, SeenCall


class Zed(Client):
    id = "zed"
    name = "Zed"

    def recognises(self, call: SeenCall) -> bool:
        return call.user_agent.startswith("Zed/") and bool(call.outline.system)
