"""Setting and removing values in a TOML text, leaving everything else as it stands."""

from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from codeplan.cli.editing.json_text import NotEditable


def set_value(text: bytes, path: tuple[str, ...], value: Any) -> bytes:
    """The text with this value at that path; tables on the way are made. Raises NotEditable."""
    document = _parsed(text)
    table: Any = document
    for key in path[:-1]:
        if key not in table:
            table[key] = tomlkit.table(is_super_table=key != path[-2])
        table = table[key]
    table[path[-1]] = value
    return tomlkit.dumps(document).encode()


def remove(text: bytes, path: tuple[str, ...]) -> bytes:
    """The text without what stands at that path, if anything does. Raises NotEditable."""
    document = _parsed(text)
    table: Any = document
    for key in path[:-1]:
        if key not in table:
            return text
        table = table[key]
    if path[-1] not in table:
        return text
    del table[path[-1]]
    return tomlkit.dumps(document).encode()


def _parsed(text: bytes) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text.decode())
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise NotEditable(f"it is not valid TOML: {error}") from None
