"""The real coding tools, installed from npm as tests/clients/tools pins them, and how they run."""

from support.tools.base import PINNED, Ran, install
from support.tools.claude import claude_code
from support.tools.cline_cli import cline
from support.tools.codex_exec import codex
from support.tools.open_code import kilo_code, opencode
from support.tools.qwen import qwen_code, qwen_code_anthropic
from support.tools.set_up import CONFIGURED, configured

__all__ = [
    "CONFIGURED",
    "PINNED",
    "Ran",
    "claude_code",
    "cline",
    "codex",
    "configured",
    "install",
    "kilo_code",
    "opencode",
    "qwen_code",
    "qwen_code_anthropic",
]
