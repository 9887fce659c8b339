"""A service with payment providers, and what people and operators do with it over HTTP."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
import pytest

from support.service import Service
from support.stripe_server import StripeServer

CATALOGUE = """
[[models]]
id = "glm-4.6"

[[plans]]
id = "lite"
name = "Lite"
prices.CNY = { month = "40.00" }
prices.USD = { month = "6.00" }
windows = [{ unit = "prompt", per = "5h", limit = 120 }]
models = ["glm-4.6"]

[[plans]]
id = "pro"
name = "Pro"
prices.CNY = { month = "200.00" }
prices.USD = { month = "30.00" }
windows = [{ unit = "prompt", per = "5h", limit = 600 }]
models = ["glm-4.6"]

[[upstreams]]
name = "nowhere"
protocol = "openai"
base_url = "http://127.0.0.1:9"

"""
MODEL = CATALOGUE.replace('id = "glm-4.6"\n', 'id = "glm-4.6"\n'
                          'routes = [{ upstream = "nowhere", model = "m" }]\n', 1)  # fmt: skip


@pytest.fixture(scope="module")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeServer]:
    """A running localstripe."""
    server = StripeServer(tmp_path_factory.mktemp("stripe"))
    yield server
    server.close()


@dataclass
class Buyer:
    """A person of the service, by his key."""

    service: Service
    email: str
    currency: str = "USD"
    keys: int = 0
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.key = self.service.account(self.email, plan=None)["key"]
        self.http = self.service.client(headers={"authorization": f"Bearer {self.key}"})

    def once(self) -> dict[str, str]:
        self.keys += 1
        return {"idempotency-key": f"{self.email}-{self.keys}"}

    def get(self, path: str) -> Any:
        return self.http.get(f"/api/account/{path}").json()

    def preview(self, plan: str = "lite") -> dict[str, Any]:
        shown: dict[str, Any] = self.get(f"preview?plan={plan}&currency={self.currency}")
        return shown

    def order(self, provider: str, plan: str = "lite") -> dict[str, Any]:
        due = self.preview(plan)["due_minor"]
        body = {
            "provider": provider, "currency": self.currency, "plan": plan, "due_minor": due,
        }  # fmt: skip
        made = self.http.post("/api/account/orders", json=body, headers=self.once())
        assert made.status_code == 201, made.text
        shown: dict[str, Any] = made.json()
        return shown

    def state(self, order_id: str) -> str:
        return str(self.get(f"orders/{order_id}")["state"])

    def subscription(self) -> dict[str, Any]:
        shown: dict[str, Any] = self.get("plan")
        return {"plan": (shown["plan"] or {}).get("id"), **(shown["subscription"] or {})}

    def balance(self) -> int:
        """Whole minor units, of the bonus and cash."""
        have = self.get("balance").get(self.currency, {"bonus_minor": 0, "cash_minor": 0})
        return int(have["bonus_minor"] + have["cash_minor"])


# Each stands for one request, whichever test sends it.
_OPERATORS_KEYS = count(1)


@dataclass
class Operator:
    service: Service

    def __post_init__(self) -> None:
        token = (self.service.data / "operator-token").read_text().strip()
        self.http = self.service.client(headers={"authorization": f"Bearer {token}"})

    def post(self, path: str, **body: Any) -> Any:
        headers = {"idempotency-key": f"operator-{next(_OPERATORS_KEYS)}"}
        answered = self.http.post(f"/api/admin/{path}", json=body, headers=headers)
        return answered.json()

    def get(self, path: str) -> Any:
        return self.http.get(f"/api/admin/{path}").json()

    def days_pass(self, email: str, days: int) -> dict[str, Any]:
        moved: dict[str, Any] = self.post("clock", email=email, days=days)
        return moved

    def books_are_right(self) -> None:
        assert self.post("ledger/check") == {"findings": []}


def until(what: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
