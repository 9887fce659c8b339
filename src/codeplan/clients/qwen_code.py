"""Qwen Code. In its Anthropic mode it calls itself claude-cli and is not Claude Code."""

import re

from codeplan.clients.base import Client, SeenCall
from codeplan.clients.set_up import Plan, SetUp

_FOLDER = re.compile(r"working in the directory: (.+)")
_SUB_AGENT = "You are a general-purpose subagent working for a parent agent"
_WINNING = ("OPENAI_BASE_URL", "OPENAI_API_KEY")
_MEMORY = "You are now acting as the managed memory extraction subagent"


class QwenCode(Client):
    id = "qwen-code"
    name = "Qwen Code"
    programs = ("qwen",)
    headless = ("-p", "{prompt}")
    # It goes on trying at 429 whatever that says.
    limit_status = 403
    at_limit = "shows"
    counted_by = "text"
    not_authored = (
        "<system-reminder>",
        "<task-notification>",
        "The connection dropped mid-response. Resume directly",
    )

    def recognises(self, call: SeenCall) -> bool:
        if call.user_agent.startswith("QwenCode/"):
            return True
        return (
            call.user_agent.startswith("claude-cli/")
            and not call.header(b"x-claude-code-session-id")
            and call.system_begins("You are Qwen Code", _MEMORY, _SUB_AGENT)
        )

    def root(self, call: SeenCall, authored: list[str]) -> str:
        """It tells no session. All its conversations, sub-agents' too, begin by telling the folder
        they are in: that is what their turns are looked for by."""
        texts = (text for said in call.outline.said for text in said.texts)
        found = next((match[1] for text in texts if (match := _FOLDER.search(text))), None)
        return f"in {found}" if found else super().root(call, authored)

    def is_sub_agent(self, call: SeenCall) -> bool:
        return call.system_begins(_SUB_AGENT)

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
                folders={"QWEN_HOME": ".qwen"},
                # What wins over the settings' own key was measured on 0.24.4 (docs/clients.md).
                removes=tuple(("env", name) for name in _WINNING),
                unless=((("security", "auth", "enforcedType"), ("openai",)),),
                above=(
                    *("./**/.env", "./**/.qwen/.env", "~/.env", "~/.qwen/.env"),
                    "./.qwen/settings.json",
                    "/etc/qwen-code/settings.json",
                    "/Library/Application Support/QwenCode/settings.json",
                    "$QWEN_CODE_SYSTEM_SETTINGS_PATH",
                ),
                overriding=_WINNING,
            ),
        )
