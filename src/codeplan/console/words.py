"""Which language a page is in, and what is translated where: sentences by gettext, the words of
windows, and explanations that the store keeps in English."""

import re
from collections.abc import Callable, Mapping

from codeplan.kit.languages import Languages

LANGUAGES: Mapping[str, str] = {"en": "English", "zh": "简体中文"}
LOCALES: Mapping[str, str] = {"en": "en", "zh": "zh_Hans_CN"}
HTML: Mapping[str, str] = {"en": "en", "zh": "zh-CN"}
catalogues = Languages("codeplan.console")

_ASKED = re.compile(r"([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([0-9.]+))?")
Translate = Callable[[str], str]


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools look for
    """Marks a text that is translated where it is shown."""
    return text


def NN_(one: str, more: str) -> tuple[str, str]:  # noqa: N802 - as above
    """Marks a text that is counted where it is shown."""
    return one, more


def language_asked(header: str) -> str:
    """The best language of an Accept-Language header; English where there is none of ours."""
    best, weight = "en", 0.0
    for name, quality in _ASKED.findall(header):
        asked = float(quality or 1) if re.fullmatch(r"[0-9.]*", quality or "1") else 0.0
        if name.lower() in LANGUAGES and asked > weight:
            best, weight = name.lower(), asked
    return best


# What receipts say of why a call was what it was (plan/turns.py, gateway/), and of why it was free.
_SAID = (
    N_("a new prompt"),
    N_("a continuation that no known turn explains"),
    N_("the same text again: a retry"),
    N_("a further call of this turn"),
    N_("a further call of this sub-agent"),
    N_("sub-agent or compaction of this turn"),
    N_("a side call of this turn"),
    N_("a side call with no turn open"),
    N_("a call of an MCP server"),
    N_("a small sub-agent of this turn"),
    N_("not a known coding tool: each of its calls is a prompt"),
    N_("paid by the token"),
    N_("it goes on with your balance"),
    N_("the client left before any content"),
    N_("the call broke"),
    N_("the service stopped while a call ran"),
    N_("it could not be settled"),
    N_("whole"),
    N_("cut by client"),
    N_("cut by upstream"),
    N_("failed"),
    N_("no route"),
    N_("the answer was empty"),
    N_("the upstream told no usage; it was estimated"),
)
# The same with a number in them.
_PATTERNS = (
    (
        re.compile(r"the turn went on past (?P<number>\d+) calls"),
        N_("the turn went on past %(number)s calls"),
    ),
    (
        re.compile(r"more than (?P<number>\d+) side calls without a prompt"),
        N_("more than %(number)s side calls without a prompt"),
    ),
)


def said(text: str, translate: Translate) -> str:
    """An explanation that is stored in English, in the reader's language; as it is where it was
    said by somebody else (an upstream, an operator)."""
    if text in _SAID:
        return translate(text)
    for pattern, name in _PATTERNS:
        match = pattern.fullmatch(text)
        if match:
            return translate(name) % match.groupdict()
    return text


# Names of clients that are descriptions (clients/); those of programs are the same everywhere.
_NAMES = (
    N_("a coding agent of no known name"),
    N_("an unknown program"),
    N_("the local vision server"),
    N_("Claude Code behind a router"),
)


def tool_name(name: str, translate: Translate) -> str:
    """A client's name in the reader's language."""
    return translate(name) if name in _NAMES else name


_WINDOWS = {
    ("hour", 1): N_("%(number)s-hour window"),
    ("day", 1): N_("%(number)s-day window"),
    ("week", 1): N_("%(number)s-week window"),
    ("month", 1): N_("%(number)s-month window"),
}
_UNITS = {
    "prompt": N_("prompts"),
    "call": N_("calls"),
    "token": N_("tokens"),
    "credit": N_("credits"),
    "mcp": N_("calls"),
    "use": N_("uses"),
}
_SCOPES = {"plan": "", "member": N_("each member's own"), "key": N_("each key's own")}


def window_name(number: int, span: str, translate: Translate) -> str:
    return translate(_WINDOWS[span, 1]) % {"number": number}


def unit_name(unit: str, translate: Translate) -> str:
    return translate(_UNITS[unit])


_COUNTED = {
    "prompt": NN_("%(number)s prompt", "%(number)s prompts"),
    "call": NN_("%(number)s call", "%(number)s calls"),
    "token": NN_("%(number)s token", "%(number)s tokens"),
    "credit": NN_("%(number)s credit", "%(number)s credits"),
    "mcp": NN_("%(number)s call", "%(number)s calls"),
    "use": NN_("%(number)s use", "%(number)s uses"),
}


def counted(number: float, unit: str, language: str, written: str) -> str:
    """So many of a unit, as the language counts. ``written``: the number as it writes it."""
    one, more = _COUNTED[unit]
    catalogue = catalogues.of(language)
    return catalogue.ngettext(one, more, 1 if number == 1 else 2) % {"number": written}


def scope_name(scope: str, translate: Translate) -> str:
    text = _SCOPES[scope]
    return translate(text) if text else ""
