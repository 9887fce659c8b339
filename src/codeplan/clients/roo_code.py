"""Roo Code, an extension of VS Code; its forks send its user agent too.

Not run here. Source: RooCodeInc/Roo-Code, src/api/providers/constants.ts (headers) and its modes'
role definitions, which begin "You are Roo,".
"""

from codeplan.clients.base import Client, SeenCall
from codeplan.protocol.outline import Said


class RooCode(Client):
    id = "roo-code"
    name = "Roo Code"

    def recognises(self, call: SeenCall) -> bool:
        return call.user_agent.startswith("RooCode/") and bool(call.outline.system)

    def authored(self, said: Said) -> str | None:
        """Its environment details follow the person's text in the same message, and change."""
        if said.tool_result:
            return None
        texts = [t for t in said.texts if not t.lstrip().startswith("<environment_details>")]
        return "\n".join(texts) or None
