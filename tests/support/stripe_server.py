"""A running localstripe behind a small proxy that adds what it lacks of Stripe: idempotency keys,
two parameters of PaymentIntents that it does not know (it keeps every card anyway), and Checkout
sessions."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx

KEY = "sk_test_12345"
UNKNOWN_THERE = ("setup_future_usage", "description")
VISA = {"number": "4242424242424242"}
# Attaches, and is declined whenever it is charged.
DECLINED_LATER = {"number": "4000000000000341"}
# Asks its owner to confirm each payment.
ASKS_OWNER = {"number": "4000002760003184"}


class StripeServer:
    """``before``, ``after``: called with the method and path around each call that is passed on."""

    def __init__(self, folder: Path) -> None:
        self._answers: dict[str, tuple[int, bytes]] = {}
        self._cards: dict[str, str] = {}
        self.before: Callable[[str, str], None] = lambda *_: None
        self.after: Callable[[str, str], None] = lambda *_: None
        self.calls: list[tuple[str, str]] = []
        self.sessions: dict[str, dict[str, str]] = {}
        port = free_port()
        self._log = (folder / "localstripe.log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "localstripe", "--from-scratch", "--port", str(port)],
            stdout=self._log, stderr=self._log, cwd=folder,
        )  # fmt: skip
        self._http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", auth=(KEY, ""), timeout=30, trust_env=False
        )
        _until_it_answers(self._http, self._process)
        outer = self

        class Passing(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer._pass(self)

            do_GET = do_POST  # noqa: N815  # the standard library's name

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Passing)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._process.terminate()
        self._process.wait(20)
        self._http.close()
        self._log.close()

    def tells(self, url: str, secret: str) -> None:
        """Have it send its events there, signed."""
        body = {"url": url, "secret": secret}
        self._http.post("/_config/webhooks/test", json=body).raise_for_status()

    def pays(self, intent_id: str, card: dict[str, str]) -> dict[str, Any]:
        """As Stripe's own form in the person's browser does."""
        method = self._http.post("/v1/payment_methods", json={
            "type": "card", "card": {**card, "exp_month": "12", "exp_year": "2039", "cvc": "123"},
        }).raise_for_status().json()  # fmt: skip
        at = f"/v1/payment_intents/{intent_id}"
        self._http.post(at, json={"payment_method": method["id"]}).raise_for_status()
        self._http.post(f"{at}/confirm", json={})
        intent: dict[str, Any] = self._http.get(at).json()
        return intent

    def changes_card(self, intent_id: str, card: dict[str, str]) -> None:
        """The card by which that was paid behaves like another from now on."""
        intent = self._http.get(f"/v1/payment_intents/{intent_id}").json()
        self._cards[intent["payment_method"]] = self._http.post("/v1/payment_methods", json={
            "type": "card", "card": {**card, "exp_month": "12", "exp_year": "2039", "cvc": "123"},
        }).raise_for_status().json()["id"]  # fmt: skip

    def intents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._http.get("/v1/payment_intents?limit=100").json()["data"]
        return found

    def refunds(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._http.get("/v1/refunds?limit=100").json()["data"]
        return found

    def pays_on_page(self, session_id: str, card: dict[str, str]) -> dict[str, Any]:
        """As the person does on Stripe's own page: its PaymentIntent is made then."""
        fields = self.sessions[session_id]
        prefix = "payment_intent_data[metadata]"
        intent = self._http.post("/v1/payment_intents", data={
            "amount": fields["line_items[0][price_data][unit_amount]"],
            "currency": fields["line_items[0][price_data][currency]"],
            "customer": fields["customer"],
            "payment_method_types[0]": "card",
            "metadata[order_id]": fields[f"{prefix}[order_id]"],
        }).raise_for_status().json()  # fmt: skip
        fields["payment_intent"] = intent["id"]
        return self.pays(intent["id"], card)

    def _session(self, path: str, body: bytes) -> bytes:
        """Checkout sessions, which localstripe does not know: made, and looked up."""
        name = path.rpartition("/")[2]
        if path == "/v1/checkout/sessions":
            name = f"cs_test_{len(self.sessions) + 1}"
            self.sessions[name] = dict(parse_qsl(body.decode()))
        session = {
            "id": name, "object": "checkout.session", "url": f"{self.url}/pay/{name}",
            "payment_intent": self.sessions[name].get("payment_intent"),
        }  # fmt: skip
        return json.dumps(session).encode()

    def _pass(self, call: BaseHTTPRequestHandler) -> None:
        size = int(call.headers.get("content-length") or 0)
        body = call.rfile.read(size)
        self.before(call.command, call.path)
        self.calls.append((call.command, call.path))
        key = call.headers.get("idempotency-key", "") if call.command == "POST" else ""
        if call.path.startswith("/v1/checkout/sessions") and (not key or key not in self._answers):
            self._answers[key] = (200, self._session(call.path, body))
        elif key not in self._answers or not key:
            if call.path == "/v1/payment_intents" and body:
                fields = [one for one in parse_qsl(body.decode()) if one[0] not in UNKNOWN_THERE]
                body = urlencode([(k, self._cards.get(v, v)) for k, v in fields]).encode()
            answered = self._http.request(
                call.command, call.path, content=body,
                headers={"content-type": call.headers.get("content-type", "application/json")},
            )  # fmt: skip
            self._answers[key] = (answered.status_code, answered.content)
        status, told = self._answers[key]
        self.after(call.command, call.path)
        try:
            call.send_response(status)
            call.send_header("content-type", "application/json")
            call.send_header("content-length", str(len(told)))
            call.end_headers()
            call.wfile.write(told)
        except OSError:
            pass  # whoever asked is gone


def _until_it_answers(http: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        assert process.poll() is None, "localstripe ended"
        try:
            http.get("/v1/balance")
            return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise AssertionError("localstripe did not answer")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
