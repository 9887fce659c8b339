"""Continue: the extensions and the command line.

Not run here. Source: continuedev/continue, core/llm/defaultSystemMessages.ts: the system prompts of
its modes begin ``<important_rules>`` and "You are in <mode> mode."
"""

from codeplan.clients.base import Client, SeenCall

_MODES = tuple(
    f"<important_rules>\n  You are in {mode} mode." for mode in ("chat", "agent", "plan")
)


class Continue(Client):
    id = "continue"
    name = "Continue"

    def recognises(self, call: SeenCall) -> bool:
        return call.system_begins(*_MODES)
