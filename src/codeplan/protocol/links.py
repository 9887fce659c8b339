"""Links to pictures and other files in a call's content: what an upstream would fetch by itself,
from inside of its operator's network.

Reads every protocol's content alike, by the names under which servers look for such links, whatever
the part says that it is. Arguments and results of tools are none of it.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec

# Under these a part has its file: as a text, or as an object with the link in it.
_FILES = ("image_url", "video_url", "audio_url", "file_url", "image", "video", "audio")
# Under these as an object only: a text there is where a quoted page comes from.
_OBJECTS = ("source", "file", "fileData", "file_data")
_LINKS = ("url", "uri", "fileUri", "file_uri", "image_url", "video_url", "audio_url", "file_url")
# Where none of these names is in a body, no part has a file: most calls need not be read for that.
# It begins with one quote, so that the search skips from quote to quote.
_MARKS = re.compile(b'"(?:%b)"' % "|".join((*_FILES, *_OBJECTS)).encode())
# A name may be written with escapes, of its letters or of its underscore.
_ESCAPE, _ESCAPED = b"\\u00", re.compile(rb"\\u00[4-7]")
# What protocols call the content of a message, and the messages.
_CONTENT = ("content", "parts", "output")
_MESSAGES = ("messages", "contents", "input", "system", "systemInstruction", "system_instruction")

# A name with a top-level domain of letters; no address in numbers, of whatever form, is one.
_NAME = re.compile(r"(?:[a-z0-9_-]+\.)+([a-z]{2,}|xn--[a-z0-9-]+)\.?")
# Domains that mean something inside a network alone (RFC 6761, RFC 8375, ICANN's name collisions).
_INSIDE = frozenset((
    "arpa", "corp", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain",
    "localhost", "mail", "onion", "private", "svc", "cluster",
))  # fmt: skip


def links_in(body: bytes) -> Iterator[str]:
    """The links in the content of a call (valid JSON)."""
    if not _may_have_files(body):
        return
    call = msgspec.json.decode(body)
    for name in _MESSAGES if isinstance(call, dict) else ():
        yield from _links(call.get(name))


def _may_have_files(body: bytes) -> bool:
    if _MARKS.search(body) is not None:
        return True
    return _ESCAPE in body and _ESCAPED.search(body) is not None


def is_public(link: str) -> bool:
    """Whether a link is one of the web to a host with a public name, as every reader of it would
    read it. What the name resolves to is not looked up."""
    if not link.isprintable() or any(mark in link for mark in "\\ \t"):
        return False
    try:
        parts = urlsplit(link)
        host = (parts.hostname or "").lower()
    except ValueError:
        return False
    name = _NAME.fullmatch(host)
    plain = parts.scheme.lower() in ("http", "https") and "@" not in parts.netloc
    return plain and name is not None and name[1] not in _INSIDE


def _links(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _links(item)
    elif isinstance(value, dict):
        for name in _FILES:
            yield from _of_file(value.get(name))
        for name in _OBJECTS:
            if isinstance(file := value.get(name), dict):
                yield from _of_file(file)
        for name in _CONTENT:
            yield from _links(value.get(name))


def _of_file(file: Any) -> Iterator[str]:
    if isinstance(file, dict):
        for name in _LINKS:
            yield from _of_file(file.get(name))
    elif isinstance(file, str) and _is_link(file):
        yield file


def _is_link(text: str) -> bool:
    """Whether it is an address or a file's path, and no data: base64 has no colon and no stop."""
    start = text.lstrip()[:5].lower()
    return start != "data:" and any(mark in text for mark in ":.")
