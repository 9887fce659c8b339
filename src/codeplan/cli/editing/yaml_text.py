"""Setting and removing plain values at the top of a YAML text, leaving every other line as it is.

No more is needed of YAML, and no more is done: a value on several lines is not touched.
"""

import json
import re
from typing import Any

from codeplan.cli.editing.json_text import NotEditable


def set_value(text: bytes, path: tuple[str, ...], value: Any) -> bytes:
    """The text with this value under that key. Raises NotEditable."""
    line = f"{path[0]}: {json.dumps(value, ensure_ascii=False)}".encode()
    found = _line(text, path)
    if found is not None:
        return text[: found.start()] + line + text[found.end() :]
    if text and not text.endswith(b"\n"):
        text += b"\n"
    return text + line + b"\n"


def remove(text: bytes, path: tuple[str, ...]) -> bytes:
    """The text without that key, if it is there. Raises NotEditable."""
    found = _line(text, path)
    if found is None:
        return text
    return text[: found.start()] + text[found.end() :].removeprefix(b"\n")


def _line(text: bytes, path: tuple[str, ...]) -> re.Match[bytes] | None:
    (key,) = path
    found = re.search(rb"^%b:[^\n#]*(?<![ \t])" % re.escape(key.encode()), text, re.MULTILINE)
    if found is not None:
        value = found[0].partition(b":")[2].strip()
        follows = re.match(rb"[^\n]*\n[ \t]+\S", text[found.end() :])
        if not value or value[:1] in b"|>" or follows:
            raise NotEditable(f"the value of {key} stands on several lines")
    return found
