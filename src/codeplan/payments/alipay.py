"""Alipay, by its own SDK: payment in a page or by QR code, notifications signed with RSA2.

The SDK signs and verifies. Its own HTTP client knows no port but 80 and 443, and breaks on any
answer that is not 200, so the signed call goes out by httpx.

``out_trade_no`` is the order's id. Amounts are yuan with two decimals.
https://opendocs.alipay.com/open/270/105899 (page), …/194/106078 (QR), …/270/105902 (notifications)
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import httpx
from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient
from alipay.aop.api.request.AlipayTradePagePayRequest import AlipayTradePagePayRequest
from alipay.aop.api.request.AlipayTradePrecreateRequest import AlipayTradePrecreateRequest
from alipay.aop.api.request.AlipayTradeQueryRequest import AlipayTradeQueryRequest
from alipay.aop.api.request.AlipayTradeRefundRequest import AlipayTradeRefundRequest
from alipay.aop.api.util.SignatureUtils import get_sign_content, verify_with_rsa

from codeplan.kit.money import minor_units, written
from codeplan.payments.amounts import ALIPAY
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

_PAID = ("TRADE_SUCCESS", "TRADE_FINISHED")
_CNY = "CNY"
_TIMEOUT_SECONDS = 15
_FORM = {"content-type": "application/x-www-form-urlencoded;charset=utf-8"}


class Alipay:
    """``kind``: "page" in a browser, or "qr" to scan."""

    name = "alipay"
    currencies = frozenset({_CNY})
    charges_off_session = False
    needs_widget = False

    def __init__(
        self, app_id: str, private_key: str, alipay_public_key: str, gateway: str, kind: str
    ) -> None:
        if not app_id or not private_key or not alipay_public_key:
            raise ValueError("Alipay's keys must not be empty")
        config = AlipayClientConfig()
        config.server_url = gateway
        config.app_id = app_id
        config.app_private_key = private_key
        config.alipay_public_key = alipay_public_key
        config.sign_type = "RSA2"
        self._app_id, self._public_key, self._kind = app_id, alipay_public_key, kind
        self._gateway = gateway
        self._client = DefaultAlipayClient(config)
        self._http = httpx.AsyncClient(timeout=_TIMEOUT_SECONDS)

    async def begin(self, ask: Ask) -> Checkout:
        content = {
            "out_trade_no": ask.order_id,
            "total_amount": _yuan(ask.amount_minor),
            "subject": ask.title,
        }
        if self._kind == "qr":
            told = await self._execute(AlipayTradePrecreateRequest(), content, ask.notify_url)
            return Checkout("qr", str(told["qr_code"]), ask.order_id)
        content["product_code"] = "FAST_INSTANT_TRADE_PAY"
        request = AlipayTradePagePayRequest()
        request.notify_url, request.return_url = ask.notify_url, ask.return_url
        request.biz_content = content
        address = self._client.page_execute(request, "GET")
        return Checkout("page", str(address), ask.order_id)

    async def look_up(self, ask: Ask, reference: str) -> Payment:
        told = await self._execute(
            AlipayTradeQueryRequest(), {"out_trade_no": ask.order_id}, may_lack=True
        )
        return _payment(ask.order_id, told)

    async def charge(self, ask: Ask) -> Payment:
        raise NotOffered("Alipay is paid by whoever owes")

    async def refund(self, ask: Ask, payment_id: str, amount_minor: int, refund_id: str) -> None:
        content = {
            "trade_no": payment_id,
            "refund_amount": _yuan(amount_minor),
            "out_request_no": refund_id,
        }
        await self._execute(AlipayTradeRefundRequest(), content)

    def read(self, headers: Mapping[str, str], body: bytes) -> Notification | None:
        try:
            said = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        except ValueError:
            raise Forged("that is no form") from None
        sign = said.pop("sign", "")
        kind = said.pop("sign_type", "")
        if kind != "RSA2" or not self._verified(get_sign_content(said).encode(), sign):
            raise Forged("Alipay did not sign that")
        if said.get("app_id") != self._app_id:
            raise Forged("that is another application's")
        order_id = said.get("out_trade_no", "")
        if not order_id.startswith("order_"):
            return None  # another program's, under the same application
        if said.get("refund_fee"):
            return _refunded(order_id, said)
        return _payment(order_id, said)

    async def payment(self, payment_id: str) -> Payment | None:
        """Its notifications name the order themselves."""
        return None

    def _verified(self, content: bytes, sign: str) -> bool:
        try:
            return bool(verify_with_rsa(self._public_key, content, sign))
        except Exception:  # the library raises what its parts raise, for whatever is not signed
            return False

    def thanks(self) -> tuple[int, str, bytes]:
        return 200, "text/plain", b"success"

    async def returned(self, since: int, until: int) -> None:
        """It lists refunds only in bills of a day before; `look_up` says what was closed."""
        return

    async def received(self, since: int, until: int) -> Mapping[str, tuple[int, str]] | None:
        return None

    async def close(self) -> None:
        await self._http.aclose()

    async def _execute(
        self, request: Any, content: dict[str, str], notify_url: str = "", may_lack: bool = False
    ) -> dict[str, Any]:
        request.biz_content = content
        if notify_url:
            request.notify_url = notify_url
        signed = self._client.sdk_execute(request)
        try:
            answered = await self._http.post(self._gateway, content=signed, headers=_FORM)
            told = self._told(answered.raise_for_status().text)
        except (httpx.HTTPError, ValueError, KeyError) as problem:
            raise ProviderFailed(f"Alipay: {problem or type(problem).__name__}") from problem
        if told.get("code") == "10000":
            return told
        why = f"{told.get('sub_msg') or told.get('msg')} ({told.get('sub_code')})"
        if may_lack and told.get("sub_code") == "ACQ.TRADE_NOT_EXIST":
            return {}
        if told.get("code") == "40004":
            raise Declined(f"Alipay: {why}")
        raise ProviderFailed(f"Alipay: {why}")

    def _told(self, text: str) -> dict[str, Any]:
        """The answer, whose signature is over its own text. Raises ValueError, KeyError."""
        whole = json.loads(text)
        name = next(key for key in whole if key.endswith("_response"))
        begins = text.index("{", text.index(f'"{name}"'))
        told, ends = json.JSONDecoder().raw_decode(text, begins)
        if not self._verified(text[begins:ends].encode(), str(whole["sign"])):
            raise ValueError("the answer is not signed by Alipay")
        return dict(told)


def _payment(order_id: str, said: Mapping[str, Any]) -> Payment:
    status = said.get("trade_status", "")
    if status in _PAID:
        amount = _fen(said.get("total_amount", ""))
        return Payment(order_id, "paid", str(said.get("trade_no", "")), amount, _CNY)
    if status == "TRADE_CLOSED":
        return Payment(order_id, "failed", why="the payment was closed")
    return Payment(order_id, "pending" if status else "unknown")


def _refunded(order_id: str, said: Mapping[str, Any]) -> Refunded:
    """``refund_fee`` is the sum of all of the trade's refunds, ``out_biz_no`` the asker's name of
    the one that it is told for; a refund that a person makes in Alipay's own pages has one too."""
    return Refunded(
        payment_id=str(said.get("trade_no", "")),
        order_id=order_id,
        own_id=str(said.get("out_biz_no", "")),
        total_minor=_fen(said["refund_fee"]),
        currency=_CNY,
    )


def _yuan(amount_minor: int) -> str:
    return written(ALIPAY.of(amount_minor, _CNY), _CNY, sign=False)


def _fen(yuan: object) -> int:
    """Raises ValueError for what is no amount."""
    return ALIPAY.minor(minor_units(str(yuan), _CNY), _CNY)
