"""Crush.

Not run here. Source: charmbracelet/crush, internal/agent/agent.go (user agent) and
internal/agent/templates/coder.md.tpl (the system prompt's start), its README (configuration).
"""

from codeplan.clients.base import Client, SeenCall
from codeplan.clients.set_up import Plan, SetUp


class Crush(Client):
    id = "crush"
    name = "Crush"
    programs = ("crush",)

    def recognises(self, call: SeenCall) -> bool:
        return call.user_agent.startswith("Charm-Crush/") and bool(call.outline.system)

    def is_side_call(self, call: SeenCall) -> bool:
        """Titles and summaries offer no tools; the agent always does."""
        return not call.outline.tool_names

    def set_up(self, plan: Plan) -> tuple[SetUp, ...]:
        models = [
            {"id": name, "name": name, "context_window": 200_000, "default_max_tokens": 32_000}
            for name in dict.fromkeys((plan.large, plan.small))
        ]
        provider = {
            "name": "codeplan",
            "type": "openai-compat",
            "base_url": f"{plan.url}/api/coding/paas/v4",
            "api_key": plan.key,
            "models": models,
        }
        return (
            SetUp(
                files=(".config/crush/crush.json",),
                format="json",
                values=((("providers", "codeplan"), provider),),
                then="Start crush and choose a model of codeplan.",
            ),
        )
