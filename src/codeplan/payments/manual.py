"""Payment by bank transfer: the person is told where to, and an operator confirms that it came."""

from collections.abc import Mapping

from codeplan.payments.base import Ask, Checkout, Forged, NotOffered, Payment


class Manual:
    """Nobody outside is asked."""

    name = "manual"
    currencies: frozenset[str] = frozenset()
    charges_off_session = False
    needs_widget = False

    def __init__(self, bank_details: tuple[str, ...]) -> None:
        self._bank_details = bank_details

    async def begin(self, ask: Ask) -> Checkout:
        text = "\n".join((*self._bank_details, f"Reference: {ask.order_id}"))
        return Checkout("transfer", text, ask.order_id)

    async def look_up(self, ask: Ask, reference: str) -> Payment:
        """Only the operator knows."""
        return Payment(ask.order_id, "pending")

    async def charge(self, ask: Ask) -> Payment:
        raise NotOffered("a transfer is made by whoever pays")

    async def refund(self, ask: Ask, payment_id: str, amount_minor: int, refund_id: str) -> None:
        """The operator transfers it back himself; that he asked for it is his word that he did."""

    def read(self, headers: Mapping[str, str], body: bytes) -> Payment | None:
        raise Forged("nobody notifies of transfers")

    async def payment(self, payment_id: str) -> Payment | None:
        return None

    def thanks(self) -> tuple[int, str, bytes]:
        return 200, "text/plain", b""

    async def returned(self, since: int, until: int) -> None:
        return None

    async def received(self, since: int, until: int) -> Mapping[str, tuple[int, str]] | None:
        return None

    async def close(self) -> None:
        """Nothing is open."""
