"""The console's addresses. Sessions are a cookie that no script reads and no other site sends."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from codeplan.accounts.directory import Accounts
from codeplan.accounts.sign_in import MIN_PASSWORD, PasswordTooShort, SignIns
from codeplan.console import contexts
from codeplan.kit.clock import Clock
from codeplan.kit.instants import iso_utc
from codeplan.metering.meter import Meter
from codeplan.plan.windows import WindowView
from codeplan.store.base import SubscriptionStore, UsageStore
from codeplan.store.rows import Account
from codeplan.subscriptions.subscriptions import Subscriptions


class ConsoleStore(SubscriptionStore, UsageStore, Protocol):
    """What the pages read directly."""


@dataclass(frozen=True, slots=True)
class ConsoleServices:
    """What the pages need."""

    accounts: Accounts
    sign_ins: SignIns
    subscriptions: Subscriptions
    meter: Meter
    store: ConsoleStore
    clock: Clock


_COOKIE = "codeplan_session"
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
_PROMPTS_SHOWN = 20
_templates = Environment(
    loader=PackageLoader("codeplan.console"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
Endpoint = Callable[[Request], Awaitable[Response]]


def routes(services: ConsoleServices) -> list[BaseRoute]:
    static = Path(str(resources.files("codeplan.console") / "static"))
    console = _Console(services)
    return [
        Route("/", _home),
        Route("/console", _home),
        Route("/console/", console.overview),
        Route("/console/sign-in", console.sign_in_page, methods=["GET"]),
        Route("/console/sign-in", _same_site(console.sign_in), methods=["POST"]),
        Route("/console/sign-out", _same_site(console.sign_out), methods=["POST"]),
        Route("/console/password", console.password_page, methods=["GET"]),
        Route("/console/password", _same_site(console.choose_password), methods=["POST"]),
        Mount("/console/static", StaticFiles(directory=static)),
    ]


async def _home(_: Request) -> Response:
    return RedirectResponse("/console/", 303)


def _same_site(endpoint: Endpoint) -> Endpoint:
    """Refuse a form that another site had the browser send."""

    async def guarded(request: Request) -> Response:
        origin = request.headers.get("origin")
        site = request.headers.get("sec-fetch-site", "same-origin")
        own = f"{request.url.scheme}://{request.headers.get('host', '')}"
        if site not in ("same-origin", "none") or (origin not in (None, own)):
            return Response("This form came from another site.", 403, _HEADERS)
        return await endpoint(request)

    return guarded


class _Console:
    def __init__(self, services: ConsoleServices) -> None:
        self._services = services

    async def sign_in_page(self, _: Request) -> Response:
        return _page("sign_in.html", contexts.SignInPage())

    async def sign_in(self, request: Request) -> Response:
        """By e-mail and password, or by a client key."""
        form = await request.form()
        key, email = str(form.get("key", "")).strip(), str(form.get("email", "")).strip()
        if key:
            holder = await self._services.accounts.holder_of(key)
            if holder is None:
                problem = contexts.SignInPage("This key is not valid.")
                return _page("sign_in.html", problem, 403)
            return _signed_in(request, await self._services.sign_ins.open(holder.account))
        found = await self._services.sign_ins.sign_in(email, str(form.get("password", "")))
        if found is None:
            problem = contexts.SignInPage("E-mail and password do not fit.")
            return _page("sign_in.html", problem, 403)
        return _signed_in(request, found[1])

    async def sign_out(self, request: Request) -> Response:
        await self._services.sign_ins.sign_out(request.cookies.get(_COOKIE, ""))
        response = RedirectResponse("/console/sign-in", 303, _HEADERS)
        response.delete_cookie(_COOKIE, path="/console")
        return response

    async def password_page(self, request: Request) -> Response:
        if await self._account(request) is None:
            return RedirectResponse("/console/sign-in", 303, _HEADERS)
        return _page("password.html", contexts.PasswordPage(MIN_PASSWORD))

    async def choose_password(self, request: Request) -> Response:
        account = await self._account(request)
        if account is None:
            return RedirectResponse("/console/sign-in", 303, _HEADERS)
        form = await request.form()
        try:
            await self._services.sign_ins.choose_password(account, str(form.get("password", "")))
        except PasswordTooShort as short:
            return _page("password.html", contexts.PasswordPage(MIN_PASSWORD, f"{short}."), 400)
        return RedirectResponse("/console/", 303, _HEADERS)

    async def overview(self, request: Request) -> Response:
        account = await self._account(request)
        if account is None:
            return RedirectResponse("/console/sign-in", 303, _HEADERS)
        if account.password_once:
            return RedirectResponse("/console/password", 303, _HEADERS)
        if account.role == "operator":
            accounts = await self._services.accounts.subscribers()
            shown = tuple([await self._subscriber(item) for item in accounts])
            return _page("operator.html", contexts.OperatorPage(account.email, shown))
        prompts = await self._services.store.prompts(account.id, _PROMPTS_SHOWN)
        page = contexts.OverviewPage(
            subscriber=await self._subscriber(account),
            prompts=tuple(
                contexts.PromptShown(
                    iso_utc(prompt.opened_at) or "", prompt.client, prompt.calls, prompt.state
                )
                for prompt in prompts
            ),
        )
        return _page("overview.html", page)

    async def _account(self, request: Request) -> Account | None:
        token = request.cookies.get(_COOKIE)
        return await self._services.sign_ins.account_of(token) if token else None

    async def _subscriber(self, account: Account) -> contexts.SubscriberShown:
        subscription = await self._services.store.current_subscription(account.id)
        held = await self._services.subscriptions.held(subscription) if subscription else None
        if held is None or not held.is_active(self._services.clock.now()):
            return contexts.SubscriberShown(account.email, "", "", ())
        windows = await self._services.meter.windows(held.payer(account.id), held.plan)
        return contexts.SubscriberShown(
            account.email,
            held.plan.name,
            iso_utc(held.subscription.ends_at) or "",
            tuple(_window(view) for view in windows),
        )


def _window(view: WindowView) -> contexts.WindowShown:
    taken = view.used + view.reserved
    return contexts.WindowShown(
        name=f"{view.rule.words} {view.rule.unit}s",
        limit=view.limit,
        used=taken,
        left=view.left,
        share=min(100, int(taken * 100 // view.limit)),
        resets_at=iso_utc(view.resets_at) or "",
    )


def _page(template: str, page: object, status: int = 200) -> Response:
    return HTMLResponse(_templates.get_template(template).render(page=page), status, _HEADERS)


def _signed_in(request: Request, token: str) -> Response:
    response = RedirectResponse("/console/", 303, _HEADERS)
    response.set_cookie(
        _COOKIE,
        token,
        path="/console",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response
