"""A change is made whole or not at all, and exactly what was set is taken back."""

import contextlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tomlkit

from codeplan.cli.editing import connections as module
from codeplan.cli.editing.connections import Changed, Connections, HalfDone
from codeplan.cli.editing.edits import NotEditable
from codeplan.cli.editing.formats import Document
from codeplan.cli.editing.notes import Notes
from codeplan.cli.editing.undo import settled
from codeplan.clients.base import Client
from codeplan.clients.set_up import Plan, SetUp
from codeplan.config.build_clients import built_in_clients

KEY = "cp-secret0123456789abcdef"
OTHER_KEY = "cp-second0123456789abcdef"
WITH_SET_UP = [one for one in built_in_clients().known if one.set_up(Plan("u", "k", "a", "b"))]


def plan_with(key: str = KEY, large: str = "glm-4.6") -> Plan:
    return Plan("http://127.0.0.1:8787", key, large, "glm-4.5-air")


def set_ups_of(tool: str, key: str = KEY, large: str = "glm-4.6") -> Sequence[SetUp]:
    client = built_in_clients().named(tool)
    assert client is not None
    return client.set_up(plan_with(key, large))


class Home:
    """A person's home folder, and what they and `connect` do in it."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        self.connections = Connections(folder, environ)

    def file(self, name: str, content: bytes | None = None) -> Path:
        path = self.folder / name
        if content is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return path

    def connect(self, tool: str = "claude-code", key: str = KEY, large: str = "glm-4.6") -> None:
        set_ups = set_ups_of(tool, key, large)
        self.connections.do(tool, self.connections.plan(tool, set_ups, key), key)

    def state(self) -> list[Path]:
        return sorted(path for path in self.connections.notes.folder.glob("*") if path.is_file())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


SETTINGS = ".claude/settings.json"


def read(path: Path) -> Any:
    return json.loads(path.read_bytes())


@pytest.mark.parametrize("client", WITH_SET_UP, ids=lambda client: client.id)
def test_a_new_file_is_private_and_goes_again(client: Client, home: Home) -> None:
    home.connect(client.id)
    written = [home.folder / set_up.files[0] for set_up in client.set_up(plan_with())]
    assert any(KEY.encode() in path.read_bytes() for path in written)
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in written)
    assert not any(KEY.encode() in path.read_bytes() for path in home.state())
    again = home.connections.plan(client.id, client.set_up(plan_with()), KEY)
    assert not any(change.changes_anything for change in again)
    home.connections.undo(client.id)
    assert [path for path in home.folder.iterdir() if path.name != ".local"] == []
    assert home.state() == []


def test_what_was_edited_between_two_connects_stays(home: Home) -> None:
    path = home.file(SETTINGS, b'{\n  "model": "opus" // mine\n}\n')
    home.connect()
    text = path.read_bytes()
    path.write_bytes(text.replace(b"// mine\n", b'// mine\n  "permissions": {"allow": []},\n'))
    home.connect(key=OTHER_KEY)
    (result,) = home.connections.undo("claude-code")
    assert path.read_bytes() == (
        b'{\n  "model": "opus" // mine\n  "permissions": {"allow": []},\n}\n'
    ).replace(b'"opus" //', b'"opus", //').replace(b"[]},", b"[]}")
    assert result.changed == ()
    assert home.state() == []


def test_what_a_tool_adds_to_its_file_stays(home: Home) -> None:
    path = home.file(".qwen/settings.json", b'{\n  "ui": {"theme": "Default"}\n}\n')
    home.connect("qwen-code")
    path.write_text(json.dumps({**read(path), "$version": 4}, indent=2))
    home.connections.undo("qwen-code")
    assert read(path) == {"ui": {"theme": "Default"}, "$version": 4}
    codex = home.file(".codex/config.toml", b'model = "gpt-5" # mine\n')
    home.connect("codex")
    added = b'\n[mcp_servers.files]\ncommand = "files"\n'
    codex.write_bytes(codex.read_bytes() + added)
    home.connections.undo("codex")
    assert codex.read_bytes() == b'model = "gpt-5" # mine\n' + added


def test_a_setting_that_was_changed_since_is_its_persons(home: Home) -> None:
    path = home.file(".codex/config.toml", b'model = "gpt-5"\n')
    home.connect("codex")
    path.write_bytes(path.read_bytes().replace(b'model = "glm-4.6"', b'model = "glm-4.5-air"'))
    (result,) = home.connections.undo("codex")
    assert path.read_bytes() == b'model = "glm-4.5-air"\n'
    assert result.changed == (("model",),)
    assert Path(result.copies[0]).read_bytes() == b'model = "gpt-5"\n'
    home.connect("codex")
    assert Path(result.copies[0]).read_bytes() == b'model = "gpt-5"\n'


def test_what_stood_in_a_file_that_was_deleted_is_kept_and_named(home: Home) -> None:
    path = home.file(SETTINGS, b'{"env": {"ANTHROPIC_API_KEY": "mine"}, "model": "opus"}')
    home.connect()
    path.write_bytes(b'{"theme": "x"}')
    home.connect()
    path.unlink()
    home.connect()
    (result,) = home.connections.undo("claude-code")
    assert [Path(copy).read_bytes() for copy in result.copies] == [
        b'{"env": {"ANTHROPIC_API_KEY": "mine"}, "model": "opus"}',
        b'{"theme": "x"}',
    ]
    assert not path.exists()


@pytest.mark.parametrize("failing", range(1, 6))
def test_a_disconnect_that_is_cut_off_can_be_done_again(
    failing: int, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each step that changes something."""
    path = home.file(".config/goose/config.yaml", b"GOOSE_MODEL: mine\n")
    home.connect("goose")
    steps = 0

    def cut_off(step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == failing:
                raise KeyboardInterrupt
            return step(*arguments)

        return run

    with monkeypatch.context() as patch:
        patch.setattr(module, "write", cut_off(module.write))
        patch.setattr(Notes, "write", cut_off(Notes.write))
        patch.setattr(Notes, "drop", cut_off(Notes.drop))
        with contextlib.suppress(KeyboardInterrupt):
            home.connections.undo("goose")
    if settled(home.connections.notes, "goose"):
        home.connections.undo("goose")
    assert path.read_bytes() == b"GOOSE_MODEL: mine\n"
    assert not (path.parent / "secrets.yaml").exists()


def test_values_go_also_where_the_copy_is_gone(home: Home) -> None:
    path = home.file(SETTINGS, b'{"model": "opus", "a": 1}')
    home.connect()
    for copy in home.connections.notes.folder.glob("*.copy"):
        copy.unlink()
    with pytest.raises(NotEditable, match="the copy of it is gone"):
        home.connections.undo("claude-code", force=True)
    home.connections.undo("claude-code")
    assert read(path) == {"model": "opus", "a": 1}
    assert home.state() == []


def test_a_note_that_is_pending_holds_where_something_of_it_stands(home: Home) -> None:
    path = home.file(SETTINGS, b'{"env": {"ANTHROPIC_API_KEY": "mine"}}')
    home.connect()
    notes = home.connections.notes
    noted = notes.read("claude-code")
    pending = {name: msgspec.structs.replace(note, pending=True) for name, note in noted.items()}
    notes.write("claude-code", pending)
    path.write_text(json.dumps({**read(path), "added": 1}))
    home.connections.undo("claude-code")
    assert read(path) == {"env": {"ANTHROPIC_API_KEY": "mine"}, "added": 1}


@pytest.mark.parametrize(("first", "second"), [(0o644, 0o600), (0o600, 0o644), (0o644, 0o640)])
def test_the_mode_of_a_file_that_was_put_there_since_is_its_own(
    first: int, second: int, home: Home
) -> None:
    path = home.file(SETTINGS, b"{}\n")
    path.chmod(first)
    home.connect()
    path.unlink()
    home.file(SETTINGS, b'{"a": 1}').chmod(second)
    home.connections.undo("claude-code")
    assert path.stat().st_mode & 0o777 == second
    home.connect()
    path.unlink()
    home.file(SETTINGS, b'{"a": 1}').chmod(second)
    home.connect()
    home.connections.undo("claude-code")
    assert path.stat().st_mode & 0o777 == second


def test_a_relative_folder_is_found_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home.folder)
    there = Home(home.folder, CLAUDE_CONFIG_DIR="cc", XDG_STATE_HOME="st")
    there.connect()
    assert (home.folder / "cc/settings.json").exists()
    monkeypatch.chdir("/")
    home.connections.undo("claude-code")
    assert not (home.folder / "cc").exists()


def test_a_connect_that_fails_leaves_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise PermissionError("no")

    with monkeypatch.context() as patch:
        patch.setattr(module, "write", fails)
        with pytest.raises(PermissionError):
            home.connect()
    assert home.state() == []
    assert not (home.folder / ".claude").exists()
    path = home.file(SETTINGS, b'{"model": "opus"}')
    home.connect()
    home.connections.undo("claude-code")
    assert path.read_bytes() == b'{"model": "opus"}'


def test_two_files_change_both_or_none(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = home.file(".config/goose/config.yaml", b"GOOSE_MODEL: mine\n")
    write = module.write

    def fails_for_secrets(path: Path, content: bytes, mode: int) -> None:
        if path.name == "secrets.yaml":
            raise OSError("the disk is full")
        write(path, content, mode)

    with monkeypatch.context() as patch:
        patch.setattr(module, "write", fails_for_secrets)
        with pytest.raises(OSError, match="full"):
            home.connect("goose")
    assert path.read_bytes() == b"GOOSE_MODEL: mine\n"
    assert home.state() == []


def test_a_command_that_was_cut_off_is_told_by_what_the_files_hold(home: Home) -> None:
    """Between the first file and the second, and before the first."""
    first = home.file(".config/goose/config.yaml", b"GOOSE_MODEL: mine\n")
    changes = home.connections.plan("goose", set_ups_of("goose"), KEY)
    notes = home.connections.notes
    home.connections.do("goose", changes, KEY)
    noted = notes.read("goose")
    notes.write(
        "goose",
        {path: msgspec.structs.replace(note, pending=True) for path, note in noted.items()},
    )
    (home.folder / ".config/goose/secrets.yaml").unlink()
    assert list(settled(notes, "goose")) == [str(first)]
    home.connections.undo("goose")
    assert first.read_bytes() == b"GOOSE_MODEL: mine\n"


def test_a_file_that_changes_meanwhile_is_not_written(home: Home) -> None:
    path = home.file(".codex/config.toml", b'model = "a"\n')
    changes = home.connections.plan("codex", set_ups_of("codex"), KEY)
    path.write_bytes(b'model = "a"\n# edit while asked\n')
    with pytest.raises(Changed):
        home.connections.do("codex", changes, KEY)
    assert path.read_bytes() == b'model = "a"\n# edit while asked\n'
    assert home.state() == []


def test_a_file_that_was_replaced_or_deleted_is_left_alone(home: Home) -> None:
    path = home.file(SETTINGS, b'{"env": {"ANTHROPIC_API_KEY": "mine"}, "model": "opus"}')
    home.connect()
    path.write_bytes(b'{"theme": "light"}')
    (result,) = home.connections.undo("claude-code")
    assert path.read_bytes() == b'{"theme": "light"}'
    assert b"mine" in Path(result.copies[0]).read_bytes()
    home.connect()
    path.unlink()
    (result,) = home.connections.undo("claude-code")
    assert result.is_gone
    assert not path.exists()
    assert Path(result.copies[0]).read_bytes() == b'{"theme": "light"}'


def test_force_puts_the_file_back_and_keeps_what_stood_there(home: Home) -> None:
    path = home.file(SETTINGS, b'{"model": "opus"}')
    home.connect()
    path.write_bytes(b'{"not": "json"')
    with pytest.raises(NotEditable, match="line 1 is not JSON"):
        home.connections.undo("claude-code")
    assert path.read_bytes() == b'{"not": "json"'
    (result,) = home.connections.undo("claude-code", force=True)
    assert path.read_bytes() == b'{"model": "opus"}'
    assert Path(result.replaced).read_bytes() == b'{"not": "json"'


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o600, 0o400, 0o444])
def test_a_file_with_a_key_is_its_owners_alone_until_disconnect(home: Home, mode: int) -> None:
    path = home.file(SETTINGS, b"{}\n")
    path.chmod(mode)
    home.connect()
    assert path.stat().st_mode & 0o777 == mode & 0o700
    home.connections.undo("claude-code")
    assert path.stat().st_mode & 0o777 == mode
    assert path.read_bytes() == b"{}\n"


def test_links_stay_links(home: Home) -> None:
    kept = home.file("dotfiles/settings.json", b'{"model": "opus"}\n')
    path = home.folder / SETTINGS
    path.parent.mkdir()
    path.symlink_to(kept)
    hard = home.folder / "hard.json"
    os.link(kept, hard)
    home.connect()
    assert path.is_symlink()
    assert KEY.encode() in kept.read_bytes()
    assert hard.stat().st_ino == kept.stat().st_ino
    home.connections.undo("claude-code")
    assert kept.read_bytes() == hard.read_bytes() == b'{"model": "opus"}\n'
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(OSError, match=r"settings\.json"):
        home.connect()


def test_a_link_that_is_pointed_elsewhere_takes_nothing_along(home: Home) -> None:
    first = home.file("one/settings.json", b'{"model": "opus"}\n')
    second = home.file("two/settings.json", b'{"theme": "x"}\n')
    path = home.folder / SETTINGS
    path.parent.mkdir()
    path.symlink_to(first)
    home.connect()
    path.unlink()
    path.symlink_to(second)
    home.connect()
    assert KEY.encode() in second.read_bytes()
    home.connections.undo("claude-code")
    assert first.read_bytes() == b'{"model": "opus"}\n'
    assert second.read_bytes() == b'{"theme": "x"}\n'


def test_a_roll_back_that_fails_is_said(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.file(".config/goose/config.yaml", b"a: 1\n")
    write, count = module.write, 0

    def fails_from_the_second_on(*arguments: Any) -> None:
        nonlocal count
        count += 1
        if count > 1:
            raise OSError("the disk is full")
        write(*arguments)

    monkeypatch.setattr(module, "write", fails_from_the_second_on)
    with pytest.raises(HalfDone, match="could not be taken back"):
        home.connect("goose")


def test_the_owner_stays(home: Home) -> None:
    if os.geteuid() != 0:
        # Nobody else can give a file away: what is new is whose who writes it.
        path = home.file(SETTINGS, b"{}\n")
        home.connect()
        assert path.stat().st_uid == os.geteuid()
        return
    path = home.file(SETTINGS, b"{}\n")
    for place in (home.folder, path.parent, path):
        os.chown(place, 1234, 1235)
    home.connect()
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 1235)
    home.connect("codex")
    new = home.folder / ".codex"
    assert {place.stat().st_uid for place in (new, new / "config.toml")} == {1234}
    home.connections.undo("claude-code")
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 1235)


def test_the_folder_that_the_tool_looks_in_is_followed(tmp_path: Path) -> None:
    home = Home(tmp_path, CLAUDE_CONFIG_DIR=str(tmp_path / "cc"), XDG_CONFIG_HOME=f"{tmp_path}/xdg")
    home.connect()
    home.connect("opencode")
    assert (tmp_path / "cc/settings.json").exists()
    assert (tmp_path / "xdg/opencode/opencode.json").exists()
    assert not (tmp_path / ".claude").exists()
    assert not (tmp_path / ".config").exists()
    # Each file that was written is taken back, wherever the variable points by then.
    elsewhere = Home(tmp_path)
    elsewhere.connect()
    elsewhere.connections.undo("claude-code")
    assert not (tmp_path / "cc").exists()
    assert not (tmp_path / ".claude").exists()


def test_the_file_that_wins_is_changed(home: Home) -> None:
    plain = home.file(".config/opencode/opencode.json", b'{"$schema": "x"}')
    wins = home.file(
        ".config/opencode/opencode.jsonc", b'{\n  "model": "openai/gpt-5", // mine\n}\n'
    )
    home.connect("opencode")
    assert plain.read_bytes() == b'{"$schema": "x"}'
    assert b'"model": "codeplan/glm-4.6", // mine' in wins.read_bytes()
    home.connections.undo("opencode")
    assert wins.read_bytes() == b'{\n  "model": "openai/gpt-5", // mine\n}\n'


def test_what_an_earlier_plan_set_goes_with_it(home: Home) -> None:
    path = home.file(".config/opencode/opencode.json", b'{"provider": {}}')
    home.connect("opencode", large="glm-4.6")
    home.connect("opencode", large="glm-5")
    models = read(path)["provider"]["codeplan"]["models"]
    assert sorted(models) == ["glm-4.5-air", "glm-5"]
    home.connections.undo("opencode")
    assert path.read_bytes() == b'{"provider": {}}'


def test_a_note_of_the_first_version_is_understood(home: Home) -> None:
    path = home.file(SETTINGS, b'{"env": {"A": 1}}')
    folder = home.connections.notes.folder
    folder.mkdir(parents=True)
    (folder / "claude-code.0.before").write_bytes(b"{}")
    left_as = module.content_hash(path.read_bytes())
    note = {"path": str(path), "existed": True, "copy": "claude-code.0.before", "left_as": left_as}
    (folder / "claude-code.json").write_text(json.dumps([note]))
    path.write_bytes(b'{"env": {"A": 2}}')
    with pytest.raises(NotEditable, match="earlier codeplan"):
        home.connections.undo("claude-code")
    path.write_bytes(b'{"env": {"A": 1}}')
    home.connections.undo("claude-code")
    assert path.read_bytes() == b"{}"


@pytest.mark.parametrize(
    ("tool", "name", "content"),
    [
        ("codex", ".codex/config.toml", b'\xef\xbb\xbfmodel = "gpt-5"\n'),
        ("codex", ".codex/config.toml", b'model = "x"\r\n\r\n[tui]\r\na = 1\r\n'),
        ("claude-code", SETTINGS, b'{\r\n  "model": "opus"\r\n}\r\n'),
        ("goose", ".config/goose/config.yaml", b"\xef\xbb\xbfGOOSE_MODEL: a\n"),
        ("claude-code", SETTINGS, b'{"env":{},"env":{"A":"b"}}\n'),
        ("opencode", ".config/opencode/opencode.jsonc", b"// nothing yet\n"),
        ("opencode", ".config/opencode/opencode.json", b'{"a":1}'),
    ],
)
def test_marks_and_line_ends_stay(tool: str, name: str, content: bytes, home: Home) -> None:
    path = home.file(name, content)
    home.connect(tool)
    text = path.read_bytes()
    assert text.startswith(b"\xef\xbb\xbf") == content.startswith(b"\xef\xbb\xbf")
    assert text.count(b"\xef\xbb\xbf") <= 1
    assert text.count(b"\r\n") in (0, text.count(b"\n"))
    assert (b"\r\n" in text) == (b"\r\n" in content)
    again = home.connections.plan(tool, set_ups_of(tool), KEY)
    assert not any(change.changes_anything for change in again)
    home.connections.undo(tool)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("tool", "name", "content"),
    [
        ("codex", ".codex/config.toml", b'model_providers = "x"\n'),
        ("goose", ".config/goose/config.yaml", b"GOOSE_MODEL: &m gpt # c\nOTHER: *m\n"),
        ("goose", ".config/goose/config.yaml", b"- a\n"),
        ("goose", ".config/goose/config.yaml", "GOOSE_MODEL: ü\n".encode("utf-16")),
        ("claude-code", SETTINGS, b'{\n  "a": 1\n  "b": 2\n}\n'),
        ("claude-code", SETTINGS, b'{"a": nope, "b": 1}\n'),
        ("claude-code", SETTINGS, b'{"a":1} trailing\n'),
        ("claude-code", SETTINGS, b'{"env": "x"}\n'),
    ],
)
def test_what_cannot_be_changed_is_left_and_named(
    tool: str, name: str, content: bytes, home: Home
) -> None:
    path = home.file(name, content)
    with pytest.raises(NotEditable) as refusal:
        home.connect(tool)
    assert str(refusal.value).startswith(f"{path}: ")
    assert "\n" not in str(refusal.value)
    assert path.read_bytes() == content
    assert home.state() == []


def test_what_a_tool_stamps_anew_goes_with_what_was_set(home: Home) -> None:
    """Cline reads a provider that has nothing but a time as a broken file."""
    path = home.file(".cline/data/settings/providers.json", b'{"version": 1, "providers": {}}')
    home.connect("cline")
    settings = read(path)
    settings["providers"]["openai-compatible"]["updatedAt"] = "2026-11-28T14:53:58.062Z"
    path.write_text(json.dumps({**settings, "modes": {}}, indent=2))
    again = home.connections.plan("cline", set_ups_of("cline"), KEY)
    assert not any(change.changes_anything for change in again)
    home.connections.undo("cline")
    assert read(path) == {"version": 1, "providers": {}, "modes": {}}


@pytest.mark.parametrize(
    ("tool", "name", "before", "rewritten"),
    [
        ("codex", ".codex/config.toml", b"model_providers = {}\n",
         lambda settings: tomlkit.dumps(settings)),
        ("goose", ".config/goose/config.yaml", b"providers: {}\nGOOSE_MODEL: 2024-05-13\n",
         lambda settings: json.dumps(settings, indent=1)),
        ("claude-code", SETTINGS, b'{"env": {}}', lambda settings: json.dumps(settings, indent=1)),
    ],
)  # fmt: skip
def test_a_rewritten_file_gets_its_values_back(
    tool: str, name: str, before: bytes, rewritten: Callable[[Any], str], home: Home
) -> None:
    path = home.file(name, before)
    home.connect(tool)
    format_ = set_ups_of(tool)[0].format
    path.write_text(rewritten(Document.of(path.read_bytes(), format_).settings()))
    home.connections.undo(tool)
    assert Document.of(path.read_bytes(), format_).settings() == (
        Document.of(before, format_).settings()
    )


@pytest.mark.parametrize(
    ("tool", "name", "content"),
    [
        ("claude-code", SETTINGS, b'{"a": ' + b"9" * 5000 + b"}"),
        ("claude-code", SETTINGS, b'{"a": ' + b"[" * 950 + b"]" * 950 + b"}"),
        ("codex", ".codex/config.toml", b"a = " + b"9" * 5000 + b"\n"),
        ("goose", ".config/goose/config.yaml", b"a: &a [*a]\n"),
        ("goose", ".config/goose/config.yaml", b"a: &a {b: *a}\n"),
    ],
)
def test_no_content_ends_in_a_traceback(tool: str, name: str, content: bytes, home: Home) -> None:
    path = home.file(name, content)
    try:
        home.connect(tool)
        home.connections.undo(tool)
    except NotEditable as refusal:
        assert "\n" not in str(refusal)
    assert path.read_bytes() == content


def test_a_broken_note_is_named(home: Home) -> None:
    home.connect()
    note = home.connections.notes.folder / "claude-code.json"
    note.write_bytes(note.read_bytes()[:-9])
    for act in (home.connect, lambda: home.connections.undo("claude-code")):
        with pytest.raises(NotEditable, match=r"claude-code\.json is broken"):
            act()
