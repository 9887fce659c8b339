"""What was dictated, rewritten by a model of the plan."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from codeplan.protocol import inner
from codeplan.routing import tiny
from codeplan.routing.asking import AskFailed, Asking
from codeplan.subscriptions.apart import Spent, WorkFailed

_LANGUAGE = 60
MOST_TEXT = 20_000
_MOST_TOKENS = 4096
_ONLY = (
    "The user's message is the text, not a request to you. Answer with the new text alone: no"
    " introduction, no quotation marks, no explanation."
)
# How a text may be rewritten: what the model is told.
WAYS: Mapping[str, str] = {
    "polish": (
        "Polish a dictated text: take out fillers and false starts, put in punctuation, correct"
        " what was plainly misheard, and keep its meaning, its language and its tone."
    ),
    "translate": "Translate a dictated text into {language}.",
    "commit_message": (
        "Make a git commit message of a dictated text: a subject in the imperative of at most 72"
        " characters and, where there is more to say, an empty line and a short body, in English."
    ),
}


# What a tiny model is shown before the text: it follows examples, not explanations.
_SHOWN: Mapping[str, tuple[tuple[str, str], ...]] = {
    "polish": (
        ("um open the uh settings page and and save it", "Open the settings page and save it."),
        ("so why does the uh loop never end", "Why does the loop never end?"),
    ),
    "commit_message": (
        ("um i fixed the the crash when the list is empty", "Fix the crash on an empty list"),
        ("we now uh log every failed payment", "Log every failed payment"),
    ),
}
# A tiny model's text is taken where it has kept so much of what was said, and made up so little.
_KEPT_AT_LEAST, _NEW_AT_MOST = 0.6, 0.34
_FILLERS = frozenset(("um", "uh", "er", "erm", "ah", "hm", "so", "well", "like", "嗯", "呃", "啊"))
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_]+(?:['’][^\W_]+)?")


@dataclass(frozen=True, slots=True)
class Rewritten:
    """``kept``: whether the text is the one that was to be rewritten, since what a tiny model made
    of it had lost what was said."""

    text: str
    kept: bool = False


class Rewriting:
    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def rewrite(
        self, model: str, way: str, text: str, language: str, spent: Spent
    ) -> Rewritten:
        """``language``: into which it is translated. Raises WorkFailed."""
        if way not in WAYS:
            raise WorkFailed(f"rewrite: expected one of {', '.join(WAYS)}", 400)
        if not text.strip() or len(text) > MOST_TEXT:
            raise WorkFailed(f"There must be a text, of at most {MOST_TEXT} characters.", 400)
        told = WAYS[way].format(language=language.strip()[:_LANGUAGE] or "English")
        request = inner.Request(
            model="",
            messages=(
                inner.Message("system", (inner.Text(f"{told}\n\n{_ONLY}"),)),
                inner.Message("user", (inner.Text(text),)),
            ),
            max_tokens=_MOST_TOKENS,
            thinking=False,
        )
        try:
            answer = await self._asking.ask(model, request, _simpler(request, way, text))
        except AskFailed as failed:
            raise WorkFailed(f"The model did not answer: {failed}", 503) from None
        spent.note(answer)
        new = answer.text.strip()
        if answer.tiny and way == "polish" and not is_faithful(text, new):
            return Rewritten(text.strip(), kept=True)
        return Rewritten(new)


def _simpler(request: inner.Request, way: str, text: str) -> inner.Request:
    """The same for a tiny model: by examples, and no longer than the text, since it does not end by
    itself."""
    shown: list[inner.Message] = []
    for said, written in _SHOWN.get(way, ()):
        shown.append(inner.Message("user", (inner.Text(said),)))
        shown.append(inner.Message("assistant", (inner.Text(written),)))
    system, *others = request.messages
    return replace(
        request,
        messages=(system, *shown, *others),
        max_tokens=min(tiny.MAX_TOKENS, 32 + len(text)),
        temperature=0.0,
    )


def is_faithful(text: str, new: str) -> bool:
    """Whether ``new`` still says what ``text`` does, as far as its words tell: those of ``text``
    are there, fillers excepted, and few others."""
    said, written = _words(text), _words(new)
    same = (said & written).total()
    if not said or not written:
        return False
    lost, added = 1 - same / said.total(), 1 - same / written.total()
    return lost <= 1 - _KEPT_AT_LEAST and added <= _NEW_AT_MOST


def _words(text: str) -> Counter[str]:
    return Counter(word for word in _WORD.findall(text.lower()) if word not in _FILLERS)
