"""What Stripe lists of an account that other programs use too."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from codeplan.payments.stripe import Stripe


async def test_a_currency_that_is_none_of_ours_hides_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def listed(_: object, __: object, ___: int, ____: int) -> AsyncIterator[Any]:
        for name, currency in (("theirs", "std"), ("ours", "cny")):
            yield SimpleNamespace(
                id=name, status="succeeded", amount=500, currency=currency, payment_intent=name,
                metadata=None, reason="fraudulent",
            )  # fmt: skip

    monkeypatch.setattr(Stripe, "_listed", listed)
    provider = Stripe("sk_test", "whsec_test", "http://127.0.0.1:1", frozenset({"CNY"}))
    assert await provider.received(0, 1) == {"ours": (500, "CNY")}
    told = await provider.returned(0, 1)
    assert told is not None
    assert {one.payment_id for one in told} == {"ours"}
