"""Whether an upgrade credited more than was kept, reckoned from orders and credit notes alone: the
nightly check's own way, which shares nothing with what sells. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from codeplan.billing.invoices import Invoice
from codeplan.billing.orders import Order, PlanItem


@dataclass(slots=True)
class Sold:
    """A term as it was sold. ``before``: those that it ended, each with its unused part then."""

    order: Order
    before: list[tuple["Sold", Fraction]] = field(default_factory=list)

    @property
    def credit_minor(self) -> int:
        item = self.order.item
        return item.quote.credit_minor if isinstance(item, PlanItem) else 0

    def ends(self, other: "Sold") -> bool:
        """Whether this one, an upgrade, ended that."""
        if not isinstance(self.order.item, PlanItem):
            return False
        return self.order.term_began_at < other.order.term_ends_at

    def unused(self, at: int) -> Fraction:
        """Its part that was still to come at that instant; an upper bound, since a term is only
        ever moved to begin earlier."""
        length = self.order.term_ends_at - self.order.term_began_at
        return Fraction(min(max(self.order.term_ends_at - at, 0), length), max(1, length))

    def worth(self, notes: Sequence[Invoice], at: int) -> Fraction:
        """What of its price had been kept before that instant: what was paid and not given back,
        and of the credit what the terms before it were worth."""
        gone = sum(
            note.total_minor
            for note in notes
            if note.credits == self.order.invoice_id and note.credits and note.made_at < at
        )
        paid = Fraction(max(0, self.order.sold_minor + gone))
        used = self.credit_minor
        if isinstance(self.order.item, PlanItem):
            used -= self.order.item.quote.carried_minor
        came = sum((one.worth(notes, at) * part for one, part in self.before), Fraction(0))
        return paid + min(Fraction(used), came)


def credited_too_much(
    orders: Sequence[Order], notes: Sequence[Invoice]
) -> Iterator[tuple[Order, Fraction]]:
    """One account's paid orders in which more was credited than what ran was worth, and that
    worth. A minor unit each is for rounding. Orders of before, which do not say what their term
    was, are passed over."""
    running: list[Sold] = []
    for order in sorted(orders, key=lambda one: (one.paid_at or one.made_at, one.id)):
        if not order.term_id or not order.term_ends_at:
            continue
        sold = Sold(order)
        if _replaces(order):
            ended = [one for one in running if sold.ends(one)]
            running = [one for one in running if one not in ended]
            sold.before = [
                (one, one.unused(order.term_began_at))
                for one in ended
                if one.order.currency == order.currency
            ]
            at = order.paid_at or order.made_at
            most = sum((one.worth(notes, at) * part for one, part in sold.before), Fraction(0))
            if sold.credit_minor > most + 1:
                yield order, most
        running.append(sold)


def _replaces(order: Order) -> bool:
    """An extension or a renewal ends nothing, and credits nothing."""
    if not isinstance(order.item, PlanItem):
        return False
    quote = order.item.quote
    return quote.kind == "upgrade" or quote.credit_minor > 0
