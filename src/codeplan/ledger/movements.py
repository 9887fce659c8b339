"""The movements that there are, as entries. Bonus is spent before cash; no balance goes below zero.

Amounts of plans and payments are whole minor units; those of calls are millionths of one.
"""

from codeplan.kit.money import MINOR
from codeplan.ledger.postings import Balance, Entry, Posting, bonus_of, cash_of, held_of

PLANS = "sales/plans"
PACKS = "sales/packs"
TOKENS = "sales/tokens"
GIVEN = "given/bonus"
OWED = "owed/refunds"
# A person's money that is set aside while the payment that brought it is in dispute.
SET_ASIDE = "owed/disputes"
# What a provider took back and nobody here had any more.
LOST = "lost/payments"


class BalanceTooSmall(ValueError):
    """``missing_minor``: how many more minor units are needed."""

    def __init__(self, missing_minor: int) -> None:
        super().__init__(f"the balance is {missing_minor} too small")
        self.missing_minor = missing_minor


class Moment(Entry, frozen=True):
    """An entry that has no postings yet: who, when and what about."""

    postings: tuple[Posting, ...] = ()

    def with_(self, *postings: Posting) -> Entry:
        made = tuple(posting for posting in postings if posting.millionths)
        return Entry(
            self.id, self.at, self.account_id, self.currency, self.kind, self.reference, made
        ).checked()


def top_up(moment: Moment, amount_minor: int, provider: str) -> Entry:
    """Money came in by a provider."""
    amount = amount_minor * MINOR
    return moment.with_(
        Posting(cash_of(moment.account_id), amount), Posting(f"paid/{provider}", -amount)
    )


def bonus(moment: Moment, amount_minor: int) -> Entry:
    """Money is given: it can be spent, and is never paid out."""
    amount = amount_minor * MINOR
    return moment.with_(Posting(bonus_of(moment.account_id), amount), Posting(GIVEN, -amount))


def spend(
    moment: Moment,
    amount_minor: int,
    have: Balance,
    sale: str = PLANS,
    tax_minor: int = 0,
    tax_name: str = "",
) -> Entry:
    """Something is bought from the balance, bonus first. ``tax_minor``: what of the amount is tax.

    Raises BalanceTooSmall.
    """
    amount, tax = amount_minor * MINOR, tax_minor * MINOR
    if amount > have.total:
        raise BalanceTooSmall(-((have.total - amount) // MINOR))
    from_bonus = min(have.bonus, amount)
    return moment.with_(
        Posting(bonus_of(moment.account_id), -from_bonus),
        Posting(cash_of(moment.account_id), from_bonus - amount),
        Posting(sale, amount - tax),
        Posting(f"tax/{tax_name}", tax),
    )


def credit(moment: Moment, amount_minor: int, sale: str = PLANS) -> Entry:
    """What a running period was still worth, beyond the price of what replaced it, goes back to the
    balance. As a bonus: it was not paid in anew, and is not paid out."""
    amount = amount_minor * MINOR
    return moment.with_(Posting(bonus_of(moment.account_id), amount), Posting(sale, -amount))


def refund(
    moment: Moment,
    amount_minor: int,
    sale: str = PLANS,
    tax_minor: int = 0,
    tax_name: str = "",
    bonus_minor: int = 0,
    owed: bool = False,
) -> Entry:
    """An operator gives back what was paid: ``bonus_minor`` of it as a bonus, the rest to the cash
    balance, or (``owed``) to be paid back by the provider through which it came."""
    amount, tax, given = amount_minor * MINOR, tax_minor * MINOR, bonus_minor * MINOR
    return moment.with_(
        Posting(OWED if owed else cash_of(moment.account_id), amount - given),
        Posting(bonus_of(moment.account_id), given),
        Posting(sale, tax - amount),
        Posting(f"tax/{tax_name}", -tax),
    )


def tax_of(moment: Moment, amount_minor: int, tax_name: str, sale: str) -> Entry:
    """What of sales that were booked before is tax."""
    amount = amount_minor * MINOR
    return moment.with_(Posting(sale, -amount), Posting(f"tax/{tax_name}", amount))


def uncredit(moment: Moment, amount_minor: int, have: Balance) -> Entry | None:
    """What had come to the balance as credit for a period is due back, as far as there is bonus:
    the period was given or taken back. None where there is none."""
    amount = min(amount_minor, have.bonus // MINOR) * MINOR
    if amount <= 0:
        return None
    return moment.with_(Posting(bonus_of(moment.account_id), -amount), Posting(PLANS, amount))


def paid_out(moment: Moment, amount_minor: int, provider: str) -> Entry:
    """What was owed went back by the provider."""
    amount = amount_minor * MINOR
    return moment.with_(Posting(OWED, -amount), Posting(f"paid/{provider}", amount))


def came_back(moment: Moment, amount_minor: int, provider: str, owed: bool) -> Entry:
    """What had gone out by the provider did not arrive, and is on the person's balance; ``owed``:
    it had not been booked as gone."""
    amount = amount_minor * MINOR
    source = OWED if owed else f"paid/{provider}"
    return moment.with_(Posting(cash_of(moment.account_id), amount), Posting(source, -amount))


def taken_back(moment: Moment, amount_minor: int, have: Balance) -> Entry:
    """A provider took back what it had brought to the balance: cash first, then bonus; what is
    there no more is lost. It is owed to the provider's account until that is booked."""
    amount = amount_minor * MINOR
    of_cash = min(amount, _whole(have.cash))
    of_bonus = min(amount - of_cash, _whole(have.bonus))
    return moment.with_(
        Posting(cash_of(moment.account_id), -of_cash),
        Posting(bonus_of(moment.account_id), -of_bonus),
        Posting(LOST, of_cash + of_bonus - amount),
        Posting(OWED, amount),
    )


def lost(moment: Moment, amount_minor: int) -> Entry:
    """A provider took back more than a payment had brought and what went back of it before."""
    amount = amount_minor * MINOR
    return moment.with_(Posting(LOST, -amount), Posting(OWED, amount))


def withdrawn(moment: Moment, amount_minor: int, provider: str) -> Entry:
    """A provider holds what is in dispute; negative where it gives that back."""
    amount = amount_minor * MINOR
    return moment.with_(Posting(f"paid/{provider}", amount), Posting(in_dispute(provider), -amount))


def dispute_lost(moment: Moment, amount_minor: int, provider: str) -> Entry:
    """What was owed is what the provider had withdrawn."""
    amount = amount_minor * MINOR
    return moment.with_(Posting(OWED, -amount), Posting(in_dispute(provider), amount))


def set_aside(moment: Moment, amount_minor: int) -> Entry:
    """A person's cash waits for the end of a dispute; negative where it is his again."""
    amount = amount_minor * MINOR
    return moment.with_(Posting(cash_of(moment.account_id), -amount), Posting(SET_ASIDE, amount))


def in_dispute(provider: str) -> str:
    """The ledger's account of what a provider holds while payments are in dispute."""
    return f"disputed/{provider}"


def _whole(millionths: int) -> int:
    """The whole minor units of it, in millionths."""
    return millionths // MINOR * MINOR


def hold(moment: Moment, millionths: int, have: Balance) -> Entry:
    """What a call may cost is set aside, bonus first. Raises BalanceTooSmall."""
    if millionths > have.total:
        raise BalanceTooSmall(-((have.total - millionths) // MINOR))
    from_bonus = min(have.bonus, millionths)
    return moment.with_(
        Posting(bonus_of(moment.account_id), -from_bonus),
        Posting(cash_of(moment.account_id), from_bonus - millionths),
        Posting(held_of(moment.account_id), millionths),
    )


def held_from(entry: Entry) -> tuple[int, int]:
    """What a hold took: of the bonus, and of the cash."""
    parts = {posting.account.partition("/")[0]: -posting.millionths for posting in entry.postings}
    return parts.get("bonus", 0), parts.get("cash", 0)


def settle(moment: Moment, of_bonus: int, of_cash: int, cost: int, have: Balance) -> Entry | None:
    """A call's true cost is taken from what it held (``of_bonus``, ``of_cash``), and what it held
    beyond goes back; what it cost beyond is taken from the balance as far as that goes. None where
    nothing was held and nothing is due."""
    from_bonus = min(cost, of_bonus + have.bonus)
    from_cash = min(cost - from_bonus, of_cash + have.cash)
    made = (
        Posting(bonus_of(moment.account_id), of_bonus - from_bonus),
        Posting(cash_of(moment.account_id), of_cash - from_cash),
        Posting(held_of(moment.account_id), -of_bonus - of_cash),
        Posting(TOKENS, from_bonus + from_cash),
    )
    return moment.with_(*made) if any(posting.millionths for posting in made) else None
