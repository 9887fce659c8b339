"""How a page is declared: once, with who may see it, so that signing in, the token of its forms and
its answers to problems are the same everywhere."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

import msgspec
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from codeplan.accounts.preferences import Preferences, preferences_of
from codeplan.accounts.sessions import Session
from codeplan.billing.audit import audited
from codeplan.billing.repeats import Binding, bind, free
from codeplan.console import words
from codeplan.console.problems import EXPECTED, NOT_SURE, name_of_problem, sentence
from codeplan.console.rendering import HEADERS, html
from codeplan.console.services import ConsoleServices
from codeplan.console.visits import Visit
from codeplan.kit import secrets
from codeplan.media.kinds import MediaInvalid
from codeplan.media.sent import read_sent
from codeplan.store.rows import Account
from codeplan.telemetry import log

COOKIE = "codeplan_session"
BROWSER = "codeplan_browser"
LANGUAGE = "codeplan_language"
THEME = "codeplan_theme"
HOME = "/console/"
OPERATOR_HOME = "/console/operator/"
SIGN_IN = "/console/sign-in"
YEAR_SECONDS = 365 * 24 * 3600
# Forms are small; a draft of a catalogue is the largest.
_MOST_FIELDS, _MOST_PART = 200, 1024 * 1024
# anybody; half: whose second factor is to come; person: any account; subscriber; operator.
Who = Literal["anybody", "half", "person", "subscriber", "operator"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A page's template and its values."""

    template: str
    page: object
    status: int = 200


@dataclass(frozen=True, slots=True)
class ProblemPage:
    text: str


@dataclass(frozen=True, slots=True)
class Go:
    """To another page; ``done``, ``problem``: what to say there, by name."""

    path: str
    done: str = ""
    problem: str = ""

    @property
    def address(self) -> str:
        said = {"done": self.done, "problem": self.problem}
        query = urlencode({name: value for name, value in said.items() if value})
        mark = "&" if "?" in self.path else "?"
        return f"{self.path}{mark}{query}" if query else self.path


# What is not written down, nor a digest of it.
_HIDDEN = frozenset(("csrf", "once", "password"))
Answer = Shown | Go | Response
Serve = Callable[[Visit], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Page:
    """``back``: where a problem is told; "" for the page's own address, or what is above it.
    ``most_bytes``: of a file that its form sends, as the service's settings have it; None for no
    file. ``once``: it does its work once for each form, whose name `Visit.once` is."""

    path: str
    serve: Serve
    who: Who = "subscriber"
    method: str = "GET"
    back: str = ""
    most_bytes: Callable[[ConsoleServices], int] | None = None
    once: bool = False


def post(path: str, serve: Serve, back: str = "", who: Who = "subscriber") -> Page:
    return Page(path, serve, who, "POST", back)


def post_once(path: str, serve: Serve, back: str = "", who: Who = "subscriber") -> Page:
    """Of a form that moves something, and so does its work once."""
    return Page(path, serve, who, "POST", back, once=True)


def routes_of(services: ConsoleServices, pages: list[Page]) -> list[Route]:
    """One route an address, below /console; its methods share it."""
    of: dict[str, dict[str, Page]] = {}
    for page in pages:
        of.setdefault(page.path, {})[page.method] = page
    return [_route(services, path, methods) for path, methods in of.items()]


def _route(services: ConsoleServices, path: str, methods: dict[str, Page]) -> Route:
    async def serve(request: Request) -> Response:
        page = methods["GET" if request.method == "HEAD" else request.method]
        visit, fresh = await begin_visit(services, request)
        response = await _served(page, visit)
        if fresh:
            keep_cookie(response, request, BROWSER, visit.browser, YEAR_SECONDS)
        return response

    return Route(path, serve, methods=list(methods))


async def begin_visit(services: ConsoleServices, request: Request) -> tuple[Visit, bool]:
    """Who it is; and whether the browser was never seen."""
    token = request.cookies.get(COOKIE, "")
    found = await services.sessions.of(token) if token else None
    browser = request.cookies.get(BROWSER, "")
    fresh = found is None and not browser
    visit = Visit(request, services, token if found else browser or secrets.new_token(""))
    if found is not None:
        await _know(visit, *found)
    likes = visit.preferences
    asked = words.language_asked(request.headers.get("accept-language", ""))
    language = (likes and likes.language) or request.cookies.get(LANGUAGE) or asked
    visit.language = language if language in words.LANGUAGES else "en"
    theme = likes.theme if likes and likes.state else request.cookies.get(THEME, "auto")
    visit.theme = theme if theme in ("light", "dark") else "auto"
    return visit, fresh


async def _know(visit: Visit, session: Session, account: Account) -> None:
    visit.session, visit.account = session, account
    store = visit.services.store
    if session.seen_account:
        seen = await store.account_by_id(session.seen_account)
        if seen is not None:
            visit.operator, visit.account = account, seen
    likes: Preferences = await preferences_of(store, account.id)
    visit.preferences = likes


async def _served(page: Page, visit: Visit) -> Response:
    refused = _refused(page, visit)
    if refused is not None:
        return refused
    if page.method == "POST":
        try:
            await _read_form(page, visit)
        except MediaInvalid as invalid:
            return response_of(Go(page.back, problem=name_of_problem(invalid)), visit)
        if not _same_site(visit.request) or not visit.csrf_fits():
            return _plain(
                visit._("This form is not of this browser's page. Load the page again."), 403
            )
        if visit.operator is not None and page.path != "/operator/unsee":
            return _plain(
                visit._("You look at somebody's pages: nothing can be changed here."), 403
            )
    binding: Binding | None = None
    try:
        if page.once:
            binding = await _bound(visit)
        if page.method == "POST" and page.who == "operator":
            await _audited(visit)
        answer = await page.serve(visit)
    except EXPECTED as problem:
        if binding is not None and not isinstance(problem, NOT_SURE):
            await free(visit.services.store, binding)
        answer = Go(page.back or HOME.rstrip("/") + page.path, problem=name_of_problem(problem))
        if page.method == "GET" and not page.back:
            answer = _broken(visit, visit._(sentence(name_of_problem(problem))), 400)
    except HTTPException as missing:
        answer = _broken(visit, missing.detail, missing.status_code)
    except Exception:
        log.exception("a page broke", path=visit.request.url.path)
        text = visit._("Something broke on our side. Nothing was charged.")
        answer = _broken(visit, text, 500)
    return response_of(answer, visit)


async def _read_form(page: Page, visit: Visit) -> None:
    """Raises MediaInvalid for a file that is too large, or a form without its file."""
    if page.most_bytes is None:
        visit.form = await visit.request.form(
            max_files=0, max_fields=_MOST_FIELDS, max_part_size=_MOST_PART
        )
    else:
        visit.sent = await read_sent(visit.request, page.most_bytes(visit.services))
        visit.form = FormData(visit.sent.fields)


def _broken(visit: Visit, text: str, status: int) -> Shown:
    """A page that cannot be shown, inside the frame of those that can."""
    signed_in = visit.session is not None and visit.session.state == "open"
    template = "problem.html" if signed_in else "entrance/problem.html"
    return Shown(template, ProblemPage(text), status)


async def _bound(visit: Visit) -> Binding | None:
    """A form that names itself does its work once, and stands for what it said then. Raises
    KeyReused, StoreFailed."""
    once = visit.text("once")
    if not once or visit.account is None:
        return None
    said = sorted(
        (name, str(value)) for name, value in visit.form.multi_items() if name not in _HIDDEN
    )
    asked = msgspec.json.encode([visit.request.url.path, said]).decode()
    whose = f"form/{visit.who.id}"
    return await bind(visit.services.store, whose, visit.who.id, once, asked)


async def _audited(visit: Visit) -> None:
    """What an operator asks for is written down before it is done."""
    asked = {name: str(value)[:500] for name, value in visit.form.items() if name not in _HIDDEN}
    address = f"{visit.who.email}: POST {visit.request.url.path}"
    text = msgspec.json.encode(asked).decode()
    await audited(visit.services.store, address, text, visit.once)


def response_of(answer: Answer, visit: Visit) -> Response:
    if isinstance(answer, Shown):
        return html(answer.template, answer.page, visit, answer.status)
    if isinstance(answer, Go):
        return RedirectResponse(answer.address, 303, dict(HEADERS))
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    return answer


def _refused(page: Page, visit: Visit) -> Response | None:
    """Where whoever may not see the page is sent; None for who may."""
    account, session = visit.account, visit.session
    if page.who == "anybody":
        return None
    if account is None or session is None:
        return _go(SIGN_IN)
    if session.state == "half":
        return None if page.who == "half" else _go("/console/second-factor")
    if page.who == "half":
        return _go(HOME)
    if account.password_once and page.path != "/password":
        return _go("/console/password")
    if page.who == "operator" and (account.role != "operator" and visit.operator is None):
        return _plain(visit._("This page is the operator's."), 403)
    if page.who == "subscriber" and account.role == "operator":
        return _go(OPERATOR_HOME)
    return None


def _go(path: str) -> Response:
    return RedirectResponse(path, 303, dict(HEADERS))


def _plain(text: str, status: int) -> Response:
    return Response(text, status, dict(HEADERS), "text/plain; charset=utf-8")


def _same_site(request: Request) -> bool:
    """Whether a page of ours sent the form: as the browser says, besides the token in it."""
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "same-origin")
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    host = origin.partition("://")[2] if origin else ""
    fits = origin in (None, own) or host == request.headers.get("host", "")
    return site in ("same-origin", "none") and fits


def keep_cookie(
    response: Response, request: Request, name: str, value: str, seconds: int | None = None
) -> None:
    """One that no script reads and no other site sends along with a form."""
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/console",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
