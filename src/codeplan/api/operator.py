"""The operator's addresses. The token lies in the data folder; it comes as a Bearer header."""

import hmac
from datetime import datetime
from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from codeplan.accounts.directory import EmailInvalid
from codeplan.api.answers import answer, error, key_of
from codeplan.api.prices import price_table
from codeplan.api.shown import Services
from codeplan.billing.wallet import AmountInvalid, Wallet
from codeplan.kit import secrets
from codeplan.kit.instants import iso_utc
from codeplan.store.base import AlreadyThere
from codeplan.subscriptions.subscriptions import PlanUnknown


class _NewAccount(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    plan: str | None = None
    period: Literal["month", "quarter", "year"] = "month"


class _Money(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    amount: str
    currency: str
    reference: str
    kind: Literal["top_up", "bonus"] = "top_up"


def routes(services: Services, wallet: Wallet) -> list[Route]:
    def allowed(request: Request) -> bool:
        token = key_of(request) or ""
        return hmac.compare_digest(secrets.digest(token), services.operator_digest)

    async def create_account(request: Request) -> Response:
        """An account with a key, and a plan where one is named. The key is shown this once."""
        if not allowed(request):
            return error(401, "operator_token", "The operator token is missing or wrong.")
        try:
            wanted = msgspec.json.decode(await request.body(), type=_NewAccount)
        except msgspec.DecodeError as problem:
            return error(400, "malformed", str(problem))
        plans = services.subscriptions.catalogue.plans
        if wanted.plan is not None and wanted.plan not in plans:
            return error(400, "plan_unknown", str(PlanUnknown(_no_plan(wanted.plan, list(plans)))))
        try:
            made = await services.accounts.create(wanted.email)
        except EmailInvalid as problem:
            return error(400, "email_invalid", str(problem))
        except AlreadyThere:
            return error(409, "account_exists", f"there is an account of {wanted.email} already")
        shown = {
            "account_id": made.account.id,
            "email": made.account.email,
            "key": made.key,
            "plan": wanted.plan,
            "period": None,
            "ends_at": None,
        }
        if wanted.plan is not None:
            held = await services.subscriptions.grant(made.account.id, wanted.plan, wanted.period)
            services.accounts.forget()
            shown |= {"period": held.period, "ends_at": iso_utc(held.ends_at)}
        return answer(shown, 201)

    async def preview_prices(request: Request) -> Response:
        """``?at=`` an instant such as 2026-12-08T00:00:00+08:00, else now: every price then."""
        if not allowed(request):
            return error(401, "operator_token", "The operator token is missing or wrong.")
        at = services.clock.now()
        if "at" in request.query_params:
            try:
                moment = datetime.fromisoformat(request.query_params["at"])
            except ValueError:
                return error(400, "malformed", "at: expected a time such as 2026-12-08T00:00+08:00")
            if moment.tzinfo is None:
                return error(400, "malformed", "at: expected a time with its zone, such as +08:00")
            at = round(moment.timestamp() * 1000)
        catalogue = services.subscriptions.catalogue
        return answer({"at": iso_utc(at), "prices": price_table(catalogue, at)})

    async def add_money(request: Request) -> Response:
        """Money that came in outside, or a bonus, onto an account's balance; once for each
        ``Idempotency-Key``."""
        if not allowed(request):
            return error(401, "operator_token", "The operator token is missing or wrong.")
        key = request.headers.get("idempotency-key", "")
        if not 8 <= len(key) <= 200:
            return error(400, "malformed", "Idempotency-Key: expected 8 to 200 characters")
        try:
            wanted = msgspec.json.decode(await request.body(), type=_Money)
        except msgspec.DecodeError as problem:
            return error(400, "malformed", str(problem))
        account = await services.accounts.by_email(wanted.email)
        if account is None:
            return error(404, "not_found", f"there is no account of {wanted.email}")
        try:
            entry = await wallet.add(
                account.id, wanted.kind, wanted.amount, wanted.currency, wanted.reference, key
            )
        except AmountInvalid as problem:
            return error(400, "amount_invalid", str(problem))
        return answer(entry, 201)

    return [
        Route("/api/admin/accounts", create_account, methods=["POST"]),
        Route("/api/admin/balance", add_money, methods=["POST"]),
        Route("/api/admin/promotions/preview", preview_prices),
    ]


def _no_plan(asked: str, known: list[str]) -> str:
    return f"there is no plan {asked!r}; the catalogue has {', '.join(known)}"
