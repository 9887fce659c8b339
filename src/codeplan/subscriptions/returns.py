"""What a provider's word about a refund does to the books: of ours that it went out or did not
arrive, of one that somebody made at the provider that it is taken back here too. In any order, any
number of times. Pure."""

from dataclasses import replace

from msgspec import structs

from codeplan.billing.orders import Order, Receipt, Refund, alert, provider_id
from codeplan.billing.taking import moment_of
from codeplan.kit.money import written
from codeplan.ledger import movements
from codeplan.letters.notices import notice
from codeplan.letters.said import N_, Said
from codeplan.payments.base import Refunded
from codeplan.store.documents import Document
from codeplan.store.money import Books, Decision
from codeplan.subscriptions.market import Market
from codeplan.subscriptions.taking_back import taken_back

_REASON = "given back at the payment provider"
_FAILED = Said(
    N_("A refund did not arrive"),
    N_(
        "%(amount)s was to be given back to you by the way you had paid, and could not be. It is"
        " on your balance.\n"
    ),
)


def refund_paid(owed: Refund, receipt: Receipt | None, now: int) -> Decision:
    """A refund of ours went out."""
    moment = moment_of(owed.account_id, owed.currency, "paid_out", owed.id, now)
    entry = movements.paid_out(moment, owed.amount_minor, owed.provider)
    documents: list[Document] = [structs.replace(owed, state="paid", due_at=None)]
    if receipt is not None:
        own = receipt.own_minor + owed.amount_minor
        documents.append(structs.replace(receipt, own_minor=own))
    return Decision(entries=(entry,), documents=tuple(documents))


def refunded(
    told: Refunded, order: Order, receipt: Receipt, market: Market, books: Books, now: int
) -> Decision:
    """The move must read what `giving_back.reads_of` names, the receipt, the account's owed
    refunds, and those of the notification's names; and take the history."""
    if told.currency and told.currency != receipt.currency:
        text = f"refund {told.refund_id} is in {told.currency}, its payment in {receipt.currency}"
        return Decision(documents=(alert(order.account_id, order.id, text, now),))
    own = books.found.one(Refund, told.own_id)
    if own is not None and own.order_id == order.id and own.state != "void":
        receipt = structs.replace(receipt, told_minor=max(receipt.told_minor, told.total_minor))
        made = _own(own, told, receipt, now)
    else:
        made = _named(told, order, receipt, books, now)
    after = next((one for one in made.documents if isinstance(one, Receipt)), receipt)
    return _others(told, made, order, after, market, books, now)


def _own(own: Refund, told: Refunded, receipt: Receipt, now: int) -> Decision:
    """Of a refund that we asked for."""
    if told.state == "made":
        if own.state == "owed":
            return refund_paid(own, receipt, now)
        return Decision(documents=(receipt,))
    if own.state == "failed":
        return Decision(documents=(receipt,))
    moment = moment_of(own.account_id, own.currency, "came_back", own.id, now)
    waits = own.state == "owed"
    back = movements.came_back(moment, own.amount_minor, own.provider, owed=waits)
    receipt = structs.replace(
        receipt,
        own_minor=receipt.own_minor - (0 if waits else own.amount_minor),
        failed_minor=receipt.failed_minor + own.amount_minor,
    )
    failed = structs.replace(own, state="failed", due_at=None)
    return Decision(entries=(back,), documents=(failed, receipt, *_did_not_arrive(own, now)))


def _named(told: Refunded, order: Order, receipt: Receipt, books: Books, now: int) -> Decision:
    """Of one that somebody made at the provider: it is noted, once for each of its names."""
    documents: list[Document] = []
    total = max(receipt.told_minor, told.total_minor)
    receipt = structs.replace(receipt, told_minor=total)
    known = books.found.one(Refund, provider_id(receipt.provider, told.refund_id))
    state = "failed" if told.state == "failed" else "paid"
    if told.refund_id and (known is None or (known.state, state) == ("paid", "failed")):
        made = Refund(
            id=provider_id(receipt.provider, told.refund_id),
            account_id=order.account_id,
            made_at=now,
            state=state,
            order_id=order.id,
            provider=receipt.provider,
            reference=told.payment_id,
            amount_minor=told.amount_minor,
            currency=receipt.currency,
            reason=_REASON,
        )
        documents.append(made)
        amount = told.amount_minor
        if state == "paid":
            receipt = structs.replace(receipt, named_minor=receipt.named_minor + amount)
        else:
            less = amount if known is not None else 0
            receipt = structs.replace(
                receipt,
                named_minor=receipt.named_minor - less,
                failed_minor=receipt.failed_minor + amount,
            )
    return Decision(documents=(*documents, receipt))


def _others(
    told: Refunded,
    made: Decision,
    order: Order,
    receipt: Receipt,
    market: Market,
    books: Books,
    now: int,
) -> Decision:
    """Book what others gave back and was not booked; or give to the balance what was, and did not
    arrive. Names and sums are told in any order, so the greater of them counts; a sum that is as
    old as a refund of ours, or as a dispute that was lost, takes nothing back. A refund of ours
    that is still owed is not in a sum that is told now, but may be in one of before."""
    settled = {one.id for one in made.documents}
    waiting = sum(
        one.amount_minor
        for one in books.found.mine(Refund)
        if one.state == "owed" and not told.total_minor and one.id not in settled
        and provider_id(one.provider, one.reference) == receipt.id
    )  # fmt: skip
    besides = receipt.own_minor + waiting + receipt.failed_minor + receipt.lost_minor
    others = max(receipt.named_minor, receipt.told_minor - besides)
    if told.state == "made":
        others = max(others, receipt.taken_minor)
    more = others - receipt.taken_minor
    rest = tuple(one for one in made.documents if not isinstance(one, Receipt))
    booked = structs.replace(receipt, taken_minor=others)
    if more == 0:
        same = booked == books.found.one(Receipt, receipt.id)
        return replace(made, documents=rest if same else (*rest, booked))
    moment = moment_of(order.account_id, order.currency, "came_back", order.id, now)
    if more < 0:
        back = movements.came_back(moment, -more, receipt.provider, owed=False)
        told_of = [
            letter
            for one in rest
            if isinstance(one, Refund) and one.state == "failed" and one.id != told.own_id
            for letter in _did_not_arrive(one, now)
        ]
        return replace(made, entries=(*made.entries, back), documents=(*rest, *told_of, booked))
    taken = taken_back(
        order,
        receipt,
        more,
        _REASON,
        market,
        books,
        now,
        made.entries,
        settled,
    )
    out = moment_of(order.account_id, receipt.currency, "paid_out", receipt.id, now)
    gone_out = movements.paid_out(out, more, receipt.provider)
    text = f"{written(more, receipt.currency)} was given back at {receipt.provider} for {order.id}"
    if taken.lost_minor:
        text += f"; {written(taken.lost_minor, receipt.currency)} of it is lost"
    did = taken.decision
    return replace(
        did,
        entries=(*did.entries, gone_out),
        documents=(*rest, booked, *did.documents, alert(order.account_id, order.id, text, now)),
    )


def _did_not_arrive(refund: Refund, now: int) -> tuple[Document, ...]:
    amount = written(refund.amount_minor, refund.currency)
    text = f"refund {refund.id} of {amount} did not arrive; it is on the person's balance"
    letter = _FAILED.with_values(amount=amount)
    return (
        alert(refund.account_id, refund.order_id, text, now),
        notice(refund.account_id, "refund", letter, now),
    )
