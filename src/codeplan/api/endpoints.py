"""How an address of this API is declared: once, with what it takes, so that whoever asks is checked
everywhere alike and the OpenAPI document says what is true.

An account's address takes a client key; where ``?team=`` names an organisation, its owner and
admins act for it. An operator's takes the operator token. What moves money carries an
``Idempotency-Key``: the same request with it again changes nothing and answers as it did, another
one is refused (billing/repeats.py)."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from codeplan.api.answers import answer, error, key_of
from codeplan.api.problems import PROBLEMS, problem_answer
from codeplan.api.shown import Services
from codeplan.billing.audit import audited
from codeplan.billing.repeats import Binding, bind, free
from codeplan.kit import secrets
from codeplan.store.rows import Account, KeyHolder

BAD_KEY = "This API key is not valid: it is missing, unknown or revoked."
MOST = 200
Who = Literal["account", "operator", "anybody"]
T = TypeVar("T")


class Invalid(ValueError):
    """A parameter that is not what was expected; the text names it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call, checked. ``holder``: whose key it brought; None for an operator. ``account_id``:
    for whom it acts. ``once``: its idempotency key."""

    request: Request
    account_id: str = ""
    holder: KeyHolder | None = None
    once: str = ""
    body: Any = None

    @property
    def account(self) -> Account:
        assert self.holder is not None  # only an account's addresses ask
        return self.holder.account

    def read(self, kind: type[T]) -> T:
        """The body, as the address declared it."""
        assert isinstance(self.body, kind)
        return self.body

    def text(self, name: str, default: str = "") -> str:
        return self.request.query_params.get(name, default)

    def part(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def number(self, name: str, default: int, most: int = MOST) -> int:
        """Raises Invalid."""
        text = self.text(name, str(default))
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise Invalid(f"{name}: expected a number from 1 to {most}")
        return int(text)


def instant_in(name: str, text: str) -> int:
    """A time such as 2026-11-01T00:00+08:00, as an instant. ``name``: of the parameter. Raises
    Invalid."""
    try:
        # A query's "+" comes as a space.
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise Invalid(f"{name}: expected a time such as 2026-11-01T00:00+08:00") from None
    if moment.tzinfo is None:
        raise Invalid(f"{name}: expected a time with its zone, such as +08:00")
    return round(moment.timestamp() * 1000)


Serve = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``query``: its parameters, with what they mean. ``body``: what it takes; None for nothing.
    ``once``: it moves something, so it needs an idempotency key. ``hidden``: what it takes is not
    written into the audit log."""

    method: str
    path: str
    serve: Serve
    who: Who = "account"
    query: Mapping[str, str] = field(default_factory=dict)
    body: type | None = None
    once: bool = False
    status: int = 200
    hidden: bool = False

    @property
    def about(self) -> str:
        return " ".join((self.serve.__doc__ or "").split())


def routes_of(services: Services, endpoints: list[Endpoint]) -> list[Route]:
    """One route an address; its methods share it."""
    of: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        of.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    return [_route(services, path, methods) for path, methods in of.items()]


def _route(services: Services, path: str, methods: Mapping[str, Endpoint]) -> Route:
    async def serve(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await _served(services, methods[method], request)

    return Route(path, serve, methods=list(methods))


async def _served(services: Services, endpoint: Endpoint, request: Request) -> Response:
    holder: KeyHolder | None = None
    account_id = ""
    if endpoint.who == "operator":
        token = key_of(request) or ""
        if not hmac.compare_digest(secrets.digest(token), services.operator_digest):
            return error(401, "operator_token", "The operator token is missing or wrong.")
    elif endpoint.who == "account":
        holder = await services.accounts.holder_in(dict(request.headers.raw))
        if holder is None:
            return error(401, "1000", BAD_KEY)
        account_id = holder.account.id
    once = request.headers.get("idempotency-key", "")
    if endpoint.once and not 8 <= len(once) <= 200:
        return error(400, "1213", "Idempotency-Key: expected 8 to 200 characters of your own")
    binding: Binding | None = None
    try:
        team = request.query_params.get("team", "")
        if team and holder is not None:
            await services.teams.must_manage(team, account_id)
            account_id = team
        body: Any = None
        if endpoint.body is not None:
            body = msgspec.json.decode(await request.body() or b"{}", type=endpoint.body)
        if endpoint.once:
            whose = account_id or endpoint.who
            binding = await bind(services.books, whose, account_id, once, _asked(request, body))
        response = await _done(services, endpoint, Call(request, account_id, holder, once, body))
    except msgspec.DecodeError as problem:
        return error(400, "1210", str(problem))
    except Invalid as problem:
        response = error(400, "1214", str(problem))
    except tuple(PROBLEMS) as problem:
        response = problem_answer(problem)
    if binding is not None and 400 <= response.status_code < 500:
        # Nothing was done. Of what failed on our side or a provider's that is not known.
        await free(services.books, binding)
    return response


async def _done(services: Services, endpoint: Endpoint, call: Call) -> Response:
    """Serve it, after what an operator asks for is written down."""
    request = call.request
    if endpoint.who == "operator" and endpoint.method != "GET":
        asked = (await request.body()).decode("utf-8", "replace")
        if endpoint.hidden:
            asked = "(not written down)"
        await audited(services.books, f"{endpoint.method} {request.url.path}", asked, call.once)
    value = await endpoint.serve(call)
    return value if isinstance(value, Response) else answer(value, endpoint.status)


def _asked(request: Request, body: Any) -> str:
    """The request as what it means: neither the order of its fields nor blanks make another."""
    query = sorted(request.query_params.multi_items())
    meant = [request.method, request.url.path, query, body]
    return msgspec.json.encode(meant, order="sorted").decode()
