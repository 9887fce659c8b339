"""The gathered configuration files are what their tools' own parsers read."""

import json
import re
import tomllib
from pathlib import Path

import pytest

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
