"""The local vision server `@z_ai/mcp-server` (npm), which asks a vision model for a coding tool.

Read from the published package 0.1.5: its header X-Title, and how each of its system prompts
begins; a video has none. It asks at the general address and never streams.
"""

import json
from shlex import quote

from codeplan.clients.base import Client, SeenCall
from codeplan.clients.set_up import Paste, Plan

_PACKAGE = "@z_ai/mcp-server"
_TITLE = "4.5V MCP Local"
_JOBS = (
    ("You are a specialized text extraction expert", "extract_text_from_screenshot"),
    ("You are a seasoned software engineer and debugger", "diagnose_error_screenshot"),
    ("You are a software architect and systems analyst", "understand_technical_diagram"),
    ("You are a data analyst with expertise", "analyze_data_visualization"),
    ("You are a senior QA engineer", "ui_diff_check"),
    ("You are an advanced AI vision assistant", "analyze_image"),
    ("You are a senior frontend engineer", "ui_to_artifact"),
    ("You are an expert at reverse-engineering user interfaces", "ui_to_artifact"),
    ("You are a design systems architect", "ui_to_artifact"),
    ("You are a UX writer and interface analyst", "ui_to_artifact"),
)


class ZaiVision(Client):
    id = "zai-mcp-server"
    name = "the local vision server"
    sees = True
    # It tells its agent the whole body, whatever the status: GLM Coding Plan's own.
    limit_status = 429

    def recognises(self, call: SeenCall) -> bool:
        return (
            call.header(b"x-title") == _TITLE
            and call.protocol == "openai_chat"
            and not call.outline.stream
        )

    def job(self, call: SeenCall) -> str:
        if not call.outline.system:
            return "analyze_video"
        return next((job for start, job in _JOBS if call.system_begins(start)), "")

    def paste(self, plan: Plan) -> tuple[Paste, ...]:
        """A coding tool starts it: Claude Code's line, and the form that most others have. It asks
        at the general address; Z_AI_MODE would have it ask its maker's hosts."""
        settings = {"Z_AI_BASE_URL": f"{plan.url}/api/paas/v4/", "Z_AI_API_KEY": plan.key}
        options = " ".join(f"-e {name}={quote(value)}" for name, value in settings.items())
        line = f"claude mcp add -s user {self.id} {options} -- npx -y {_PACKAGE}\n"
        server = {"command": "npx", "args": ["-y", _PACKAGE], "env": settings}
        text = json.dumps({"mcpServers": {self.id: server}}, indent=2)
        return Paste("Claude Code", line), Paste("mcpServers", text + "\n")
