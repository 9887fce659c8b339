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
    # Its folder below ~/.config, and the names of its files there in the order in which it reads
    # them; the folders that it looks for around a project and at home.
    config = ".config/opencode"
    files: tuple[str, ...] = ("opencode.json", "opencode.jsonc")
    folders: tuple[str, ...] = (".opencode",)
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
        """What wins and what stands in the way was measured on 1.18.33 (docs/clients.md)."""
        name, variable = self.programs[0], self.programs[0].upper()
        provider = ("provider", "codeplan")
        models = dict.fromkeys((plan.large, plan.small))
        return (
            SetUp(
                files=tuple(f"{self.config}/{file}" for file in self.files),
                format="json",
                values=(
                    (provider, opencode_provider(plan)),
                    (("model",), f"codeplan/{plan.large}"),
                ),
                then=f"Start it as ever: {name}",
                folders={"XDG_CONFIG_HOME": ".config"},
                removes=(
                    (*provider, "whitelist"),
                    (*provider, "blacklist"),
                    # It would be sent in the place of the key.
                    (*provider, "options", "headers", "Authorization"),
                    *((*provider, "models", model, "id") for model in models),
                ),
                unless=tuple((place, ("codeplan/*",)) for place in _MODELS),
                includes=((("enabled_providers",), "codeplan"),),
                excludes=((("disabled_providers",), "codeplan"),),
                above=(
                    f"${variable}_CONFIG",
                    *(f"{place}/{file}" for place in self._above(name) for file in self.files),
                ),
                overriding=(f"{variable}_CONFIG_CONTENT",),
            ),
        )

    def _above(self, name: str) -> tuple[str, ...]:
        """The folders whose files win over those below ~/.config."""
        return (
            "./**",
            *(f"./**/{folder}" for folder in self.folders),
            *(f"~/{folder}" for folder in self.folders),
            f"${name.upper()}_CONFIG_DIR",
            f"/etc/{name}",
            f"/Library/Application Support/{name}",
        )
