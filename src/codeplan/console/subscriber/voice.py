"""Voice input: a recording becomes text, and a text another one. The page works by forms alone; its
script only puts what the microphone hears where a file would be chosen."""

from dataclasses import dataclass

from codeplan.console.page import Answer, Page, Shown, post
from codeplan.console.subscriber.standing import WindowShown, window
from codeplan.console.visits import Visit
from codeplan.console.words import N_
from codeplan.dictation.hearing import COMMAND
from codeplan.dictation.leaving import CallerLeft, unless_left
from codeplan.dictation.rewriting import MOST_TEXT
from codeplan.dictation.transcriber import Busy
from codeplan.subscriptions.apart import CallRefused, WorkFailed

_BACK = "/console/benefits/voice"
_WAYS = (
    ("polish", N_("polish it")),
    ("commit_message", N_("as a commit message")),
    ("translate", N_("translate it into")),
)


@dataclass(frozen=True, slots=True)
class VoicePage:
    """``hears``: whether a speech model is set up; ``command``: what brings one. ``runs``: whether
    the benefit does. ``before``: the text before it was rewritten, "". ``problem``: why nothing
    came of what was asked, ""; ``detail``: the same as it was said, in English."""

    hears: bool
    command: str
    runs: bool
    windows: tuple[WindowShown, ...]
    ways: tuple[tuple[str, str], ...]
    text: str = ""
    way: str = ""
    language: str = ""
    before: str = ""
    problem: str = ""
    detail: str = ""


def pages() -> list[Page]:
    return [
        Page("/benefits/voice", show),
        Page(
            "/benefits/voice/hear", hear, method="POST", back=_BACK,
            most_bytes=lambda services: services.desk.most_bytes,
        ),
        post("/benefits/voice/rewrite", rewrite, back=_BACK),
    ]  # fmt: skip


async def show(visit: Visit) -> Answer:
    return await _page(visit)


async def hear(visit: Visit) -> Answer:
    assert visit.sent is not None  # the form has a file, or the page was not asked
    try:
        work = visit.services.desk.dictate(visit.who, visit.sent)
        done = await unless_left(visit.request.receive, work)
    except (CallRefused, WorkFailed, CallerLeft) as problem:
        return await _page(visit, problem=problem)
    return await _page(visit, text=done.text)


async def rewrite(visit: Visit) -> Answer:
    text, way = visit.text("text", MOST_TEXT), visit.text("way", 40)
    language = visit.text("language", 60)
    try:
        new = await visit.services.desk.rewrite(visit.who, text, way, language)
    except (CallRefused, WorkFailed) as problem:
        return await _page(visit, text, way, language, problem)
    return await _page(visit, new, way, language, before=text)


async def _page(
    visit: Visit,
    text: str = "",
    way: str = "",
    language: str = "",
    problem: Exception | None = None,
    before: str = "",
) -> Shown:
    standings = await visit.services.benefits.of(visit.who)
    mine = [one for one in standings if one.benefit.kind == "voice" and one.state == "runs"]
    page = VoicePage(
        hears=visit.services.desk.hears,
        command=COMMAND,
        runs=bool(mine),
        windows=tuple(window(visit, view) for one in mine[:1] for view in one.windows),
        ways=tuple((name, visit._(said)) for name, said in _WAYS),
        text=text,
        way=way or "polish",
        language=language,
        before=before,
        problem=visit._(_sentence(problem)) if problem else "",
        detail=str(problem or ""),
    )
    return Shown("subscriber/voice.html", page, 400 if problem else 200)


def _sentence(problem: Exception) -> str:
    if isinstance(problem, CallRefused):
        if problem.reached is not None:
            return N_("It is used up for now. Nothing was charged.")
        return N_("This benefit does not run for you.")
    if isinstance(problem, Busy):
        return N_("Too much is being heard just now. Come again soon. Nothing was charged.")
    if isinstance(problem, WorkFailed) and problem.status == 400:
        return N_("That could not be used. Nothing was charged.")
    return N_("The model did not answer, or none is set up. Nothing was charged.")
