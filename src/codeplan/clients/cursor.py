"""Cursor, with its OpenAI base URL overridden: the calls come from its own servers.

Not run here. Source: public recordings of its calls, whose system prompt begins "You are an AI
coding assistant, powered by <model>. You operate in Cursor."
"""

from codeplan.clients.base import Client, SeenCall


class Cursor(Client):
    id = "cursor"
    name = "Cursor"

    def recognises(self, call: SeenCall) -> bool:
        system = call.outline.system
        return bool(system) and "You operate in Cursor" in system[0][:300]
