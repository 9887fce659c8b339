"""A change as a person is shown it: the lines that differ, with every key and token in them
shortened, whoever's it is."""

import difflib
import re

from codeplan.cli.editing.change import Change

# A name that says that its value is secret, and the value behind it. Names of figures and of models
# (max_tokens, token_limit) are no such names.
_NAMED = re.compile(
    r"""(?ix)
    (?P<name> ["']? [\w.-]* (?: api[_-]?key | apikey | secret | pass(?:word|wd|phrase)? (?![a-z])
        | credential | bearer | auth(?:orization|_?token)? | (?:access|private)[_-]?key | cookie
        | token (?! s | _?(?:limit|count|budget|source|size|window)) | (?<![a-z]) key (?![a-z]) )
      [\w.-]* ["']? \s* [:=,]+ \s* )
    (?P<value> " (?:[^"\\]|\\.)* " | ' [^']* ' | [^\s"',}\]\#]+ )
    """
)
_WORD = re.compile(r"[A-Za-z0-9_\-+/=.~]{16,}")
# How the keys of well-known services begin.
_PREFIXES = re.compile(
    r"(?:sk|pk|rk|cp|gsk|xai|hf|ghp|gho|ghu|ghs|ghr|github_pat|glpat|xox[abprs]|AKIA|ASIA|AIza|npm|"
    r"pypi|dop_v1|eyJ)[-_]?[A-Za-z0-9_\-./+=]{6,}"
)
_IN_ADDRESS = re.compile(r"(?P<lead>://[^/\s:@\"']*:)(?P<value>[^@/\s\"']+)(?=@)")
_IN_QUERY = re.compile(
    r"(?i)(?P<lead>[?&][\w-]*(?:key|token|secret|sig|password)[\w-]*=)(?P<value>[^&\s\"'#]+)"
)
_PLAIN_VALUES = frozenset({"true", "false", "null", "none", '""', "''", "{", "["})


def shown(change: Change) -> str:
    """The lines that a change touches and those around them."""
    lines = difflib.unified_diff(
        (change.before or b"").decode("utf-8", "replace").splitlines(),
        change.after.decode("utf-8", "replace").splitlines(),
        f"{change.path} (now)",
        f"{change.path} (then)",
        lineterm="",
    )
    head = [line for _, line in zip(range(2), lines, strict=False)]
    return "\n".join([*head, *map(without_secrets, lines)])


def without_secrets(text: str) -> str:
    """A text with what looks like a key or a token shortened to its ends."""
    text = _IN_ADDRESS.sub(_shortened_behind, text)
    text = _IN_QUERY.sub(_shortened_behind, text)
    text = _NAMED.sub(_shortened_value, text)
    text = _PREFIXES.sub(lambda match: shortened(match[0]), text)
    return _WORD.sub(lambda match: shortened(match[0]) if _is_random(match[0]) else match[0], text)


def shortened(secret: str) -> str:
    """Enough of a key to know it by."""
    return f"{secret[:3]}…{secret[-4:]}" if len(secret) >= 16 else "…"


def _shortened_behind(match: re.Match[str]) -> str:
    return f"{match['lead']}…"


def _shortened_value(match: re.Match[str]) -> str:
    value = match["value"]
    if value.lower() in _PLAIN_VALUES or "…" in value or re.fullmatch(r"[\d.]+", value):
        return match[0]
    quote = value[0] if value[0] in "\"'" else ""
    inner = value.strip(quote) if quote else value
    scheme, space, rest = inner.partition(" ")
    lead = f"{scheme} " if space and scheme.lower() in ("bearer", "basic", "token") else ""
    return f"{match['name']}{quote}{lead}{shortened(rest if lead else inner)}{quote}"


def _is_random(word: str) -> bool:
    """Whether nobody would have chosen these signs: as long as a key, with digits among letters in
    one piece."""
    if len(word) < 24:
        return False
    pieces = re.split(r"[-_./=+]", word)
    longest = max(pieces, key=len)
    digits = sum(sign.isdigit() for sign in longest)
    letters = sum(sign.isalpha() for sign in longest)
    return len(longest) >= 20 and digits >= 3 and letters >= 3
