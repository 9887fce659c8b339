"""A change as a person is shown it: each setting with what stands there and what will, and no key
or token of anybody's in full. Lines around a setting are not shown: nobody knows what they hold."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from codeplan.cli.editing.change import Change
from codeplan.cli.editing.edits import ABSENT, Edit, at
from codeplan.cli.editing.formats import Document

# A name that says that its value is secret.
_SECRET_NAME = re.compile(
    r"(?i)(?:api|access|private|signing)[-_]?key|(?<![a-z])keys?(?![a-z])|secret|passw|passphrase"
    r"|(?<![a-z])(?:pwd|pw|pat|pass)(?![a-z])|credential|bearer|auth|token|cookie|signature|header"
)
# A word behind which a secret stands, in what a program says.
_NAMED = re.compile(
    r"""(?ix) (?P<lead> (?:key|token|secret|passw\w{0,6}|bearer|basic|authorization)
        ["']? \s{0,3} [:=\s] \s{0,3} ["']? ) (?P<value> [^\s"',;&]+ )"""
)
# How the keys of well-known services begin.
_PREFIXED = re.compile(
    r"(?<![A-Za-z0-9])(?:sk|pk|rk|cp|gsk|xai|hf|r8|ghp|gho|ghu|ghs|ghr|github_pat|glpat|xox[abprs]|"
    r"AKIA|ASIA|AIza|npm|pypi|tvly|ya29|nvapi|pplx|lin_api|SG|eyJ)[-_.]?[A-Za-z0-9_\-./+=]{6,200}"
)
_IN_ADDRESS = re.compile(r"://[^/\s@]{1,200}@")
_QUERY = re.compile(r"\?[^\s\"']{1,500}")
_WORD = re.compile(r"[A-Za-z0-9_\-+/=.]{20,}")
_LONGEST = 80


def shown(change: Change) -> str:
    """The file, and a line for each setting that changes in it."""
    before = Document.of(change.before or b"", change.format).settings()
    return "\n".join([f"{change.path}:", *(_line(edit, before) for edit in change.shown)])


def _line(edit: Edit, before: Mapping[str, Any]) -> str:
    name, now = ".".join(edit.path), at(before, edit.path)
    if edit.kind == "included":
        return f"  {name}: with {edit.item}"
    if edit.kind == "excluded":
        return f"  {name}: without {edit.item}"
    old = "" if now is ABSENT else _value(edit.path[-1], now)
    if edit.value is ABSENT:
        return f"  {name}: {old} -> (taken out)"
    new = _value(edit.path[-1], edit.value)
    return f"  {name}: {f'{old} -> ' if old else ''}{new}"


def _value(name: str, value: Any) -> str:
    """A value, short; of a table or a list only that it is one."""
    if isinstance(value, Mapping):
        return "{…}"
    if isinstance(value, list):
        return "[…]"
    if not isinstance(value, str):
        return "…" if _is_secret(name) and value is not None else _plain(value)
    if _is_secret(name):
        return shortened(value)
    text = without_secrets(value)
    return text if len(text) <= _LONGEST and text.isprintable() else f"{text[:20]!r}…"


def _plain(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def without_secrets(text: str) -> str:
    """A text of a few lines with what looks like a key or a token shortened to its ends."""
    text = _IN_ADDRESS.sub("://…@", text)
    text = _QUERY.sub("?…", text)
    text = "".join(_named(text))
    text = _PREFIXED.sub(lambda match: shortened(match[0]), text)
    return _WORD.sub(lambda match: shortened(match[0]) if _is_random(match[0]) else match[0], text)


def _named(text: str) -> Iterator[str]:
    """A text with the values behind telling words shortened; behind "Authorization: Bearer" it is
    the second word."""
    position = 0
    while (match := _NAMED.search(text, position)) is not None:
        value = match["value"]
        is_scheme = value.lower().rstrip(":") in ("bearer", "basic", "token", "authorization")
        yield text[position : match.start()] + match["lead"]
        if is_scheme:
            position = match.start("value")
            yield text[position : position + len(value)]
            rest = re.compile(r"[\s:=]*[^\s\"',;&]*").match(text, position + len(value))
            assert rest is not None
            yield " …"
            position = rest.end()
        else:
            yield value if re.fullmatch(r"[\d.]{1,4}", value) else shortened(value)
            position = match.end()
    yield text[position:]


def shortened(secret: str) -> str:
    """Enough of a key to know it by."""
    return f"{secret[:3]}…{secret[-4:]}" if len(secret) >= 16 else "…"


def _is_random(word: str) -> bool:
    """Whether nobody would have chosen these signs: as long as a key, with digits among letters in
    one piece."""
    longest = max(re.split(r"[-_./=+]", word), key=len)
    digits = sum(sign.isdigit() for sign in longest)
    letters = sum(sign.isalpha() for sign in longest)
    return len(longest) >= 20 and digits >= 3 and letters >= 3
