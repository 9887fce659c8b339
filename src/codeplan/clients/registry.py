"""The clients that a service knows, in the order in which they are asked: an operator's entries,
those that need code, the built-in entries. What none of them knows may still have an agent's
shape."""

from collections.abc import Iterable

from codeplan.clients.base import Client, SeenCall
from codeplan.clients.claude_code import ClaudeCode, RoutedClaudeCode
from codeplan.clients.codex import Codex
from codeplan.clients.entry import Entry, EntryClient
from codeplan.clients.kilo_code import KiloCode
from codeplan.clients.opencode import OpenCode
from codeplan.clients.qwen_code import QwenCode
from codeplan.clients.shape import is_agent
from codeplan.clients.zai_vision import ZaiVision


class Agent(Client):
    """An agent of no known name: what it offers a model has the shape of one."""

    id = "agent"
    name = "a coding agent of no known name"


UNKNOWN = Client()
AGENT = Agent()
# Those whose rules data cannot say.
CODED: tuple[Client, ...] = (
    ClaudeCode(),
    OpenCode(),
    KiloCode(),
    QwenCode(),
    Codex(),
    ZaiVision(),
    RoutedClaudeCode(),
)
RESERVED_IDS = frozenset((AGENT.id, "supported", "known", "any", "agents"))


class Clients:
    """What is known. ``built_in`` and ``operators``: entries; an operator's comes first, and
    replaces a built-in one of its id."""

    def __init__(self, built_in: Iterable[Entry], operators: Iterable[Entry] = ()) -> None:
        own = [EntryClient(entry) for entry in operators]
        taken = {client.id for client in own}
        others = [*CODED, *(EntryClient(entry) for entry in built_in)]
        self.known: tuple[Client, ...] = (
            *own,
            *(client for client in others if client.id not in taken),
        )
        self.ids = frozenset(client.id for client in self.known)
        by_starts = [
            client
            for client in self.known
            if isinstance(client, EntryClient) and client.is_named_by_starts
        ]
        self._others = tuple(client for client in self.known if client not in by_starts)
        self._system_starts = tuple(one for client in by_starts for one in client.system_starts)
        self._agent_starts = tuple(one for client in by_starts for one in client.agent_starts)
        self._by_id = {client.id: client for client in (*self.known, AGENT)}

    def recognise(self, call: SeenCall) -> Client:
        """The client that sent this call; `AGENT` where its shape alone says that it is one,
        `UNKNOWN` when nothing does."""
        named = call.system_start.startswith(self._system_starts) or call.user_agent.startswith(
            self._agent_starts
        )
        for client in self.known if named else self._others:
            if client.recognises(call):
                return client
        return AGENT if is_agent(call.outline.tool_names) else UNKNOWN

    def named(self, client_id: str) -> Client | None:
        """The client of this id."""
        return self._by_id.get(client_id)

    def name_of(self, client_id: str) -> str:
        """A client's name, as people know it."""
        client = self._by_id.get(client_id)
        return client.name if client else client_id or "an unknown program"
