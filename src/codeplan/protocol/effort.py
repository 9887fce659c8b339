"""How hard a model is to think: words of effort, as OpenAI's protocols have them, and budgets in
tokens, as Anthropic's has them, one for the other.

The budgets of low, medium and high are those of Google's OpenAI compatibility page for Gemini, the
one vendor that publishes such a table.
"""

from codeplan.protocol import inner

_BUDGETS = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
_BUDGETS |= {"xhigh": 32768, "max": 32768}
_WORDS = ("low", "medium", "high")
SMALLEST_BUDGET = 1024


def thinks(request: inner.Request) -> bool | None:
    """Whether the call asks for thinking; None where it says nothing of it."""
    if request.thinking is None and request.effort:
        return request.effort != "none"
    return request.thinking


def budget(request: inner.Request) -> int:
    """Tokens to think with, for a call that asks for thinking."""
    return request.thinking_budget or _BUDGETS.get(request.effort, _BUDGETS["medium"])


def word(request: inner.Request) -> str:
    """minimal, low, medium or high; empty where the call does not ask for thinking.

    Anthropic's higher words are high here; a budget is the lowest word whose budget covers it.
    """
    if request.effort in ("minimal", *_WORDS):
        return request.effort
    if request.effort in _BUDGETS:
        return "high"
    if request.thinking and request.thinking_budget:
        covers = (name for name in _WORDS if request.thinking_budget <= _BUDGETS[name])
        return next(covers, "high")
    return ""
