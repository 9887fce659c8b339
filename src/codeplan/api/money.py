"""The account's money: its balance and what moved it, what a plan costs, and buying it.

Whatever moves money carries an ``Idempotency-Key``: the same key again changes nothing and answers
as it did.
"""

from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from codeplan.api.answers import answer, error, key_of
from codeplan.api.prices import show_quote
from codeplan.api.shown import Services
from codeplan.billing.wallet import Wallet
from codeplan.kit.instants import iso_utc
from codeplan.kit.money import written
from codeplan.ledger.movements import BalanceTooSmall
from codeplan.plan.quote import NotForSale
from codeplan.store.rows import KeyHolder
from codeplan.subscriptions.purchases import OnlyAtPeriodsEnd, PriceChanged, Wish
from codeplan.subscriptions.shop import Shop
from codeplan.subscriptions.subscriptions import PlanUnknown

_BAD_KEY = "This API key is not valid: it is missing, unknown or revoked."


class _Purchase(msgspec.Struct, forbid_unknown_fields=True):
    """``due_minor``: what was previewed; the purchase is refused when it costs something else."""

    plan: str
    period: Literal["month", "quarter", "year"]
    currency: str
    due_minor: int
    codes: list[str] = []


def routes(services: Services, wallet: Wallet, shop: Shop) -> list[Route]:
    async def who(request: Request) -> KeyHolder | None:
        key = key_of(request)
        return await services.accounts.holder_of(key) if key else None

    async def balance(request: Request) -> Response:
        """Bonus and cash in each currency."""
        holder = await who(request)
        if holder is None:
            return error(401, "1000", _BAD_KEY)
        balances = await wallet.balances(holder.account.id)
        return answer(
            {
                currency: {
                    "bonus_minor": have.bonus,
                    "cash_minor": have.cash,
                    "total": written(have.total, currency),
                }
                for currency, have in balances.items()
            }
        )

    async def entries(request: Request) -> Response:
        """``?limit=&before=``: what moved the balance, the newest first."""
        holder = await who(request)
        if holder is None:
            return error(401, "1000", _BAD_KEY)
        limit = request.query_params.get("limit", "50")
        if not limit.isdecimal() or not 1 <= int(limit) <= 200:
            return error(400, "1214", "limit: expected a number from 1 to 200")
        before = request.query_params.get("before", "")
        found = await wallet.entries(holder.account.id, int(limit), before)
        return answer([{**msgspec.to_builtins(entry), "at": iso_utc(entry.at)} for entry in found])

    async def preview(request: Request) -> Response:
        """``?plan=&period=&currency=&code=``: line by line what it costs now, and at renewals."""
        holder = await who(request)
        if holder is None:
            return error(401, "1000", _BAD_KEY)
        query = request.query_params
        period = query.get("period", "month")
        if period not in ("month", "quarter", "year"):
            return error(400, "1214", "period: expected month, quarter or year")
        wish = Wish(
            holder.account.id,
            query.get("plan", ""),
            period,  # type: ignore[arg-type]  # one of the three
            query.get("currency", "CNY"),
            query.getlist("code"),
        )
        try:
            return answer(show_quote(await shop.preview(wish)))
        except (PlanUnknown, NotForSale, OnlyAtPeriodsEnd) as problem:
            return _refused(problem)

    async def purchase(request: Request) -> Response:
        """Buy, extend or upgrade, paid from the balance."""
        holder = await who(request)
        if holder is None:
            return error(401, "1000", _BAD_KEY)
        key = request.headers.get("idempotency-key", "")
        if not 8 <= len(key) <= 200:
            return error(400, "1213", "Idempotency-Key: expected 8 to 200 characters of your own")
        try:
            wanted = msgspec.json.decode(await request.body(), type=_Purchase)
        except msgspec.DecodeError as problem:
            return error(400, "1210", str(problem))
        wish = Wish(holder.account.id, wanted.plan, wanted.period, wanted.currency, wanted.codes)
        try:
            made = await shop.buy(wish, key, wanted.due_minor)
        except (
            PlanUnknown, NotForSale, OnlyAtPeriodsEnd, PriceChanged, BalanceTooSmall,
        ) as problem:  # fmt: skip
            return _refused(problem, wanted.currency)
        services.accounts.forget()
        return answer(show_quote(made), 201)

    def cancelling(cancelled: bool) -> Any:
        async def cancel(request: Request) -> Response:
            """Not to renew the plan when its period ends, or to renew it after all."""
            holder = await who(request)
            if holder is None:
                return error(401, "1000", _BAD_KEY)
            key = request.headers.get("idempotency-key", "")
            if not 8 <= len(key) <= 200:
                return error(400, "1213", "Idempotency-Key: expected 8 to 200 characters")
            try:
                await shop.cancel(holder.account.id, key, cancelled)
            except OnlyAtPeriodsEnd as problem:
                return _refused(problem)
            services.accounts.forget()
            return answer({"cancelled": cancelled})

        return cancel

    return [
        Route("/api/account/balance", balance),
        Route("/api/account/entries", entries),
        Route("/api/account/preview", preview),
        Route("/api/account/purchase", purchase, methods=["POST"]),
        Route("/api/account/cancel", cancelling(cancelled=True), methods=["POST"]),
        Route("/api/account/resume", cancelling(cancelled=False), methods=["POST"]),
    ]


def _refused(problem: ValueError, currency: str = "") -> Response:
    """Nothing was bought and nothing moved."""
    match problem:
        case PriceChanged(now=quote):
            told = {"code": "price_changed", "message": str(problem), "now": show_quote(quote)}
            return answer({"error": told}, 409)
        case BalanceTooSmall(missing_minor=missing):
            text = f"The balance is too small: {written(missing, currency)} more is needed."
            return error(402, "1113", text)
        case OnlyAtPeriodsEnd():
            return error(409, "only_at_periods_end", str(problem))
    return error(400, "1211", str(problem))
