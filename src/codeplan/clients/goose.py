"""Goose.

Not run here. Source: block/goose, crates/goose/src/prompts/system.md (the system prompt's start);
its documentation for config.yaml, and for secrets.yaml beside it, which it reads when it is told
not to use the system's keyring.
"""

from codeplan.clients.base import Client, SeenCall
from codeplan.clients.set_up import Plan, SetUp


class Goose(Client):
    id = "goose"
    name = "Goose"
    programs = ("goose",)

    def recognises(self, call: SeenCall) -> bool:
        return call.system_begins("You are a general-purpose AI agent called goose")

    def set_up(self, plan: Plan) -> tuple[SetUp, ...]:
        settings = {
            "GOOSE_PROVIDER": "openai",
            "GOOSE_MODEL": plan.large,
            "OPENAI_HOST": plan.url,
            "OPENAI_BASE_PATH": "api/coding/paas/v4/chat/completions",
            "GOOSE_DISABLE_KEYRING": True,
        }
        return (
            SetUp(
                files=(".config/goose/config.yaml",),
                format="yaml",
                values=tuple(((name,), value) for name, value in settings.items()),
                then="Start it as ever: goose",
            ),
            SetUp(
                files=(".config/goose/secrets.yaml",),
                format="yaml",
                values=((("OPENAI_API_KEY",), plan.key),),
            ),
        )
