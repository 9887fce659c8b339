"""On which line of a TOML file a value stands: read off its syntax tree."""

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

Path = tuple[str | int, ...]


def written(path: Path) -> str:
    """``plans[0].windows[1].per``: as complaints name a place."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


class Lines:
    """The lines of one file, by path: ``("plans", 0, "windows", 0, "limit")``."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        self._tables: dict[Path, int] = {}
        tree = Parser(Language(tree_sitter_toml.language())).parse(text.encode())
        for node in tree.root_node.named_children:
            self._top(node)

    def of(self, path: Path) -> int:
        """The line, from 1, of the value or of the nearest table around it that has one."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._lines:
                return self._lines[path[:length]]
        return 1

    def _top(self, node: Node) -> None:
        if node.type == "pair":
            self._pair(node, ())
        elif node.type in ("table", "table_array_element"):
            key, *pairs = node.named_children
            base = self._under(_keys(key))
            if node.type == "table_array_element":
                number = self._tables.get(base, 0)
                self._tables[base] = number + 1
                base = (*base, number)
            self._lines.setdefault(base[:1], _line(node))
            self._lines.setdefault(base, _line(node))
            for pair in pairs:
                if pair.type == "pair":
                    self._pair(pair, base)

    def _under(self, keys: Path) -> Path:
        """Those keys with the numbers of the tables that they stand under: the last of each."""
        base: Path = ()
        for place, key in enumerate(keys):
            base = (*base, key)
            if base in self._tables and place < len(keys) - 1:
                base = (*base, self._tables[base] - 1)
        return base

    def _pair(self, node: Node, base: Path) -> None:
        key, value = node.named_children[:2]
        self._value(value, (*base, *_keys(key)))

    def _value(self, node: Node, path: Path) -> None:
        self._lines[path] = _line(node)
        children = [child for child in node.named_children if child.type != "comment"]
        if node.type == "array":
            for index, child in enumerate(children):
                self._value(child, (*path, index))
        elif node.type == "inline_table":
            for child in children:
                self._pair(child, path)


def _line(node: Node) -> int:
    return int(node.start_point[0]) + 1


def _keys(node: Node) -> Path:
    if node.type == "dotted_key":
        return tuple(key for child in node.named_children for key in _keys(child))
    text = (node.text or b"").decode()
    return (text[1:-1] if node.type == "quoted_key" else text,)
