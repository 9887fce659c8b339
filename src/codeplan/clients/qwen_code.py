"""Qwen Code. In its Anthropic mode it calls itself claude-cli and is not Claude Code."""

from codeplan.clients.base import Client, SeenCall, refuse_by_403
from codeplan.clients.refusal import Form, Refusal
from codeplan.clients.set_up import Plan, SetUp

_MEMORY = "You are now acting as the managed memory extraction subagent"


class QwenCode(Client):
    id = "qwen-code"
    name = "Qwen Code"
    programs = ("qwen",)
    not_authored = ("<system-reminder>",)

    def recognises(self, call: SeenCall) -> bool:
        if call.user_agent.startswith("QwenCode/"):
            return True
        return (
            call.user_agent.startswith("claude-cli/")
            and not call.header(b"x-claude-code-session-id")
            and call.system_begins("You are Qwen Code", _MEMORY)
        )

    def is_side_call(self, call: SeenCall) -> bool:
        """After the answer it extracts memories; the call's text looks like a new prompt."""
        system, said = call.outline.system, call.outline.said
        texts = (system[:1] or ("",)) + (said[-1].texts if said else ())
        return any(text.startswith(_MEMORY) for text in texts)

    def set_up(self, plan: Plan) -> tuple[SetUp, ...]:
        auth = {
            "selectedType": "openai",
            "apiKey": plan.key,
            "baseUrl": f"{plan.url}/api/coding/paas/v4",
        }
        return (
            SetUp(
                files=(".qwen/settings.json",),
                format="json",
                values=(
                    *((("security", "auth", name), value) for name, value in auth.items()),
                    (("model", "name"), plan.large),
                ),
                then="Start it as ever: qwen",
            ),
        )

    def refuse(self, refusal: Refusal) -> Form:
        return refuse_by_403(refusal)
