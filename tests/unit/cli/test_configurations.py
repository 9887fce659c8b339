"""The gathered configuration files are what their tools' own parsers read, and connecting gives
each of them back."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from codeplan.cli.editing.connections import Connections
from codeplan.cli.editing.edits import Edit, NotEditable, applied, same
from codeplan.cli.editing.formats import Document
from codeplan.clients.set_up import Plan
from codeplan.config.build_clients import built_in_clients

FOLDER = Path(__file__).with_name("configurations")
FILES = sorted(path for path in FOLDER.glob("*/*") if path.is_file())
# Who reads more than JSON. Claude Code, Cline and Crush read nothing beside it.
READS_COMMENTS = ("kilo-code", "opencode", "qwen-code")
READS_TRAILING_COMMAS = ("kilo-code", "opencode")
READS_AN_EMPTY_FILE = ("claude-code", "kilo-code", "opencode")
STRING = r'"(?:[^"\\]|\\.)*"'
MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


def text_of(path: Path) -> str:
    """The text without the mark that an editor may put at the start."""
    return path.read_bytes().decode("utf-8").removeprefix(MARK)


def without_comments(text: str) -> str:
    return re.sub(
        rf"({STRING})|//[^\r\n]*|/\*.*?\*/", lambda match: match[1] or " ", text, flags=re.DOTALL
    )


def without_trailing_commas(text: str) -> str:
    return re.sub(rf"({STRING})|,(?=\s*[}}\]])", lambda match: match[1] or "", text)


def names(path: Path) -> str:
    return str(path.relative_to(FOLDER))


def test_there_is_a_file_of_every_kind_for_every_tool() -> None:
    tools = {path.parent.name for path in FILES}
    assert len(tools) == 8
    assert len(FILES) >= 115
    for tool in tools:
        contents = [path.read_bytes() for path in FILES if path.parent.name == tool]
        assert len(contents) >= 14, tool
        assert len(set(contents)) == len(contents), tool
        assert any(b"\r\n" in content for content in contents), tool
        assert any(not content.endswith(b"\n") for content in contents), tool
        assert any(content.count(b"\n") >= 400 for content in contents), tool


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.suffix in (".json", ".jsonc")], ids=names
)
def test_a_json_file_is_what_its_tool_reads(path: Path) -> None:
    text = text_of(path)
    if path.parent.name in READS_COMMENTS:
        text = without_comments(text)
    if path.parent.name in READS_TRAILING_COMMAS:
        text = without_trailing_commas(text)
    if text.strip():
        assert isinstance(json.loads(text), dict)
    else:
        assert path.parent.name in READS_AN_EMPTY_FILE
        assert path.stem in ("empty", "only-comments")


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".toml"], ids=names)
def test_a_toml_file_is_what_its_tool_reads(path: Path) -> None:
    tomllib.loads(text_of(path))


# Read by libyaml, and not by ruamel.yaml: a tab stands between a value and its comment.
REFUSED = {"goose/tab-before-comment.yaml"}
PLAN = Plan("http://127.0.0.1:8787", "cp-secret0123456789abcdef", "glm-4.6", "glm-4.5-air")


@pytest.mark.parametrize("path", FILES, ids=names)
def test_what_is_set_and_taken_back_leaves_every_byte(path: Path, tmp_path: Path) -> None:
    client = built_in_clients().named(path.parent.name)
    assert client is not None
    set_ups = client.set_up(PLAN)
    is_second = path.name.startswith("secrets-")
    place = next(
        tmp_path / name
        for name in (set_ups[1] if is_second else set_ups[0]).files
        if name.endswith(path.suffix)
    )
    place.parent.mkdir(parents=True)
    place.write_bytes(path.read_bytes())
    connections = Connections(tmp_path, {})
    if names(path) in REFUSED:
        with pytest.raises(NotEditable, match="line"):
            connections.plan(client.id, set_ups, PLAN.key)
        return
    connections.do(client.id, connections.plan(client.id, set_ups, PLAN.key), PLAN.key)
    assert PLAN.key.encode() in b"".join(file.read_bytes() for file in place.parent.iterdir())
    again = connections.plan(client.id, set_ups, PLAN.key)
    assert not any(change.changes_anything for change in again)
    connections.undo(client.id)
    assert place.read_bytes() == path.read_bytes()
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [place]


@pytest.mark.parametrize("path", FILES, ids=names)
def test_what_is_taken_back_by_values_leaves_what_was_added(path: Path, tmp_path: Path) -> None:
    """The person adds a line at the end: nothing else may differ from their file and that line."""
    client = built_in_clients().named(path.parent.name)
    assert client is not None
    if names(path) in REFUSED or path.name.startswith("secrets-"):
        return
    set_up = client.set_up(PLAN)[0]
    format_, content = set_up.format, path.read_bytes()
    place = tmp_path / next(name for name in set_up.files if name.endswith(path.suffix))
    place.parent.mkdir(parents=True)
    place.write_bytes(content)
    connections = Connections(tmp_path, {})
    connections.do(client.id, connections.plan(client.id, [set_up], PLAN.key), PLAN.key)
    added = Edit(("added-by-hand",), "stays")
    place.write_bytes(Document.of(place.read_bytes(), format_).edited([added]))
    connections.undo(client.id)
    now, before = place.read_bytes(), Document.of(content, format_).settings()
    assert same(Document.of(now, format_).settings(), applied(before, [added]))
    comments = re.findall(rb"(?m)^[ \t]*(?:#|//).*$", content)
    assert all(comment.strip() in now for comment in comments)
