"""Money's statements, which every engine shares: they are SQL that SQLite and PostgreSQL both read.
``?`` stands for a value; PostgreSQL's engine numbers them."""

from collections.abc import Iterable, Sequence
from typing import Any

from codeplan.ledger.postings import Balance, Entry, Posting
from codeplan.store.money import Books, Decision, Term
from codeplan.store.rows import Subscription

SUBSCRIPTION = (
    "id, account_id, plan_id, catalogue_version, period, state, started_at, ends_at, currency,"
    " cancelled"
)
TERM = (
    "id, subscription_id, account_id, plan_id, catalogue_version, period, kind, currency,"
    " list_minor, paid_minor, started_at, ends_at"
)
REPEATED = "SELECT answer FROM moves WHERE account_id = ? AND key = ?"
BALANCES = (
    "SELECT account, currency, CAST(sum(amount_minor) AS bigint) FROM postings"
    " WHERE account IN (?, ?) GROUP BY account, currency"
)
NEWEST = (
    f"SELECT {SUBSCRIPTION} FROM subscriptions WHERE account_id = ?"
    " ORDER BY started_at DESC, id DESC LIMIT 1"
)
TERMS = (
    f"SELECT {TERM} FROM terms WHERE subscription_id = ? AND ends_at > ? ORDER BY started_at, id"
)
DUE = (
    f"SELECT {SUBSCRIPTION} FROM subscriptions WHERE state = 'active' AND NOT cancelled"
    " AND currency <> '' AND ends_at <= ? AND ends_at > ? ORDER BY ends_at LIMIT 100"
)
USED = (
    "SELECT rule, CAST(sum(used) AS bigint) FROM windows"
    " WHERE subscription_id = ? AND scope_id = '' AND opened_at >= ? GROUP BY rule"
)
_SAVE_SUBSCRIPTION = (
    f"INSERT INTO subscriptions ({SUBSCRIPTION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET plan_id = excluded.plan_id,"
    " catalogue_version = excluded.catalogue_version, period = excluded.period,"
    " state = excluded.state, started_at = excluded.started_at, ends_at = excluded.ends_at,"
    " currency = excluded.currency, cancelled = excluded.cancelled"
)
_SAVE_TERM = (
    f"INSERT INTO terms ({TERM}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET ends_at = excluded.ends_at"
)
_ADD_ENTRY = (
    "INSERT INTO entries (id, at, account_id, currency, kind, reference) VALUES (?, ?, ?, ?, ?, ?)"
)
_ADD_POSTING = (
    "INSERT INTO postings (entry_id, account, currency, amount_minor) VALUES (?, ?, ?, ?)"
)
_ADD_MOVE = "INSERT INTO moves (account_id, key, at, answer) VALUES (?, ?, ?, ?)"
ENTRIES = (
    "SELECT id, at, account_id, currency, kind, reference FROM entries WHERE account_id = ?"
    " AND (? = '' OR id < ?) ORDER BY id DESC LIMIT ?"
)
POSTINGS = "SELECT account, amount_minor FROM postings WHERE entry_id = ? ORDER BY account"
TERM_AT = (
    f"SELECT {TERM} FROM terms WHERE subscription_id = ? AND started_at <= ?"
    # One that was to follow, and was ended by an upgrade before it began, never was.
    " AND ends_at > started_at ORDER BY started_at DESC, id DESC LIMIT 1"
)

Statement = tuple[str, tuple[Any, ...]]


def ledger_accounts(account_id: str) -> tuple[str, str]:
    return f"bonus/{account_id}", f"cash/{account_id}"


def books_in(
    balances: Iterable[Sequence[Any]],
    subscription: Sequence[Any] | None,
    terms: Iterable[Sequence[Any]],
    used: Iterable[Sequence[Any]],
) -> Books:
    """The books from the rows of `BALANCES`, `NEWEST`, `TERMS` and `USED`."""
    return Books(
        balances_in(balances),
        subscription_in(subscription) if subscription else None,
        tuple(Term(*row) for row in terms),
        {row[0]: row[1] for row in used},
    )


def balances_in(rows: Iterable[Sequence[Any]]) -> dict[str, Balance]:
    found: dict[str, dict[str, int]] = {}
    for account, currency, amount in rows:
        found.setdefault(currency, {})[account.partition("/")[0]] = amount
    return {currency: Balance(**kinds) for currency, kinds in found.items()}


def subscription_in(row: Sequence[Any]) -> Subscription:
    values = list(row)
    values[9] = bool(values[9])
    return Subscription(*values)


def entry_in(row: Sequence[Any], postings: Iterable[Sequence[Any]]) -> Entry:
    identity, at, account_id, currency, kind, reference = row
    made = tuple(Posting(*posting) for posting in postings)
    return Entry(identity, at, account_id, currency, kind, reference, made)


def written(account_id: str, key: str, now: int, decision: Decision) -> list[Statement]:
    """Everything that the decision writes, in order."""
    statements: list[Statement] = []
    if (made := decision.subscription) is not None:
        statements.append((_SAVE_SUBSCRIPTION, subscription_values(made)))
    statements += [(_SAVE_TERM, term_values(term)) for term in decision.terms]
    for entry in decision.entries:
        entry.checked()
        head = (entry.id, entry.at, entry.account_id, entry.currency, entry.kind, entry.reference)
        statements.append((_ADD_ENTRY, head))
        statements += [
            (_ADD_POSTING, (entry.id, posting.account, entry.currency, posting.amount_minor))
            for posting in entry.postings
        ]
    statements.append((_ADD_MOVE, (account_id, key, now, decision.answer)))
    return statements


def subscription_values(made: Subscription) -> tuple[Any, ...]:
    return (
        made.id, made.account_id, made.plan_id, made.catalogue_version, made.period, made.state,
        made.started_at, made.ends_at, made.currency, made.cancelled,
    )  # fmt: skip


def term_values(term: Term) -> tuple[Any, ...]:
    return (
        term.id, term.subscription_id, term.account_id, term.plan_id, term.catalogue_version,
        term.period, term.kind, term.currency, term.list_minor, term.paid_minor, term.started_at,
        term.ends_at,
    )  # fmt: skip
