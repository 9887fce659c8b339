"""The clients that are known, in the order in which they are asked."""

from codeplan.clients.base import Client, SeenCall
from codeplan.clients.claude_code import ClaudeCode
from codeplan.clients.cline import Cline
from codeplan.clients.codex import Codex
from codeplan.clients.continue_dev import Continue
from codeplan.clients.crush import Crush
from codeplan.clients.cursor import Cursor
from codeplan.clients.droid import Droid
from codeplan.clients.gemini_cli import GeminiCliFork
from codeplan.clients.goose import Goose
from codeplan.clients.kilo_code import KiloCode
from codeplan.clients.opencode import OpenCode
from codeplan.clients.qwen_code import QwenCode
from codeplan.clients.roo_code import RooCode
from codeplan.clients.trae import Trae
from codeplan.clients.zai_vision import ZaiVision
from codeplan.clients.zed import Zed

UNKNOWN = Client()
KNOWN: tuple[Client, ...] = (
    ClaudeCode(),
    OpenCode(),
    KiloCode(),
    QwenCode(),
    Codex(),
    RooCode(),
    Crush(),
    Zed(),
    Droid(),
    GeminiCliFork(),
    Cursor(),
    Trae(),
    Continue(),
    Goose(),
    Cline(),
    ZaiVision(),
)
IDS = frozenset(client.id for client in KNOWN)
_NAMES = {client.id: client.name for client in KNOWN}


def name_of(client_id: str) -> str:
    """A client's name, as people know it."""
    return _NAMES.get(client_id, client_id or "an unknown program")


def recognise(call: SeenCall) -> Client:
    """The client that sent this call; `UNKNOWN` when none of ours did."""
    for client in KNOWN:
        if client.recognises(call):
            return client
    return UNKNOWN
