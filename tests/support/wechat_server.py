"""A local server that answers and notifies as WeChat Pay documents its API version 3, with keys
made in the test: RSA with SHA-256 over timestamp, nonce and body; notifications sealed with
AES-256-GCM.

https://pay.weixin.qq.com/doc/v3/merchant/4012365342 (signing), …/4012071382 (sealing)
"""

import base64
import json
import re
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from support.alipay_server import new_key, private_pem, public_pem

APP, MERCHANT = "wx0123456789abcdef", "1900000001"
SERIAL, PUBLIC_KEY_ID = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", "PUB_KEY_ID_0001"
API_KEY = "k" * 32


class WeChatServer:
    """``away``: it answers nothing of use. ``trades``: by out_trade_no."""

    def __init__(self, folder: Path) -> None:
        self._key, self.merchant = new_key(), new_key()
        self.away = False
        self.trades: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, int] = {}
        self.merchant_file = folder / "wechat-merchant.pem"
        self.public_file = folder / "wechat-public.pem"
        self.merchant_file.write_text(private_pem(self.merchant, pkcs8=True))
        self.public_file.write_text(public_pem(self._key))
        outer = self

        class Api(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers.get("content-length") or 0)
                body = self.rfile.read(size)
                status, told = outer._answer(
                    self.command, self.path, self.headers.get("authorization", ""), body
                )
                self.send_response(status)
                for name, value in outer._signed(told).items():
                    self.send_header(name, value)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            do_GET = do_POST  # noqa: N815  # the standard library's name

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def opened_page(self, code: str) -> str:
        """The person scans the code; the order's number."""
        return code.rpartition("/")[2]

    def pays(self, number: str, status: str = "SUCCESS") -> None:
        self.trades[number] |= {
            "trade_state": status, "transaction_id": f"4200{len(number):04}{number[:12]}",
        }  # fmt: skip

    def notification(self, number: str, **changed: Any) -> tuple[bytes, dict[str, str]]:
        """As it is sent for the trade as it stands, with its headers."""
        return self._sealed("TRANSACTION.SUCCESS", {**self.trades[number], **changed})

    def refund_notification(
        self, number: str, name: str, amount: int, total: int, status: str = "SUCCESS"
    ) -> tuple[bytes, dict[str, str]]:
        """``name``: the asker's of the refund. It names no application, and the sum of nothing."""
        trade = self.trades[number]
        return self._sealed(f"REFUND.{status}", {
            "mchid": MERCHANT, "out_trade_no": number, "transaction_id": trade["transaction_id"],
            "out_refund_no": name, "refund_id": f"5000{name}", "refund_status": status,
            "amount": {"total": trade["amount"]["total"], "refund": amount,
                       "payer_total": trade["amount"]["total"], "payer_refund": amount},
            "user_received_account": "a wallet",
        })  # fmt: skip

    def _sealed(self, kind: str, told: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
        trade = json.dumps(told).encode()
        nonce, about = secrets.token_hex(6), "transaction"
        sealed = AESGCM(API_KEY.encode()).encrypt(nonce.encode(), trade, about.encode())
        body = json.dumps({
            "id": "EV-1", "event_type": kind, "resource_type": "encrypt-resource",
            "resource": {
                "algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "associated_data": about,
                "ciphertext": base64.b64encode(sealed).decode(),
            },
        }).encode()  # fmt: skip
        return body, self._signed(body)

    def _signed(self, body: bytes) -> dict[str, str]:
        at, nonce = str(int(time.time())), secrets.token_hex(16)
        text = f"{at}\n{nonce}\n".encode() + body + b"\n"
        signature = self._key.sign(text, padding.PKCS1v15(), hashes.SHA256())
        return {
            "wechatpay-timestamp": at,
            "wechatpay-nonce": nonce,
            "wechatpay-signature": base64.b64encode(signature).decode(),
            "wechatpay-serial": PUBLIC_KEY_ID,
            "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
        }

    def _answer(self, method: str, path: str, authorization: str, body: bytes) -> tuple[int, bytes]:
        if self.away:
            return 500, b'{"code": "SYSTEM_ERROR", "message": "busy"}'
        self._check(method, path, authorization, body)
        asked = json.loads(body) if body else {}
        where = urlparse(path).path
        if where == "/v3/pay/transactions/native":
            number = asked["out_trade_no"]
            assert re.fullmatch(r"[0-9A-Za-z_\-|*]{6,32}", number)
            self.trades.setdefault(number, {
                "out_trade_no": number, "appid": asked["appid"], "mchid": asked["mchid"],
                "trade_state": "NOTPAY", "amount": asked["amount"],
            })  # fmt: skip
            return 200, json.dumps({"code_url": f"weixin://wxpay/bizpayurl/{number}"}).encode()
        if where == "/v3/refund/domestic/refunds":
            self.refunds.setdefault(asked["out_refund_no"], asked["amount"]["refund"])
            return 200, json.dumps({"status": "PROCESSING"}).encode()
        trade = self.trades.get(where.rpartition("/")[2])
        if trade is None:
            return 404, b'{"code": "ORDER_NOT_EXIST", "message": "there is no such order"}'
        return 200, json.dumps(trade).encode()

    def _check(self, method: str, path: str, authorization: str, body: bytes) -> None:
        """That the merchant signed it."""
        said = dict(re.findall(r'(\w+)="([^"]*)"', authorization))
        assert (said["mchid"], said["serial_no"]) == (MERCHANT, SERIAL)
        text = f"{method}\n{path}\n{said['timestamp']}\n{said['nonce_str']}\n".encode()
        self.merchant.public_key().verify(
            base64.b64decode(said["signature"]), text + body + b"\n", padding.PKCS1v15(),
            hashes.SHA256(),
        )  # fmt: skip
