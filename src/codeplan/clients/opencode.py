"""OpenCode."""

from codeplan.clients.base import Client, SeenCall
from codeplan.clients.set_up import Plan, SetUp, opencode_provider

TITLE = "You are a title generator"


# Models beside the main one, and of agents that take its place.
_MODELS = (("small_model",), ("agent", "*", "model"), ("mode", "*", "model"))


class OpenCode(Client):
    id = "opencode"
    name = "OpenCode"
    programs: tuple[str, ...] = ("opencode",)
    headless: tuple[str, ...] = ("run", "{prompt}")
    config = ".config/opencode/opencode.json"
    # It goes on trying at 429 whatever that says.
    limit_status = 403
    at_limit = "shows"
    counted_by = "session"

    def recognises(self, call: SeenCall) -> bool:
        return call.user_agent.startswith("opencode/") and bool(self.session(call))

    def session(self, call: SeenCall) -> str:
        """A sub-agent has a session of its own and names the one that started it."""
        names = (b"x-parent-session-id", b"x-session-id", b"x-session-affinity")
        return next((found for name in names if (found := call.header(name))), "")

    def is_side_call(self, call: SeenCall) -> bool:
        """The title call comes beside the first step, or just before it."""
        return not call.outline.tool_names and call.system_begins(TITLE)

    def is_sub_agent(self, call: SeenCall) -> bool:
        return bool(call.header(b"x-parent-session-id"))

    def set_up(self, plan: Plan) -> tuple[SetUp, ...]:
        return (
            SetUp(
                files=(self.config, f"{self.config}c"),
                format="json",
                values=(
                    (("provider", "codeplan"), opencode_provider(plan)),
                    (("model",), f"codeplan/{plan.large}"),
                ),
                then=f"Start it as ever: {self.programs[0]}",
                folders={"XDG_CONFIG_HOME": ".config"},
                unless=tuple((place, ("codeplan/*",)) for place in _MODELS),
                includes=((("enabled_providers",), "codeplan"),),
                excludes=((("disabled_providers",), "codeplan"),),
            ),
        )
