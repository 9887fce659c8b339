"""Whatever a person, their tool and `connect` do to a file one after another: nothing that connect
did not write is lost, and disconnecting gives back what is the person's. A model of what is theirs
stands beside the real files; two deliberate defects show that it would see a loss."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from codeplan.cli.editing import connections as module
from codeplan.cli.editing.connections import Connections
from codeplan.cli.editing.edits import ABSENT, Edit, applied, at
from codeplan.cli.editing.formats import Document
from codeplan.cli.editing.undo import Undone
from codeplan.clients.set_up import Plan
from codeplan.config.build_clients import built_in_clients

KEYS = ("cp-first0123456789abcdefgh", "cp-second0123456789abcdef")
FILES = {
    "claude-code": (".claude/settings.json", "json"),
    "opencode": (".config/opencode/opencode.json", "json"),
    "codex": (".codex/config.toml", "toml"),
    "goose": (".config/goose/config.yaml", "yaml"),
}
STARTS: dict[str, list[bytes]] = {
    "claude-code": [
        b'{\n  "model": "gpt-5.2",\n  "env": {\n    "ANTHROPIC_API_KEY": "mine-0", // comment-0\n'
        b'    "A": "1"\n  }\n}\n',
        b'{"env": {"CLAUDE_CODE_USE_BEDROCK": "1"}, "model": "opus"}',
        b"{}\n",
    ],
    "opencode": [
        b'// comment-0\n{\n\t"enabled_providers": ["openai"],\n\t"small_model": "openai/m",\n}\n',
        b'{"provider": {"codeplan": {"options": {"headers": {"X": "mine-0"}}}}}',
    ],
    "codex": [
        b'# comment-0\nmodel = "gpt-5"\r\n[model_providers.codeplan]\r\nname = "mine-0"\r\n',
        b'model_providers = { x = { name = "mine-0" } } # comment-0\n',
        b'[tui]\nx = "mine-0"',
    ],
    "goose": [b"GOOSE_MODEL: mine-0 # comment-0\nextensions:\n  a: 1\n", b"{a: 1}\n", b"---\n"],
}
MODEL_AT = {"claude-code": ("env", "ANTHROPIC_DEFAULT_OPUS_MODEL"), "opencode": ("model",),
            "codex": ("model",), "goose": ("GOOSE_MODEL",)}  # fmt: skip


class Sequences(RuleBasedStateMachine):
    """``theirs``: the settings that are the person's; None where they have no file. ``marks``: what
    must still stand somewhere, ``comments`` in the file itself. ``exact``: the file's bytes before
    connect, as long as nobody else touches it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.home = Path(self.folder.name)
        self.connections = Connections(self.home, {})
        self.count = 0

    def teardown(self) -> None:
        self.folder.cleanup()

    @initialize(tool=st.sampled_from(sorted(FILES)), start=st.integers(-1, 5))
    def begin(self, tool: str, start: int) -> None:
        self.tool = tool
        name, self.format = FILES[tool]
        self.path = self.home / name
        self.theirs: dict[str, Any] | None = None
        self.comments: set[str] = set()
        self.exact: bytes | None = None
        self.connected = False
        if 0 <= start < len(STARTS[tool]):
            self.put(start)

    def settings(self) -> dict[str, Any]:
        assert self.path.exists()
        return Document.of(self.path.read_bytes(), self.format).settings()

    def change(self, path: tuple[str, ...], value: Any) -> None:
        self.theirs = applied(self.theirs or {}, [Edit(path, value)])
        if at(self.theirs, path[:-1]) == {} and path[:-1]:
            # The table was made by connect, and goes with it.
            self.theirs = applied(self.theirs, [Edit(path[:-1], ABSENT)])
        self.exact = None

    @rule(start=st.integers(0, 2))
    def put(self, start: int) -> None:
        """The person puts another file there: from their own copies, or by a checkout."""
        start %= len(STARTS[self.tool])
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(STARTS[self.tool][start])
        self.theirs = self.settings()
        self.comments = {"comment-0"} if b"comment-0" in STARTS[self.tool][start] else set()
        self.exact = None

    @precondition(lambda self: self.path.exists())
    @rule(at_end=st.booleans())
    def comment_by_hand(self, at_end: bool) -> None:
        self.count += 1
        sign = b"//" if self.format == "json" else b"#"
        line = sign + b" comment-%d\n" % self.count
        text = self.path.read_bytes()
        gap = b"" if text.endswith(b"\n") else b"\n"
        if self.format == "yaml" and text.startswith(b"---"):
            at_end = True
        self.path.write_bytes(text + gap + line if at_end else line + text)
        self.comments.add(f"comment-{self.count}")
        self.exact = None
        self.theirs = self.theirs or {}

    @precondition(lambda self: self.path.exists())
    @rule()
    def change_by_tool(self) -> None:
        """A tool reads its file, sets something, and writes it anew: comments are gone."""
        self.count += 1
        value = {**self.settings(), f"tool{self.count}": f"mark-{self.count}"}
        text = tomlkit.dumps(value) if self.format == "toml" else json.dumps(value, indent=2)
        self.path.write_text(text)
        self.change((f"tool{self.count}",), f"mark-{self.count}")
        self.comments = set()

    @precondition(lambda self: self.connected and self.path.exists())
    @rule(remove=st.booleans())
    def change_what_was_set(self, remove: bool) -> None:
        """The person sets, or takes out, what connect had set."""
        path = MODEL_AT[self.tool]
        if at(self.settings(), path) is ABSENT:
            return
        self.count += 1
        value = ABSENT if remove else f"mark-{self.count}"
        self.path.write_bytes(
            Document.of(self.path.read_bytes(), self.format).edited([Edit(path, value)])
        )
        self.change(path, value)

    @precondition(lambda self: self.path.exists())
    @rule()
    def delete(self) -> None:
        self.path.unlink()
        self.theirs, self.comments, self.exact = None, set(), None

    @rule(key=st.sampled_from(KEYS), large=st.sampled_from(["glm-4.6", "glm-5"]))
    def connect(self, key: str, large: str) -> None:
        if not self.connected and self.path.exists():
            self.exact = self.path.read_bytes()
        self._connect(key, large)
        self.connected = True
        assert key.encode() in b"".join(file.read_bytes() for file in self.path.parent.iterdir())

    def _connect(self, key: str, large: str) -> None:
        client = built_in_clients().named(self.tool)
        assert client is not None
        set_ups = client.set_up(Plan("http://127.0.0.1:1", key, large, "glm-4.5-air"))
        changes = self.connections.plan(self.tool, set_ups, key)
        self.connections.do(self.tool, changes, key)
        again = self.connections.plan(self.tool, set_ups, key)
        assert not any(change.changes_anything for change in again)

    @rule(key=st.sampled_from(KEYS), failing=st.integers(1, 2))
    def connect_and_fail(self, key: str, failing: int) -> None:
        """The disk is full at one of the writes."""
        before = self.path.read_bytes() if self.path.exists() else None
        state = self.state()
        with failing_writes(failing):
            try:
                self._connect(key, "glm-4.6")
            except OSError:
                assert (self.path.read_bytes() if self.path.exists() else None) == before
                assert self.state() == state
                return
        self.connected = True

    @precondition(lambda self: self.connected)
    @rule(failing=st.booleans())
    def disconnect(self, failing: bool) -> None:
        if failing:
            with failing_writes(1):
                try:
                    self.connections.undo(self.tool)
                except OSError:
                    return
        else:
            self.connections.undo(self.tool)
        self.connected = False
        if self.exact is not None:
            assert self.path.read_bytes() == self.exact
        if self.theirs or self.comments or self.path.exists():
            assert self.settings() == (self.theirs or {})
        if self.theirs is None and not self.comments:
            assert not self.path.exists()
        assert not any(
            key.encode() in file.read_bytes() for key in KEYS for file in self.home.rglob("*.*")
            if file.is_file()
        )  # fmt: skip

    def state(self) -> dict[str, bytes]:
        folder = self.connections.notes.folder
        return {file.name: file.read_bytes() for file in folder.glob("*") if file.is_file()}

    @invariant()
    def no_comment_is_lost(self) -> None:
        text = self.path.read_text() if self.path.exists() else ""
        assert all(comment in text for comment in self.comments)

    @invariant()
    def no_value_is_lost(self) -> None:
        """Each of the person's values stands in the file, or in a copy."""
        if self.theirs is None or not self.path.exists():
            return
        kept = b"".join([self.path.read_bytes(), *self.state().values()])
        for value in _texts(self.theirs):
            assert value.encode() in kept, value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)


@contextmanager
def failing_writes(number: int) -> Iterator[None]:
    """The ``number``-th write of a person's file fails, and is half done where that can be."""
    write, count = module.write, 0

    def writes(path: Path, content: bytes, mode: int) -> None:
        nonlocal count
        count += 1
        if count == number:
            raise OSError("no space is left")
        write(path, content, mode)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "write", writes)
        yield


BOUNDS = settings(
    max_examples=40,
    stateful_step_count=12,
    deadline=None,
    # A sequence that fails is short enough as it is.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
TestSequences = Sequences.TestCase
TestSequences.settings = BOUNDS


# A defect is met in time: the first sequence that shows it ends the search.
LONG = settings(BOUNDS, max_examples=1000)


def whole_copy(note: Any, content: bytes | None, notes: Any) -> Undone:
    """A defect: the file is put back as it was, whatever came in between."""
    return Undone(notes.copy(note.base) if note.existed else None)


def test_an_undo_of_whole_files_is_caught() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "undone", whole_copy)
        with pytest.raises(AssertionError):
            run_state_machine_as_test(Sequences, settings=LONG)


def test_a_note_that_outlives_a_failed_write_is_caught() -> None:
    """A defect: what failed is not rolled back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connections, "_roll_back", lambda *_: None)
        with pytest.raises(AssertionError):
            run_state_machine_as_test(Sequences, settings=LONG)
