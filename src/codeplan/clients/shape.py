"""The shape of a coding agent: what it offers a model to do, whatever it calls itself.

An agent offers at least three tools, one of which runs commands and one of which writes files.
Measured on 20 agents on 2026-11-28: the main call of 17 has this shape, a bare script's never
(docs/clients.md). This file owns that rule; it names no agent.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

FEWEST_TOOLS = 3
# What stands before it of a longer name is not looked at, nor remembered.
_LONGEST_NAME = 128

# A word that alone says "runs commands".
_COMMANDS = frozenset((
    "bash", "sh", "zsh", "fish", "shell", "powershell", "pwsh", "terminal", "cmd", "command",
    "commands", "subprocess", "runcommand", "runcommands", "executecommand", "runshell",
))  # fmt: skip
# A verb that says so where it stands alone, or with nothing but these objects beside it.
_RUN_VERBS = frozenset((
    "run", "exec", "execute", "launch", "spawn",
))  # fmt: skip
_RUN_OBJECTS = frozenset((
    "a", "the", "in", "builtin", "code", "script", "scripts", "process", "program", "python",
    "node", "typescript", "javascript", "tool",
))  # fmt: skip
# A word that alone says "writes files".
_WRITERS = frozenset((
    "patch", "diff", "editor", "multiedit", "writefile", "editfile", "createfile", "applypatch",
))  # fmt: skip
# The same for verbs and their objects: ``create_file`` writes one, ``create_ticket`` does not.
_WRITE_VERBS = frozenset((
    "write", "edit", "create", "replace", "update", "modify", "save", "insert", "append",
    "overwrite", "put", "apply", "str",
))  # fmt: skip
_WRITE_OBJECTS = frozenset((
    "a", "the", "to", "in", "into", "at", "of", "and", "or", "by", "new", "existing", "single",
    "multi", "multiple", "whole", "full", "text", "string", "content", "contents", "line",
    "lines", "block", "blocks", "file", "files", "filesystem", "fs", "path", "notebook",
    "document", "search", "find", "edits", "based", "tool", "workspace", "range", "changes",
    "builtin",
))  # fmt: skip

_PREFIX = re.compile(r"^.*(?:__|[.:/])")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def is_agent(tool_names: Iterable[str]) -> bool:
    """Tell whether a call that offers these tools has an agent's shape."""
    names = frozenset(name[-_LONGEST_NAME:] for name in tool_names)
    return (
        len(names) >= FEWEST_TOOLS
        and any(runs_commands(name) for name in names)
        and any(writes_files(name) for name in names)
    )


@lru_cache(maxsize=4096)
def runs_commands(tool_name: str) -> bool:
    """Tell whether the tool's name says that it runs commands: ``Bash``, ``exec_command``."""
    words = _words(tool_name)
    if not _COMMANDS.isdisjoint(words):
        return True
    verbs = _RUN_VERBS.intersection(words)
    return bool(verbs) and all(word in _RUN_OBJECTS for word in words if word not in verbs)


@lru_cache(maxsize=4096)
def writes_files(tool_name: str) -> bool:
    """Tell whether the tool's name says that it writes files: ``Edit``, ``create_new_file``."""
    words = _words(tool_name)
    if not _WRITERS.isdisjoint(words):
        return True
    return not _WRITE_VERBS.isdisjoint(words) and all(
        word in _WRITE_VERBS or word in _WRITE_OBJECTS for word in words
    )


def _words(tool_name: str) -> tuple[str, ...]:
    """Split a name of any style into lower-case words, without its server or namespace."""
    name = _PREFIX.sub("", tool_name)
    return tuple(word.lower() for word in _WORD.findall(name) if not word.isdigit())
