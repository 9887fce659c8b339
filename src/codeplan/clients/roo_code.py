"""Roo Code, an extension of VS Code; its forks send its user agent too.

Not run here. Source: RooCodeInc/Roo-Code, src/api/providers/constants.ts (headers) and its modes'
role definitions, which begin "You are Roo,".
"""

from codeplan.clients.base import Client, SeenCall


class RooCode(Client):
    id = "roo-code"
    name = "Roo Code"
    # Its environment details follow the person's text in the same message, and change.
    not_authored = ("<environment_details>",)

    def recognises(self, call: SeenCall) -> bool:
        return call.user_agent.startswith("RooCode/") and bool(call.outline.system)
