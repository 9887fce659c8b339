"""WeChat Pay, API version 3, by the wechatpayv3 library: payment by QR code, notifications signed
with RSA and sealed with AES-256-GCM.

``out_trade_no`` has 32 characters at most, so it is the order's id without its prefix. Amounts are
fen. https://pay.weixin.qq.com/doc/v3/merchant/4012791877, …/4012791882 (notifications)
"""

import json
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from wechatpayv3.async_ import AsyncWeChatPay, WeChatPayType

from codeplan.kit.instants import at
from codeplan.payments.amounts import WECHAT
from codeplan.payments.base import (
    Ask,
    Checkout,
    Declined,
    Forged,
    Notification,
    NotOffered,
    Payment,
    ProviderFailed,
    Refunded,
)

_PREFIX = "order_"
_PENDING = ("NOTPAY", "USERPAYING", "ACCEPT")
# Of a trade: some of it or all went back. Of a refund: it is on its way, or there.
_REFUNDED, _SENT = "REFUND", ("SUCCESS", "PROCESSING")
_TIMEOUT_SECONDS = 15


class WeChat:
    """``open`` it before use."""

    name = "wechat"
    currencies = frozenset({"CNY"})
    charges_off_session = False
    needs_widget = False

    def __init__(
        self,
        app_id: str,
        merchant_id: str,
        private_key: str,
        certificate_serial: str,
        api_key: str,
        public_key: str,
        public_key_id: str,
        base_url: str,
    ) -> None:
        if len(api_key) != 32:
            raise ValueError("WeChat Pay's APIv3 key has 32 characters")
        self._app_id, self._merchant_id = app_id, merchant_id
        self._client = AsyncWeChatPay(
            wechatpay_type=WeChatPayType.NATIVE,
            mchid=merchant_id,
            private_key=private_key,
            cert_serial_no=certificate_serial,
            appid=app_id,
            apiv3_key=api_key,
            timeout=_TIMEOUT_SECONDS,
            public_key=public_key,
            public_key_id=public_key_id,
        )
        # The library has no setting for its address.
        self._client._core._gate_way = base_url

    async def open(self) -> "WeChat":
        await self._client.__aenter__()
        return self

    async def begin(self, ask: Ask) -> Checkout:
        told = await self._say(
            self._client.pay(
                description=ask.title[:127],
                out_trade_no=_number(ask.order_id),
                amount=_amount(ask.currency, total=ask.amount_minor),
                notify_url=ask.notify_url,
                time_expire=at(ask.expires_at, UTC).isoformat(timespec="seconds"),
                pay_type=WeChatPayType.NATIVE,
            )
        )
        return Checkout("qr", str(told["code_url"]), ask.order_id)

    async def look_up(self, ask: Ask, reference: str) -> Payment:
        told = await self._say(
            self._client.query(out_trade_no=_number(ask.order_id)), may_lack=True
        )
        return self._payment(told) if told else Payment(ask.order_id, "unknown")

    async def charge(self, ask: Ask) -> Payment:
        raise NotOffered("WeChat Pay is paid by whoever owes")

    async def refund(self, ask: Ask, payment_id: str, amount_minor: int, refund_id: str) -> None:
        await self._say(
            self._client.refund(
                out_refund_no=refund_id,
                transaction_id=payment_id,
                notify_url=ask.notify_url,
                amount=_amount(ask.currency, refund=amount_minor, total=ask.amount_minor),
            )
        )

    def read(self, headers: Mapping[str, str], body: bytes) -> Notification | None:
        try:
            said = self._client.callback(headers=dict(headers), body=body)
        except Exception:  # the library raises plain exceptions for what is not signed
            said = None
        if not said:
            raise Forged("WeChat Pay did not sign that")
        trade, kind = said["resource"], str(said.get("event_type", ""))
        if trade.get("mchid") != self._merchant_id:
            raise Forged("that is another merchant's")
        if kind.startswith("REFUND."):
            return self._refunded(trade)  # names no application
        if not kind.startswith("TRANSACTION."):
            return None
        if trade.get("appid") != self._app_id:
            raise Forged("that is another application's")
        return self._payment(trade)

    async def payment(self, payment_id: str) -> Payment | None:
        """Its notifications name the order themselves."""
        return None

    def thanks(self) -> tuple[int, str, bytes]:
        return 200, "application/json", b'{"code": "SUCCESS"}'

    async def returned(self, since: int, until: int) -> None:
        """It lists refunds only in bills of a day before; `look_up` says that there was one."""
        return

    async def received(self, since: int, until: int) -> Mapping[str, tuple[int, str]] | None:
        return None

    async def close(self) -> None:
        await self._client.__aexit__(None, None, None)

    def _payment(self, trade: Mapping[str, Any]) -> Payment:
        order_id = f"{_PREFIX}{trade.get('out_trade_no', '')}"
        state = trade.get("trade_state", "")
        if state == "SUCCESS":
            amount = trade.get("amount") or {}
            return Payment(
                order_id, "paid", str(trade.get("transaction_id", "")),
                *_minor(amount, "total"),
            )  # fmt: skip
        if state in _PENDING:
            return Payment(order_id, "pending")
        if state == _REFUNDED:
            number = str(trade.get("transaction_id", ""))
            return Payment(
                order_id, "refunded", number, *_minor(trade.get("amount") or {}, "total")
            )
        return Payment(order_id, "failed", why=str(trade.get("trade_state_desc") or state))

    def _refunded(self, refund: Mapping[str, Any]) -> Refunded:
        """One that was closed, or that a bank refused, is back with the merchant.
        https://pay.weixin.qq.com/doc/v3/merchant/4012791906"""
        amount_minor, currency = _minor(refund.get("amount") or {}, "refund")
        return Refunded(
            payment_id=str(refund.get("transaction_id", "")),
            order_id=f"{_PREFIX}{refund.get('out_trade_no', '')}",
            refund_id=str(refund.get("refund_id", "")),
            own_id=str(refund.get("out_refund_no", "")),
            amount_minor=amount_minor,
            currency=currency,
            state="made" if refund.get("refund_status") in _SENT else "failed",
        )

    async def _say(self, asking: Any, may_lack: bool = False) -> dict[str, Any]:
        try:
            status, text = await asking
        except Exception as problem:  # the library raises plain exceptions, whatever it was
            raise ProviderFailed(f"WeChat Pay: {problem}") from problem
        try:
            told = json.loads(text) if text else {}
        except ValueError:
            raise ProviderFailed(f"WeChat Pay answered {status}") from None
        if 200 <= status < 300:
            return dict(told)
        if may_lack and told.get("code") in ("ORDER_NOT_EXIST", "ORDERNOTEXIST", "NOT_FOUND"):
            return {}
        why = f"WeChat Pay: {told.get('message')} ({told.get('code')})"
        raise (Declined if 400 <= status < 500 and status != 429 else ProviderFailed)(why)


def _amount(currency: str, **parts: int) -> dict[str, Any]:
    """As the API says amounts: fen, by name."""
    fen = {name: WECHAT.of(minor, currency) for name, minor in parts.items()}
    return {**fen, "currency": currency}


def _minor(amount: Mapping[str, Any], name: str) -> tuple[int, str]:
    """One of them in minor units, and its currency."""
    currency = str(amount.get("currency", "CNY"))
    return WECHAT.minor(int(amount.get(name, 0)), currency), currency


def _number(order_id: str) -> str:
    return order_id.removeprefix(_PREFIX)
