"""The movements that there are, as entries. Bonus is spent before cash; no balance goes below
zero."""

from codeplan.ledger.postings import Balance, Entry, Posting, bonus_of, cash_of

SALES = "sales/plans"
GIVEN = "given/bonus"


class BalanceTooSmall(ValueError):
    """``missing_minor``: how much more is needed."""

    def __init__(self, missing_minor: int) -> None:
        super().__init__(f"the balance is {missing_minor} too small")
        self.missing_minor = missing_minor


class Moment(Entry, frozen=True):
    """An entry that has no postings yet: who, when and what about."""

    postings: tuple[Posting, ...] = ()

    def with_(self, *postings: Posting) -> Entry:
        made = tuple(posting for posting in postings if posting.amount_minor)
        return Entry(
            self.id, self.at, self.account_id, self.currency, self.kind, self.reference, made
        ).checked()


def top_up(moment: Moment, amount_minor: int, provider: str) -> Entry:
    """Money came in by a provider."""
    return moment.with_(
        Posting(cash_of(moment.account_id), amount_minor),
        Posting(f"paid/{provider}", -amount_minor),
    )


def bonus(moment: Moment, amount_minor: int) -> Entry:
    """Money is given: it can be spent, and is never paid out."""
    return moment.with_(
        Posting(bonus_of(moment.account_id), amount_minor), Posting(GIVEN, -amount_minor)
    )


def spend(moment: Moment, amount_minor: int, have: Balance) -> Entry:
    """Something is bought from the balance, bonus first. Raises BalanceTooSmall."""
    if amount_minor > have.total:
        raise BalanceTooSmall(amount_minor - have.total)
    from_bonus = min(have.bonus, amount_minor)
    return moment.with_(
        Posting(bonus_of(moment.account_id), -from_bonus),
        Posting(cash_of(moment.account_id), from_bonus - amount_minor),
        Posting(SALES, amount_minor),
    )


def credit(moment: Moment, amount_minor: int) -> Entry:
    """What a running period was still worth, beyond the price of what replaced it, goes back to the
    balance. As a bonus: it was not paid in anew, and is not paid out."""
    return moment.with_(
        Posting(bonus_of(moment.account_id), amount_minor), Posting(SALES, -amount_minor)
    )


def refund(moment: Moment, amount_minor: int) -> Entry:
    """An operator gives back what was paid for a plan, to the cash balance."""
    return moment.with_(
        Posting(cash_of(moment.account_id), amount_minor), Posting(SALES, -amount_minor)
    )
