"""Setting and removing values in a JSON text, leaving everything else as it stands: comments, white
space, the order of keys. Comments and trailing commas (JSONC) are understood."""

import json
import re
from typing import Any

import tree_sitter_json
from tree_sitter import Language, Node, Parser

_PARSER = Parser(Language(tree_sitter_json.language()))
_REST_OF_LINE = re.compile(rb"[ \t]*(?:/\*[^\n]*?\*/[ \t]*)*(?://[^\n]*)?(?=\r?\n)")
_COMMA = re.compile(rb"(?:\s|//[^\n]*\n|/\*.*?\*/)*,", re.DOTALL)


class NotEditable(ValueError):
    """The text is not a JSON object."""


def set_value(text: bytes, path: tuple[str, ...], value: Any) -> bytes:
    """The text with this value at that path; objects on the way are made. Raises NotEditable."""
    if not text.strip():
        text = b"{}\n"
    node = _root(text)
    for depth, key in enumerate(path):
        pair = _pair(node, key)
        rest = path[depth + 1 :]
        if pair is None:
            for outer in reversed(rest):
                value = {outer: value}
            return _insert(text, node, key, value)
        inner = pair.child_by_field_name("value")
        assert inner is not None
        if not rest or inner.type != "object":
            for outer in reversed(rest):
                value = {outer: value}
            return _replace(text, inner, value)
        node = inner
    return text


def remove(text: bytes, path: tuple[str, ...]) -> bytes:
    """The text without what stands at that path, if anything does. Raises NotEditable."""
    if not text.strip():
        return text
    node = _root(text)
    for key in path[:-1]:
        pair = _pair(node, key)
        inner = pair.child_by_field_name("value") if pair else None
        if inner is None or inner.type != "object":
            return text
        node = inner
    pair = _pair(node, path[-1])
    if pair is None:
        return text
    pairs = _pairs(node)
    place = [other.id for other in pairs].index(pair.id)
    if place + 1 < len(pairs):
        return text[: pair.start_byte] + text[pairs[place + 1].start_byte :]
    start = pairs[place - 1].end_byte if place else pair.start_byte
    return text[:start] + text[pair.end_byte :]


def _root(text: bytes) -> Node:
    for node in _PARSER.parse(text).root_node.named_children:
        if node.type == "object":
            return node
        if node.type != "comment":
            break
    raise NotEditable("it is not a JSON object")


def _pairs(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type == "pair"]


def _pair(node: Node, key: str) -> Node | None:
    for pair in _pairs(node):
        name = pair.child_by_field_name("key")
        if name is not None and json.loads(name.text or b'""') == key:
            return pair
    return None


def _replace(text: bytes, node: Node, value: Any) -> bytes:
    written = _written(value, _indent_at(text, node.start_byte))
    return text[: node.start_byte] + written + text[node.end_byte :]


def _insert(text: bytes, node: Node, key: str, value: Any) -> bytes:
    pairs = _pairs(node)
    name = json.dumps(key).encode()
    if not pairs:
        outer = _indent_at(text, node.start_byte)
        indent = outer + b"  "
        kept = text[node.start_byte + 1 : node.end_byte - 1].rstrip()
        pair = b"\n" + indent + name + b": " + _written(value, indent) + b"\n" + outer
        return text[: node.start_byte + 1] + kept + pair + text[node.end_byte - 1 :]
    last = pairs[-1]
    comma = _COMMA.match(text, last.end_byte, node.end_byte - 1)
    end = comma.end() if comma else last.end_byte
    if b"\n" not in text[node.start_byte : last.start_byte]:
        pair = b" " + name + b": " + json.dumps(value).encode()
        return text[:end] + (b"" if comma else b",") + pair + text[end:]
    indent = _indent_at(text, last.start_byte)
    line = _REST_OF_LINE.match(text, end)
    behind = line.end() if line else end
    pair = b"\n" + indent + name + b": " + _written(value, indent) + (b"," if comma else b"")
    return text[:end] + (b"" if comma else b",") + text[end:behind] + pair + text[behind:]


def _indent_at(text: bytes, position: int) -> bytes:
    """The white space with which the line of this position begins."""
    line = text[text.rfind(b"\n", 0, position) + 1 : position]
    return line[: len(line) - len(line.lstrip())]


def _written(value: Any, indent: bytes) -> bytes:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text.replace("\n", "\n" + indent.decode()).encode()
