"""A local server that answers and notifies as Alipay documents it, with keys made in the test: RSA2
(SHA-256 with RSA, PKCS #1 v1.5) over the sorted parameters, and over the answer's own JSON.

https://opendocs.alipay.com/common/02kf5q (signing), https://opendocs.alipay.com/open/270/105902
"""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlparse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

APP = "2021000000000000"


class AlipayServer:
    """``away``: it answers nothing of use. ``trades``: by out_trade_no."""

    def __init__(self, folder: Path) -> None:
        self._key = new_key()
        self.merchant = new_key()
        self.away = False
        self.trades: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, str] = {}
        self.merchant_file = folder / "alipay-merchant.pem"
        self.public_file = folder / "alipay-public.pem"
        self.merchant_file.write_text(private_pem(self.merchant))
        self.public_file.write_text(public_pem(self._key))
        outer = self

        class Gateway(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers.get("content-length") or 0)
                query = dict(parse_qsl(urlparse(self.path).query))
                body = outer._answer({**query, **dict(parse_qsl(self.rfile.read(size).decode()))})
                self.send_response(503 if outer.away else 200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/gateway.do"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def opened_page(self, address: str) -> str:
        """The person opens the page's address; the order's number, if the merchant signed it."""
        said = dict(parse_qsl(urlparse(address).query))
        content = self._checked(said)
        self.trades[content["out_trade_no"]] = {
            "out_trade_no": content["out_trade_no"],
            "trade_no": f"2026{len(self.trades):010}",
            "total_amount": content["total_amount"],
            "trade_status": "WAIT_BUYER_PAY",
        }
        return str(content["out_trade_no"])

    def pays(self, number: str, status: str = "TRADE_SUCCESS") -> None:
        self.trades[number]["trade_status"] = status

    def notification(self, number: str, **changed: str) -> bytes:
        """As it is sent for the trade as it stands; ``changed`` before it is signed."""
        said = {
            "notify_time": "2026-11-25 12:00:00", "notify_type": "trade_status_sync",
            "notify_id": "ac05", "app_id": APP, "charset": "utf-8", "version": "1.0",
            **self.trades[number], **changed,
        }  # fmt: skip
        signature = self._sign(signed_text(said))
        return urlencode({**said, "sign": signature, "sign_type": "RSA2"}).encode()

    def refund_notification(
        self, number: str, name: str, amount: int, total: int, status: str = ""
    ) -> bytes:
        """``name``: the asker's of the refund, of which it tells only ``total``, that of all."""
        return self.notification(
            number, out_biz_no=name, refund_fee=f"{total // 100}.{total % 100:02}",
            gmt_refund="2026-11-26 12:00:00.000",
        )  # fmt: skip

    def _answer(self, said: dict[str, str]) -> bytes:
        if self.away:
            return b"busy"
        content = self._checked(said)
        told = self._told(said["method"], content)
        name = said["method"].replace(".", "_") + "_response"
        text = json.dumps(told, separators=(",", ":"))
        return f'{{"{name}":{text},"sign":"{self._sign(text)}"}}'.encode()

    def _told(self, method: str, content: dict[str, Any]) -> dict[str, Any]:
        if method == "alipay.trade.refund":
            self.refunds.setdefault(content["out_request_no"], content["refund_amount"])
            return {"code": "10000", "msg": "Success", "fund_change": "Y"}
        trade = self.trades.get(content["out_trade_no"])
        if trade is None:
            return {
                "code": "40004", "msg": "Business Failed", "sub_code": "ACQ.TRADE_NOT_EXIST",
                "sub_msg": "the trade does not exist",
            }  # fmt: skip
        return {"code": "10000", "msg": "Success", **trade}

    def _checked(self, said: dict[str, str]) -> dict[str, Any]:
        """What was asked, if the merchant signed it."""
        signature = base64.b64decode(said["sign"])
        rest = {name: value for name, value in said.items() if name != "sign" and value}
        self.merchant.public_key().verify(
            signature, signed_text(rest).encode(), padding.PKCS1v15(), hashes.SHA256()
        )
        assert said["app_id"] == APP
        content: dict[str, Any] = json.loads(said["biz_content"])
        return content

    def _sign(self, text: str) -> str:
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return base64.b64encode(signature).decode()


def signed_text(said: dict[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted(said.items()))


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: rsa.RSAPrivateKey, pkcs8: bool = False) -> str:
    form = (
        serialization.PrivateFormat.PKCS8
        if pkcs8
        else serialization.PrivateFormat.TraditionalOpenSSL
    )
    return key.private_bytes(
        serialization.Encoding.PEM, form, serialization.NoEncryption()
    ).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()  # fmt: skip
