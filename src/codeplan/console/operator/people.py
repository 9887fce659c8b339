"""Whom a row of an operator's page is about."""

from codeplan.console.visits import Visit


async def email_of(visit: Visit, account_id: str) -> str:
    """The account's address; its id where it is gone."""
    account = await visit.services.store.account_by_id(account_id)
    return account.email if account else account_id
