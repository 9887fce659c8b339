"""Codex, which speaks OpenAI Responses."""

from typing import Any

import msgspec

from codeplan.clients.base import Client, SeenCall, hashed, kept, retry_after
from codeplan.clients.refusal import Form, Refusal, Wait
from codeplan.clients.set_up import Plan, SetUp
from codeplan.plan.turns import TurnClaim
from codeplan.protocol.openai_errors import OVERLONG

# What a provider of the same name may say by which another key is sent, or another way is gone;
# measured on 0.169.0 (docs/clients.md).
_OTHER_PAYERS = (
    "env_key", "env_key_instructions", "auth", "aws", "gateway_oauth", "query_params",
    "requires_openai_auth", "supports_websockets", "model_catalog_url",
)  # fmt: skip
# By a profile it does not start; by the others it looks for other models, or logs itself out.
_OTHER_MODELS = ("profile", "model_catalog_json", "forced_login_method")


class Codex(Client):
    id = "codex"
    name = "Codex"
    programs = ("codex",)
    headless = ("exec", "--skip-git-repo-check", "{prompt}")
    at_limit = "own_words"
    counted_by = "turn"
    # At "server_is_overloaded" it stops too, but says in its own words to take another model.
    error_in_stream = "invalid_prompt"
    not_authored = ("<environment_context>", "<user_instructions>", "# AGENTS.md instructions")

    def recognises(self, call: SeenCall) -> bool:
        return call.protocol == "openai_responses" and (
            call.header(b"originator").startswith("codex_")
            or call.user_agent.startswith(("codex_", "Codex"))
        ) and bool(self.session(call))  # fmt: skip

    def session(self, call: SeenCall) -> str:
        return call.header(b"session-id") or call.header(b"session_id")

    def is_side_call(self, call: SeenCall) -> bool:
        """Compactions and the like say what they are."""
        return bool(self._turn(call).get("request_kind", "turn") != "turn")

    def claim(self, call: SeenCall) -> TurnClaim:
        """It names its turn itself: the same for all calls of a prompt, sub-agents' too."""
        claim = super().claim(call)
        turn = self._turn(call)
        named = turn.get("root_turn_id") or turn.get("turn_id")
        if not isinstance(named, str):
            return claim
        return TurnClaim(
            claim.claim, claim.session, hashed(f"{self.id}\0{claim.session}"), 0, kept(named)
        )

    def set_up(self, plan: Plan) -> tuple[SetUp, ...]:
        provider = {
            "name": "codeplan",
            "base_url": f"{plan.url}/api/v1",
            "experimental_bearer_token": plan.key,
            "wire_api": "responses",
        }
        context = plan.limits_of(plan.large).context
        return (
            SetUp(
                files=(".codex/config.toml",),
                format="toml",
                values=(
                    (("model",), plan.large),
                    (("model_provider",), "codeplan"),
                    *(((("model_context_window",), context),) if context else ()),
                    *(
                        (("model_providers", "codeplan", name), value)
                        for name, value in provider.items()
                    ),
                ),
                then="Start it as ever: codex",
                folders={"CODEX_HOME": ".codex"},
                removes=(
                    *(("model_providers", "codeplan", name) for name in _OTHER_PAYERS),
                    *((name,) for name in _OTHER_MODELS),
                ),
                above=("./**/.codex/config.toml", "/etc/codex/managed_config.toml"),
            ),
        )

    def refuse(self, refusal: Refusal) -> Form:
        """It stops at once and shows the time only for its own server's shape of a used-up limit.
        Every other 429, 401 and 403 it tries six times; 400 it shows at once."""
        if refusal.overlong is not None:
            # It shortens its conversation on this code, inside of a stream only.
            return Form(400, kind=OVERLONG, in_stream=True)
        if refusal.wait is Wait.MOMENT:
            return Form(refusal.status, retry_after(refusal))
        if refusal.wait is Wait.WINDOW:
            more = {
                # A plan that it does not know: for its own ones it advertises others.
                "plan_type": "codeplan",
                "resets_at": refusal.resets_at,
                "resets_in_seconds": refusal.retry_after_seconds,
            }
            return Form(429, kind="usage_limit_reached", more=more)
        return Form(400 if refusal.status in (401, 403, 429) else refusal.status)

    def _turn(self, call: SeenCall) -> dict[str, Any]:
        try:
            turn = msgspec.json.decode(call.header(b"x-codex-turn-metadata") or "{}")
        except (msgspec.DecodeError, RecursionError):
            return {}
        return turn if isinstance(turn, dict) else {}
