"""Setting and removing values in a YAML text, leaving everything else as it stands.

ruamel.yaml says where each value is, and reads the result; it does not write: no YAML writer keeps
every byte. A value that others refer to by its anchor is not changed.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

from ruamel.yaml import YAML, MappingNode, Node, ScalarNode
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from codeplan.cli.editing.edits import ABSENT, Edit, NotEditable
from codeplan.clients.set_up import Path

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_END = re.compile(r"^\.\.\.[ \t]*\r?$", re.MULTILINE)
# Behind a value, up to the line's end.
_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?:\r?\n|$)")


def parse(text: bytes) -> dict[str, Any]:
    """The settings of a YAML text; none in an empty one. Raises NotEditable, naming the line."""
    try:
        value = YAML(typ="safe", pure=True).load(text.decode())
    except MarkedYAMLError as error:
        raise _refusal(error) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise NotEditable(f"it is not YAML: {type(error).__name__}") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise NotEditable("it is not a YAML mapping")
    return value


def _refusal(error: MarkedYAMLError) -> NotEditable:
    """In one line, without the text around it: that may hold a key."""
    mark = error.problem_mark or error.context_mark
    line = f"line {mark.line + 1}" if mark else "it"
    return NotEditable(f"{line} is not YAML: {(error.problem or error.context).splitlines()[0]}")


def edited(text: bytes, edits: Iterable[Edit], newline: bytes) -> bytes:
    """The text after these edits. Raises NotEditable."""
    words = text.decode()
    for edit in edits:
        if edit.value is ABSENT:
            words = _removed(words, edit.path)
        else:
            words = _set(words, edit.path, edit.value, newline.decode())
    return words.encode()


def _set(text: str, path: Path, value: Any, newline: str) -> str:
    node = _root(text)
    if node is None:
        end = _END.search(text)
        place = end.start() if end else len(text)
        gap = newline if place and text[place - 1] != "\n" else ""
        return text[:place] + gap + _lines(path, value, "", newline) + text[place:]
    for depth, key in enumerate(path):
        pair, rest = _pair(node, key), path[depth + 1 :]
        if pair is None:
            return _inserted(text, node, path[depth:], value, newline)
        inner = pair[1]
        if rest and isinstance(inner, MappingNode) and not _is_alias(pair):
            node = inner
            continue
        for outer in reversed(rest):
            value = {outer: value}
        return _replaced(text, pair, value, newline)
    raise AssertionError("a path has a step")


def _replaced(text: str, pair: tuple[Node, Node], value: Any, newline: str) -> str:
    written = _written(value)
    start, end = _span(text, pair)
    if start == end:
        colon = text.index(":", pair[0].end_mark.index) + 1
        return f"{text[:colon]} {written}{text[colon:]}"
    ends_line = newline if text[start:end].endswith("\n") else ""
    gap = "" if text[:start].endswith((" ", "\t")) else " "
    return text[:start] + gap + written + ends_line + text[end:]


def _inserted(text: str, node: MappingNode, path: Path, value: Any, newline: str) -> str:
    """A pair behind the last one of a mapping."""
    if node.flow_style:
        close = node.end_mark.index - 1
        head = text[:close].rstrip()
        separator = "" if not node.value or head.endswith(",") else ", "
        for outer in reversed(path[1:]):
            value = {outer: value}
        return f"{head}{separator}{json.dumps(path[0])}: {_written(value)}{text[close:]}"
    last = node.value[-1]
    lines = _lines(path, value, " " * node.start_mark.column, newline)
    if getattr(last[1], "style", None) in ("|", ">"):
        # What follows such a value may be read as a part of it.
        line = last[0].start_mark.index - last[0].start_mark.column
        return text[:line] + lines + text[line:]
    end = _line_end(text, last)
    gap = "" if text[:end].endswith("\n") else newline
    return text[:end] + gap + lines + text[end:]


def _removed(text: str, path: Path) -> str:
    node = _root(text)
    for key in path[:-1]:
        pair = _pair(node, key) if node is not None else None
        inner = pair[1] if pair is not None else None
        node = inner if isinstance(inner, MappingNode) else None
    pair = _pair(node, path[-1]) if node is not None else None
    if node is None or pair is None:
        return text
    if node.flow_style:
        start, end = _in_flow(text, node, pair)
        return text[:start] + text[end:]
    start, (_, end) = pair[0].start_mark.index, _span(text, pair)
    end = max(end, text.index(":", pair[0].end_mark.index) + 1)
    if text[start:end].endswith("\n"):
        return text[: start - pair[0].start_mark.column] + text[end:]
    rest = re.match(r"[ \t]*", text[end:])
    assert rest is not None
    behind = text[end + rest.end() :]
    if behind[:1] == "#":
        return text[:start] + behind
    head = text[: start - pair[0].start_mark.column]
    return head + behind.removeprefix("\r").removeprefix("\n")


def _in_flow(text: str, node: MappingNode, pair: tuple[Node, Node]) -> tuple[int, int]:
    """A pair with one comma."""
    place = node.value.index(pair)
    start, (_, end) = pair[0].start_mark.index, _span(text, pair)
    if place:
        return _span(text, node.value[place - 1])[1], end
    return start, node.value[1][0].start_mark.index if len(node.value) > 1 else end


def _root(text: str) -> MappingNode | None:
    try:
        node = YAML(pure=True).compose(text)
    except MarkedYAMLError as error:
        raise _refusal(error) from None
    if isinstance(node, ScalarNode) and not node.value and node.style is None:
        # Nothing behind "---".
        return None
    if node is not None and not isinstance(node, MappingNode):
        raise NotEditable("it is not a YAML mapping")
    return node


def _pair(node: MappingNode, key: str) -> tuple[Node, Node] | None:
    for name, value in node.value:
        if isinstance(name, ScalarNode) and name.value == key:
            return name, value
    return None


def _is_alias(pair: tuple[Node, Node]) -> bool:
    """Whether the value is another one's, which stands before it."""
    return bool(pair[1].start_mark.index < pair[0].start_mark.index)


def _span(text: str, pair: tuple[Node, Node]) -> tuple[int, int]:
    """Where the value stands, with its anchor."""
    name, value = pair
    if _is_alias(pair):
        alias = re.compile(r"\*[^\s,\]}]+").search(text, name.end_mark.index)
        assert alias is not None
        return alias.start(), alias.end()
    return value.start_mark.index, value.end_mark.index


def _line_end(text: str, pair: tuple[Node, Node]) -> int:
    """The end of the last line of a pair, behind its line break."""
    _, end = _span(text, pair)
    if text[:end].endswith("\n"):
        return end
    rest = _REST_OF_LINE.match(text, end)
    return rest.end() if rest else end


def _lines(path: Path, value: Any, indent: str, newline: str) -> str:
    """A pair, and the mappings around it, a line each."""
    lines = []
    for depth, key in enumerate(path):
        is_plain = _PLAIN_KEY.fullmatch(key) and key.lower() not in _WORDS
        name = key if is_plain else json.dumps(key, ensure_ascii=False)
        inner = f" {_written(value)}" if depth == len(path) - 1 else ""
        lines.append(f"{indent}{'  ' * depth}{name}:{inner}{newline}")
    return "".join(lines)


def _written(value: Any) -> str:
    """JSON, which is YAML too."""
    return json.dumps(value, ensure_ascii=False)
