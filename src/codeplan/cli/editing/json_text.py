"""Setting and removing values in a JSON text, leaving everything else as it stands: comments, white
space, the order of keys. Comments and trailing commas (JSONC) are understood, and kept.

Where a name stands twice in an object, the last one is what readers take, and what is changed.
"""

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NoReturn

import tree_sitter_json
from tree_sitter import Language, Node, Parser

from codeplan.cli.editing.edits import ABSENT, Edit, NotEditable, at
from codeplan.cli.editing.lines import indent_at
from codeplan.clients.set_up import Path, nest

_PARSER = Parser(Language(tree_sitter_json.language()))
_STRING = rb'"(?:[^"\\\n]|\\.)*"'
_COMMENT = rb"//[^\r\n]*|/\*.*?\*/"
_COMMENTS = re.compile(_STRING + rb"|(?P<gone>" + _COMMENT + rb")", re.DOTALL)
_TRAILING = re.compile(_STRING + rb"|(?P<gone>,)(?=\s*[}\]])")
# A comma behind white space and whole comments: what is matched once is not given back.
_COMMA = re.compile(rb"(?>\s++|//[^\r\n]*+|/\*.*?\*/)*+,", re.DOTALL)
_REST_OF_LINE = re.compile(rb"[ \t]*(?:/\*[^\n]*?\*/[ \t]*)*(?://[^\r\n]*)?(?=\r?\n)")
_SPACED = re.compile(_STRING + rb":[ \t]")


def parse(text: bytes) -> dict[str, Any]:
    """The settings of a JSON text; none in an empty one. Raises NotEditable, naming the line."""
    strict = _strict(text)
    if not strict.strip():
        return {}
    try:
        value = json.loads(strict, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise NotEditable(f"line {error.lineno} is not JSON: {error.msg}") from None
    except RecursionError:
        raise NotEditable("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise NotEditable("it is not a JSON object")
    return value


def edited(text: bytes, edits: Iterable[Edit], newline: bytes) -> bytes:
    """The text after these edits. Raises NotEditable."""
    edits = list(edits)
    for edit in edits:
        if edit.value is ABSENT:
            text = _removed(text, edit.path)
    for path, value in _joined(parse(text), [one for one in edits if one.value is not ABSENT]):
        text = _Setting(text, newline).set(path, value)
    return text


def _joined(settings: dict[str, Any], edits: list[Edit]) -> list[tuple[Path, Any]]:
    """Values to set, those of one table that is not there yet in one piece: a large text is read
    anew for each."""
    pieces: dict[Path, Any] = {}
    for edit in edits:
        depth = next(
            n for n in range(1, len(edit.path) + 1)
            if n == len(edit.path) or at(settings, edit.path[:n]) is ABSENT
        )  # fmt: skip
        place, rest = edit.path[:depth], edit.path[depth:]
        if rest:
            nest(pieces.setdefault(place, {}), rest, edit.value)
        else:
            pieces[place] = edit.value
    return list(pieces.items())


@lru_cache(maxsize=4)
def _strict(text: bytes) -> bytes:
    """The text with blanks for comments and trailing commas: every other byte where it was."""
    return _blanked(_TRAILING, _blanked(_COMMENTS, text))


def _blanked(pattern: re.Pattern[bytes], text: bytes) -> bytes:
    def blank(match: re.Match[bytes]) -> bytes:
        return re.sub(rb"[^\r\n]", b" ", match[0]) if match["gone"] else match[0]

    return pattern.sub(blank, text)


def _no_constant(name: str) -> NoReturn:
    raise NotEditable(f"{name} is no JSON value")


class _Setting:
    """One value that is set in one text."""

    def __init__(self, text: bytes, newline: bytes) -> None:
        if not _strict(text).strip():
            gap = newline if text and not text.endswith(b"\n") else b""
            text += gap + b"{}" + newline
        self.text, self.newline = text, newline
        self.root = _root(text)
        whole = text[self.root.start_byte : self.root.end_byte]
        self.is_one_line = b"\n" not in whole and bool(_pairs(self.root))
        is_spaced = not self.is_one_line or bool(_SPACED.search(whole))
        self.comma, self.colon = (b", ", b": ") if is_spaced else (b",", b":")
        self.step = self._step()

    def set(self, path: Path, value: Any) -> bytes:
        node = self.root
        for depth, key in enumerate(path):
            pair, rest = _pair(node, key), path[depth + 1 :]
            inner = pair.child_by_field_name("value") if pair is not None else None
            if inner is not None and rest and inner.type == "object":
                node = inner
                continue
            for outer in reversed(rest):
                value = {outer: value}
            if inner is None:
                name = json.dumps(key, ensure_ascii=False).encode() + self.colon
                return self._insert(node, name, value)
            if inner.type == "array" and isinstance(value, list):
                return self._listed(inner, value, path)
            return self._replace(inner, value)
        raise AssertionError("a path has a step")

    def _step(self) -> str:
        """What one level is indented by, as the file has it."""
        for pair in _pairs(self.root):
            inside = indent_at(self.text, pair.start_byte)
            if inside and b"\n" in self.text[self.root.start_byte : pair.start_byte]:
                return inside.decode()
        return "  "

    def _replace(self, node: Node, value: Any) -> bytes:
        written = self._written(value, indent_at(self.text, node.start_byte))
        return self.text[: node.start_byte] + written + self.text[node.end_byte :]

    def _listed(self, node: Node, values: list[Any], path: Path) -> bytes:
        """A list whose items stay where they stand, with their comments, where the new one has them
        in the same order."""
        items = _pairs(node)
        now = [json.loads(_strict(self.text)[item.start_byte : item.end_byte]) for item in items]
        at = next((n for n, item in enumerate(now) if n >= len(values) or item != values[n]), None)
        if at is not None and (not values or any(item in values for item in now)):
            if now[at] in values[at:]:
                return self._replace(node, values)
            text = _without(self.text, node, items[at])
        elif at is None and len(now) < len(values):
            text = self._insert(node, b"", values[len(now)])
        else:
            return self._replace(node, values) if at is not None else self.text
        return _Setting(text, self.newline).set(path, values)

    def _insert(self, node: Node, name: bytes, value: Any) -> bytes:
        """A pair, or with no name an item, behind the last one."""
        text, pairs = self.text, _pairs(node)
        if not pairs:
            return self._fill(node, name, value)
        last = pairs[-1]
        comma = _COMMA.match(text, last.end_byte, node.end_byte - 1)
        end = comma.end() if comma else last.end_byte
        separator, trailing = (b"", b",") if comma else (b",", b"")
        if b"\n" not in text[node.start_byte : last.start_byte]:
            pair = self.comma[1:] + name + self._compact(value) + trailing
            return text[:end] + separator + pair + text[end:]
        indent = indent_at(text, last.start_byte)
        line = _REST_OF_LINE.match(text, end)
        behind = line.end() if line else end
        pair = self.newline + indent + name + self._written(value, indent) + trailing
        return text[:end] + separator + text[end:behind] + pair + text[behind:]

    def _fill(self, node: Node, name: bytes, value: Any) -> bytes:
        """A first pair, in an object that has none."""
        text, start, end = self.text, node.start_byte + 1, node.end_byte - 1
        inside = text[start:end].rstrip()
        if self.is_one_line and not inside:
            return text[:start] + name + self._compact(value) + text[end:]
        outer = indent_at(text, node.start_byte)
        indent = outer + self.step.encode()
        pair = self.newline + indent + name + self._written(value, indent) + self.newline + outer
        return text[:start] + inside + pair + text[end:]

    def _compact(self, value: Any) -> bytes:
        separators = (self.comma.decode(), self.colon.decode())
        return json.dumps(value, ensure_ascii=False, separators=separators).encode()

    def _written(self, value: Any, indent: bytes) -> bytes:
        if self.is_one_line:
            return self._compact(value)
        written = json.dumps(value, indent=self.step, ensure_ascii=False).encode()
        return written.replace(b"\n", self.newline + indent)


def _removed(text: bytes, path: Path) -> bytes:
    """Without what stands at that path, also where it stands twice."""
    while _strict(text).strip():
        node: Node | None = _root(text)
        for key in path[:-1]:
            pair = _pair(node, key) if node is not None else None
            inner = pair.child_by_field_name("value") if pair is not None else None
            node = inner if inner is not None and inner.type == "object" else None
        pair = _pair(node, path[-1]) if node is not None else None
        if node is None or pair is None:
            break
        text = _without(text, node, pair)
    return text


def _without(text: bytes, node: Node, pair: Node) -> bytes:
    """Without a pair and the comma that is then too much. Comments stay."""
    start, end = pair.start_byte, pair.end_byte
    comma = _COMMA.match(text, end, node.end_byte - 1)
    if comma is not None:
        text = text[: comma.end() - 1] + text[comma.end() :]
        return _closed_up(text[:start], text[end:])
    place = [other.start_byte for other in _pairs(node)].index(start)
    if place:
        before = _COMMA.match(text, _pairs(node)[place - 1].end_byte, start)
        assert before is not None, "pairs have a comma between them"
        text = text[: before.end() - 1] + text[before.end() :]
        start, end = start - 1, end - 1
    return _closed_up(text[:start], text[end:])


def _closed_up(head: bytes, rest: bytes) -> bytes:
    """Both sides of what was taken out; a line that is left blank goes, and braces with nothing
    between them stand together."""
    line = head[head.rfind(b"\n") + 1 :]
    blank = re.match(rb"[ \t]*\r?\n?", rest)
    assert blank is not None
    if line.strip():
        closes = rest.lstrip(b" \t")[:1] in (b"}", b"\r", b"\n", b"")
        return (head.rstrip(b" \t") if closes else head) + rest.lstrip(b" \t")
    if not blank[0].endswith(b"\n"):
        return head + rest.lstrip(b" \t")
    head, rest = head[: len(head) - len(line)], rest[blank.end() :]
    if head.rstrip().endswith(b"{") and rest.lstrip().startswith(b"}"):
        return head.rstrip() + rest.lstrip()
    return head + rest


def _root(text: bytes) -> Node:
    for node in _PARSER.parse(_strict(text)).root_node.named_children:
        if node.type == "object":
            return node
    raise NotEditable("it is not a JSON object")


def _pairs(node: Node) -> list[Node]:
    """An object's pairs, or a list's items."""
    kinds = {"pair"} if node.type == "object" else None
    return [child for child in node.named_children if kinds is None or child.type in kinds]


def _pair(node: Node, key: str) -> Node | None:
    for pair in reversed(_pairs(node)):
        name = pair.child_by_field_name("key")
        if name is not None and json.loads(name.text or b'""') == key:
            return pair
    return None
