"""The formats of configuration files, each with its reader and its editor."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from codeplan.cli.editing import json_text, toml_text, yaml_text
from codeplan.cli.editing.edits import Edit, NotEditable, applied, same
from codeplan.clients.set_up import Path

_MARK = b"\xef\xbb\xbf"


class Format(Protocol):
    """What a format's module has. Texts are UTF-8 without a mark at the start."""

    def parse(self, text: bytes) -> dict[str, Any]: ...

    def edited(self, text: bytes, edits: Iterable[Edit], newline: bytes) -> bytes: ...


_FORMATS: dict[str, Format] = {"json": json_text, "toml": toml_text, "yaml": yaml_text}


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content: the byte order mark that it begins with, and the text behind it."""

    mark: bytes
    text: bytes
    format: str

    @staticmethod
    def of(content: bytes, name: str) -> "Document":
        """Raises NotEditable where it is not UTF-8."""
        mark = _MARK if content.startswith(_MARK) else b""
        text = content[len(mark) :]
        try:
            text.decode()
        except UnicodeDecodeError as error:
            line = text.count(b"\n", 0, error.start) + 1
            raise NotEditable(f"line {line} is not UTF-8") from None
        if b"\0" in text:
            raise NotEditable("it is not UTF-8 text")
        return Document(mark, text, name)

    def settings(self) -> dict[str, Any]:
        """Raises NotEditable, naming the line."""
        return _parsed(self.text, self.format)

    def edited(self, edits: Sequence[Edit]) -> bytes:
        """The content after these edits, which was read again and means what they say. Raises
        NotEditable."""
        wanted = applied(self.settings(), edits)
        names = ", ".join(".".join(edit.path) for edit in edits)
        try:
            text = self._changed(self.text, edits)
            result = _parsed(text, self.format)
            # A table whose last value goes may go with it in this format.
            tables = list(_lost_tables(result, wanted))
            if tables:
                text = self._changed(text, tables)
                result = _parsed(text, self.format)
        except NotEditable as error:
            raise NotEditable(f"changing {names} would break it: {error}") from None
        if not same(result, wanted):
            raise NotEditable(f"it is written in a way in which {names} cannot be changed alone")
        return self.mark + text

    def _changed(self, text: bytes, edits: Sequence[Edit]) -> bytes:
        try:
            return _FORMATS[self.format].edited(text, edits, self.newline)
        except NotEditable:
            raise
        except (ValueError, TypeError) as error:
            # Of a value that its own format cannot write, or a place that it does not have.
            raise NotEditable(f"a value cannot be written ({type(error).__name__})") from None

    @property
    def newline(self) -> bytes:
        """The line end that most of its lines have."""
        windows = self.text.count(b"\r\n")
        return b"\r\n" if windows * 2 > self.text.count(b"\n") else b"\n"


@lru_cache(maxsize=16)
def _parsed(text: bytes, format_: str) -> dict[str, Any]:
    """Read once for each text; nobody changes what is read."""
    try:
        return _FORMATS[format_].parse(text)
    except NotEditable:
        raise
    except (ValueError, TypeError) as error:
        raise NotEditable(f"a value cannot be read ({type(error).__name__})") from None


def _lost_tables(
    result: Mapping[str, Any], wanted: Mapping[str, Any], path: Path = ()
) -> Iterator[Edit]:
    """The empty tables that are wanted and are not there."""
    for key, value in wanted.items():
        now = result.get(key)
        if value == {} and isinstance(value, Mapping) and now != {}:
            yield Edit((*path, key), {})
        elif isinstance(value, Mapping) and isinstance(now, Mapping):
            yield from _lost_tables(now, value, (*path, key))
