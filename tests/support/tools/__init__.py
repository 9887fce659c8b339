"""The real coding tools, installed from npm as tests/clients/tools pins them, and how they run."""

from support.tools.base import PINNED, Ran, install, install_more
from support.tools.claude import MAPPED, claude_code
from support.tools.claude_jobs import ClaudeJob
from support.tools.cline_cli import cline
from support.tools.codex_exec import codex
from support.tools.continue_cli import continue_cli
from support.tools.copilot import copilot_cli, copilot_cli_anthropic
from support.tools.factory import droid
from support.tools.gemini import gemini_cli
from support.tools.kimi import kimi_code, kimi_code_anthropic
from support.tools.open_code import kilo_code, opencode
from support.tools.pi_agent import pi, pi_anthropic
from support.tools.qwen import qwen_code, qwen_code_anthropic
from support.tools.set_up import CONFIGURED, configured

__all__ = [
    "CONFIGURED",
    "MAPPED",
    "PINNED",
    "ClaudeJob",
    "Ran",
    "claude_code",
    "cline",
    "codex",
    "configured",
    "continue_cli",
    "copilot_cli",
    "copilot_cli_anthropic",
    "droid",
    "gemini_cli",
    "install",
    "install_more",
    "kilo_code",
    "kimi_code",
    "kimi_code_anthropic",
    "opencode",
    "pi",
    "pi_anthropic",
    "qwen_code",
    "qwen_code_anthropic",
]
