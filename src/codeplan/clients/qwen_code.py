"""Qwen Code. In its Anthropic mode it calls itself claude-cli and is not Claude Code."""

from codeplan.clients.base import Client, SeenCall, refuse_by_403
from codeplan.clients.refusal import Form, Refusal
from codeplan.protocol.outline import Said

_MEMORY = "You are now acting as the managed memory extraction subagent"


class QwenCode(Client):
    id = "qwen-code"
    name = "Qwen Code"

    def recognises(self, call: SeenCall) -> bool:
        if call.user_agent.startswith("QwenCode/"):
            return True
        system = call.outline.system
        return (
            call.user_agent.startswith("claude-cli/")
            and not call.header(b"x-claude-code-session-id")
            and bool(system)
            and system[0].startswith(("You are Qwen Code", _MEMORY))
        )

    def authored(self, said: Said) -> str | None:
        if said.tool_result:
            return None
        texts = [text for text in said.texts if not text.lstrip().startswith("<system-reminder>")]
        return "\n".join(texts) or None

    def is_side_call(self, call: SeenCall) -> bool:
        """After the answer it extracts memories; the call's text looks like a new prompt."""
        system, said = call.outline.system, call.outline.said
        texts = (system[:1] or ("",)) + (said[-1].texts if said else ())
        return any(text.startswith(_MEMORY) for text in texts)

    def refuse(self, refusal: Refusal) -> Form:
        return refuse_by_403(refusal)
