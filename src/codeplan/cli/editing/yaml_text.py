"""Setting and removing values in a YAML text, leaving everything else as it stands.

ruamel.yaml says where each value is, and reads the result; it does not write: no YAML writer keeps
every byte. A value that others refer to by its anchor is not changed.
"""

import json
import re
from collections.abc import Callable, Iterable
from datetime import date
from math import isfinite
from typing import Any
from warnings import catch_warnings, simplefilter

from ruamel.yaml import YAML, CollectionNode, MappingNode, Node, ScalarNode
from ruamel.yaml.composer import ComposerError
from ruamel.yaml.constructor import ConstructorError, DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from codeplan.cli.editing.edits import ABSENT, Edit, NotEditable
from codeplan.clients.set_up import Path, nest

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_END = re.compile(r"^\.\.\.[ \t]*\r?$", re.MULTILINE)
_WORDS_FOR: dict[type[MarkedYAMLError], str] = {
    DuplicateKeyError: ": a name stands twice",
    ComposerError: ": an alias leads nowhere, or a second document follows",
    ConstructorError: ": a tag is not known",
}
# Behind a value, up to the line's end.
_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?:\r?\n|$)")


def parse(text: bytes) -> dict[str, Any]:
    """The settings of a YAML text; none in an empty one. Raises NotEditable, naming the line."""
    value = _read(YAML(typ="safe", pure=True).load, text.decode())
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise NotEditable("it is not a YAML mapping")
    return value


def _read(reader: Callable[[str], Any], text: str) -> Any:
    """What ruamel.yaml makes of a text; what it says of it is not shown, since it quotes values,
    which may be keys."""
    try:
        with catch_warnings():
            simplefilter("ignore")
            return reader(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}" if mark else "it"
        says = next((words for kind, words in _WORDS_FOR.items() if isinstance(error, kind)), "")
        raise NotEditable(f"{line} is not YAML{says}") from None
    except (YAMLError, ValueError) as error:
        raise NotEditable(f"it is not YAML: {type(error).__name__}") from None


def edited(text: bytes, edits: Iterable[Edit], newline: bytes) -> bytes:
    """The text after these edits. Raises NotEditable."""
    words, line_end = text.decode(), newline.decode()
    edits = list(edits)
    for edit in edits:
        if edit.value is ABSENT:
            words = _removed(words, edit.path)
    root = _root(words)
    # What is new at the root is put there in one piece: a large file is read slowly.
    new: dict[str, Any] = {}
    for edit in edits:
        if edit.value is ABSENT:
            continue
        if root is None or _pair(root, edit.path[0]) is None:
            nest(new, edit.path, edit.value)
        else:
            words = _set(words, edit.path, edit.value, line_end)
    return (_with_new(words, new, line_end) if new else words).encode()


def _with_new(text: str, values: dict[str, Any], newline: str) -> str:
    node = _root(text)
    if node is not None:
        return _inserted(text, node, values, newline)
    end = _END.search(text)
    place = end.start() if end else len(text)
    gap = newline if place and text[place - 1] != "\n" else ""
    return text[:place] + gap + _lines(values, "", newline) + text[place:]


def _set(text: str, path: Path, value: Any, newline: str) -> str:
    """A value below a name that the root has."""
    node = _root(text)
    for depth, key in enumerate(path):
        assert node is not None, "a name of the root is there"
        pair, rest = _pair(node, key), path[depth + 1 :]
        if pair is None:
            new: dict[str, Any] = {}
            nest(new, path[depth:], value)
            return _inserted(text, node, new, newline)
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


def _inserted(text: str, node: MappingNode, values: dict[str, Any], newline: str) -> str:
    """New pairs behind the last one of a mapping."""
    if node.flow_style:
        end = _span(text, node.value[-1])[1] if node.value else node.start_mark.index + 1
        separator = ", " if node.value else ""
        return text[:end] + separator + _written(values)[1:-1] + text[end:]
    last = node.value[-1]
    # A mapping may begin with its tag, a key with a question mark.
    column = min(node.start_mark.column, node.value[0][0].start_mark.column)
    lines = _lines(values, " " * column, newline)
    if getattr(_last(last[1]), "style", None) in ("|", ">"):
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
    node = _read(YAML(pure=True).compose, text)
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
    is_block = isinstance(value, CollectionNode) and not value.flow_style
    return value.start_mark.index, (_last(value) if is_block else value).end_mark.index


def _last(node: Node) -> Node:
    """The last value inside a value: a block's own end is where the next one begins, behind the
    comments between them."""
    while isinstance(node, CollectionNode) and not node.flow_style and node.value:
        item = node.value[-1]
        node = item[1] if isinstance(item, tuple) else item
    return node


def _line_end(text: str, pair: tuple[Node, Node]) -> int:
    """The end of the last line of a pair, behind its line break."""
    _, end = _span(text, pair)
    if text[:end].endswith("\n"):
        return end
    rest = _REST_OF_LINE.match(text, end)
    return rest.end() if rest else end


def _lines(values: dict[str, Any], indent: str, newline: str) -> str:
    """Pairs, a line each, and those of a mapping indented below it."""
    lines = []
    for key, value in values.items():
        is_plain = _PLAIN_KEY.fullmatch(key) and key.lower() not in _WORDS
        name = key if is_plain else json.dumps(key, ensure_ascii=False)
        if isinstance(value, dict) and value and all(isinstance(inner, str) for inner in value):
            lines += [f"{indent}{name}:{newline}", _lines(value, f"{indent}  ", newline)]
        else:
            lines.append(f"{indent}{name}: {_written(value)}{newline}")
    return "".join(lines)


def _written(value: Any) -> str:
    """As JSON, which is YAML too, but for what JSON has not."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_written(k)}: {_written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not isfinite(value):
        return ".nan" if value != value else ".inf" if value > 0 else "-.inf"
    return json.dumps(value, ensure_ascii=False)
