"""What an operator sees: the business today, accounts, plans, upstreams, cases, money, what ran."""

from codeplan.console.operator import (
    account,
    accounts,
    cases,
    money,
    plans,
    programs,
    records,
    today,
    upstreams,
)
from codeplan.console.page import Page


def pages() -> list[Page]:
    return [
        *today.pages(),
        *accounts.pages(),
        *account.pages(),
        *plans.pages(),
        *upstreams.pages(),
        *cases.pages(),
        *programs.pages(),
        *money.pages(),
        *records.pages(),
    ]
