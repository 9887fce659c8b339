"""Reading codeplan.toml: syntax, types and cross-references, all complaints at once."""

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from codeplan.config.check import check
from codeplan.config.check_clients import advise
from codeplan.config.check_money import advise_money
from codeplan.config.lines import Lines, written
from codeplan.config.model import ConfigFile

_EXPECTED = {
    "missing": "is missing; it must be given",
    "extra_forbidden": "is not a key that is known here",
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """One error: ``file:line: what``."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


class ConfigInvalid(Exception):
    """The file cannot be used. It names every error found."""

    def __init__(self, complaints: list[Complaint]) -> None:
        super().__init__("\n".join(str(complaint) for complaint in complaints))
        self.complaints = complaints


def builtin_text() -> str:
    """The catalogue that applies without a file."""
    return (resources.files("codeplan.config") / "builtin.toml").read_text("utf-8")


def load(path: Path | None) -> ConfigFile:
    """The configuration in this file, or the built-in one. Raises ConfigInvalid."""
    if path is None:
        return parse(builtin_text(), "builtin.toml")
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ConfigInvalid([Complaint(str(path), 1, error.strerror or str(error))]) from None
    except UnicodeDecodeError:
        raise ConfigInvalid([Complaint(str(path), 1, "expected text in UTF-8")]) from None
    return parse(text, str(path))


def parse(text: str, file: str) -> ConfigFile:
    """Raises ConfigInvalid."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = _syntax_line(str(error), text)
        raise ConfigInvalid([Complaint(file, line, str(error))]) from None
    lines = Lines(text)
    try:
        config = ConfigFile.model_validate(values)
    except ValidationError as error:
        found = [_complaint(file, lines, item) for item in error.errors()]
        raise ConfigInvalid(sorted(found, key=lambda item: item.line)) from None
    complaints = [Complaint(file, lines.of(path), what) for path, what in check(config)]
    if complaints:
        raise ConfigInvalid(complaints)
    return config


def advice(path: Path) -> list[Complaint]:
    """What in a valid file is of before, and what to write instead; and prices that a provider
    cannot take. Raises ConfigInvalid."""
    config, lines = load(path), Lines(path.read_text("utf-8"))
    advised = [*advise(config), *advise_money(config)]
    return [Complaint(str(path), lines.of(place), what) for place, what in advised]


def _complaint(file: str, lines: Lines, error: Any) -> Complaint:
    # pydantic puts the names of a union's members into the path; they are not in the file.
    path = tuple(part for part in error["loc"] if part not in ("list[constrained-str]",))
    path = tuple(part for part in path if not str(part).startswith(("literal[", "list[")))
    what = _EXPECTED.get(error["type"])
    if what is None:
        given = "" if isinstance(error["input"], dict | list) else f" (not {error['input']!r})"
        what = f"{error['msg'][:1].lower()}{error['msg'][1:]}{given}".replace(
            "input should be", "expected"
        ).removeprefix("value error, ")
    return Complaint(file, lines.of(path), f"{written(path)}: {what}")


def _syntax_line(message: str, text: str) -> int:
    """tomllib writes "(at line 3, column 7)" or "(at end of document)"."""
    _, _, place = message.rpartition("(at line ")
    number = place.partition(",")[0]
    return int(number) if number.isdigit() else text.count("\n") + 1
