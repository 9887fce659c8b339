"""The switch by which a key goes on with the balance where its plan is used up; off by default."""

from codeplan.billing.purse import Overage
from codeplan.store.base import MoneyStore
from codeplan.store.documents import One
from codeplan.store.money import Books, Decision, Move


async def set_overage(
    store: MoneyStore, payer_id: str, key_id: str, minor_a_day: int, currency: str
) -> None:
    """At most so many minor units a day; 0 turns it off."""

    def decide(_: Books, now: int) -> Decision:
        switch = Overage(
            id=key_id,
            account_id=payer_id,
            made_at=now,
            state="on" if minor_a_day else "off",
            currency=currency,
            minor_a_day=minor_a_day,
        )
        return Decision(documents=(switch,))

    await store.move(Move(payer_id, "", decide, (One(Overage, key_id),)))
