"""The formats of configuration files, each with its reader and its editor."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from codeplan.cli.editing import json_text, toml_text, yaml_text
from codeplan.cli.editing.edits import Edit, NotEditable, applied, same

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
            text = _FORMATS[self.format].edited(self.text, edits, self.newline)
            result = _parsed(text, self.format)
        except NotEditable as error:
            raise NotEditable(f"changing {names} would break it: {error}") from None
        if not same(result, wanted):
            raise NotEditable(f"it is written in a way in which {names} cannot be changed alone")
        return self.mark + text

    @property
    def newline(self) -> bytes:
        """The line end that most of its lines have."""
        windows = self.text.count(b"\r\n")
        return b"\r\n" if windows * 2 > self.text.count(b"\n") else b"\n"


@lru_cache(maxsize=16)
def _parsed(text: bytes, format_: str) -> dict[str, Any]:
    """Read once for each text; nobody changes what is read."""
    return _FORMATS[format_].parse(text)
