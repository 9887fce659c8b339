"""Money's statements, which every engine shares: they are SQL that SQLite and PostgreSQL both read.
``?`` stands for a value; PostgreSQL's engine numbers them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from codeplan.ledger.postings import (
    Balance,
    Entry,
    Posting,
    bonus_of,
    cash_of,
    held_of,
    is_balance,
)
from codeplan.store import documents as docs
from codeplan.store.money import Books, Decision, Term
from codeplan.store.rows import ClientKey, Subscription

_SUBSCRIPTION_COLUMNS = (
    "id", "account_id", "plan_id", "catalogue_version", "period", "state", "started_at",
    "ends_at", "currency", "restricted", "next_plan_id", "next_period", "zone", "seats", "pooled",
    "attempts", "due_at",
)  # fmt: skip
_FIXED = ("id", "account_id")
SUBSCRIPTION = ", ".join(_SUBSCRIPTION_COLUMNS)
TERM = (
    "id, subscription_id, account_id, plan_id, catalogue_version, period, kind, currency,"
    " list_minor, paid_minor, started_at, ends_at, refunded_minor, disputed_minor, credited_minor,"
    " followed_by"
)
KEY = "id, account_id, digest, hint, created_at, revoked_at, payer_id"
KEYS_OF = (
    f"SELECT {KEY} FROM client_keys WHERE account_id = ? AND revoked_at IS NULL ORDER BY id DESC"
)
REPEATED = "SELECT answer FROM moves WHERE account_id = ? AND key = ?"
ACCOUNT = "SELECT zone, clock_ahead FROM accounts WHERE id = ?"
BALANCES = "SELECT account, currency, millionths FROM balances WHERE account IN (?, ?, ?)"
NEWEST = (
    f"SELECT {SUBSCRIPTION} FROM subscriptions WHERE account_id = ?"
    " ORDER BY started_at DESC, id DESC LIMIT 1"
)
TERMS = (
    f"SELECT {TERM} FROM terms WHERE subscription_id = ? AND ends_at > ?"
    # One that was to follow, and was ended by an upgrade before it began, never was.
    " AND ends_at > started_at ORDER BY started_at, id"
)
HISTORY = f"SELECT {TERM} FROM terms WHERE account_id = ? ORDER BY started_at, id"
USED = (
    "SELECT rule, CAST(sum(used) AS bigint) FROM windows"
    " WHERE subscription_id = ? AND opened_at >= ? GROUP BY rule"
)
TERM_AT = (
    f"SELECT {TERM} FROM terms WHERE subscription_id = ? AND started_at <= ?"
    " AND ends_at > started_at ORDER BY started_at DESC, id DESC LIMIT 1"
)
ENTRIES = (
    "SELECT id, at, account_id, currency, kind, reference FROM entries WHERE account_id = ?"
    " AND (? = '' OR id < ?) AND at >= ? AND at < ? ORDER BY id DESC LIMIT ?"
)
POSTINGS = "SELECT account, millionths FROM postings WHERE entry_id = ? ORDER BY account"
# An account with a test clock lives ahead of all others; there are few, so they come first.
_DUE = (
    "SELECT {columns} FROM {table} WHERE {more} due_at <= ? AND (? = '' OR account_id = ?) UNION"
    " SELECT {columns} FROM (SELECT id AS ahead_id, clock_ahead FROM accounts"
    " WHERE clock_ahead > 0) AS ahead CROSS JOIN {table} WHERE {more} account_id = ahead_id"
    " AND due_at <= ? + clock_ahead AND (? = '' OR account_id = ?)"
)
DUE_SUBSCRIPTIONS = (
    f"SELECT * FROM ({_DUE.format(columns=SUBSCRIPTION, table='subscriptions', more='')}) AS due"
    " ORDER BY due_at LIMIT ?"
)
_DUE_BODIES = _DUE.format(columns="body, due_at", table="documents", more="kind = ? AND")
DUE_DOCUMENTS = f"SELECT body FROM ({_DUE_BODIES}) AS due ORDER BY due_at LIMIT ?"
NEXT_DUE_SUBSCRIPTION = "SELECT min(due_at) FROM subscriptions WHERE account_id = ?"
NEXT_DUE_DOCUMENT = "SELECT min(due_at) FROM documents WHERE account_id = ? AND kind = ?"
DOCUMENT = "SELECT body FROM documents WHERE kind = ? AND id = ?"
FORGET = "DELETE FROM documents WHERE kind = ? AND state = ? AND made_at < ?"
COUNTER = "SELECT value FROM counters WHERE name = ?"
HOUSE = (
    "SELECT account, currency, CAST(sum(millionths) AS bigint) FROM postings"
    " WHERE account NOT LIKE 'cash/%' AND account NOT LIKE 'bonus/%' AND account NOT LIKE 'held/%'"
    " GROUP BY account, currency ORDER BY account, currency"
)
# What came back by a provider (a refund that failed, a dispute that was won) did not come in.
CAME_IN = (
    "SELECT p.account, p.currency, CAST(-sum(p.millionths) AS bigint) FROM postings AS p"
    " JOIN entries AS e ON e.id = p.entry_id WHERE p.account LIKE 'paid/%' AND e.kind = 'top_up'"
    " GROUP BY p.account, p.currency"
)
# Where the ledger contradicts itself: a balance that is not the sum of its postings, an entry that
# does not sum to zero, or is of two currencies.
WRONG = (
    "SELECT b.account, b.currency, CAST(b.millionths AS bigint), CAST(coalesce(sum(p.millionths),"
    " 0) AS bigint) FROM balances AS b LEFT JOIN postings AS p ON p.account = b.account"
    " AND p.currency = b.currency GROUP BY b.account, b.currency, b.millionths"
    " HAVING b.millionths <> coalesce(sum(p.millionths), 0)"
    " UNION ALL SELECT p.account, p.currency, 0, CAST(sum(p.millionths) AS bigint)"
    " FROM postings AS p WHERE (p.account LIKE 'cash/%' OR p.account LIKE 'bonus/%'"
    " OR p.account LIKE 'held/%') AND NOT EXISTS (SELECT 1 FROM balances AS b"
    " WHERE b.account = p.account AND b.currency = p.currency) GROUP BY p.account, p.currency"
    " HAVING sum(p.millionths) <> 0"
    " UNION ALL SELECT 'entry/' || entry_id, min(currency), 0, CAST(sum(millionths) AS bigint)"
    " FROM postings GROUP BY entry_id HAVING sum(millionths) <> 0 OR min(currency) <> max(currency)"
)
_PLACES = ", ".join("?" * len(_SUBSCRIPTION_COLUMNS))
SAVE_SUBSCRIPTION = (
    f"INSERT INTO subscriptions ({SUBSCRIPTION}) VALUES ({_PLACES}) ON CONFLICT (id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _SUBSCRIPTION_COLUMNS if name not in _FIXED)
)
_SAVE_TERM = (
    f"INSERT INTO terms ({TERM}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET started_at = excluded.started_at, ends_at = excluded.ends_at,"
    " refunded_minor = excluded.refunded_minor, disputed_minor = excluded.disputed_minor,"
    " credited_minor = excluded.credited_minor, followed_by = excluded.followed_by"
)
_SAVE_DOCUMENT = (
    f"INSERT INTO documents ({docs.COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, id)"
    " DO UPDATE SET account_id = excluded.account_id, state = excluded.state,"
    " due_at = excluded.due_at, body = excluded.body"
)
_SAVE_COUNTER = "UPDATE counters SET value = ? WHERE name = ?"
SAVE_KEY = (
    f"INSERT INTO client_keys ({KEY}) VALUES (?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET revoked_at = excluded.revoked_at"
)
_ADD_ENTRY = (
    "INSERT INTO entries (id, at, account_id, currency, kind, reference) VALUES (?, ?, ?, ?, ?, ?)"
)
_ADD_POSTING = "INSERT INTO postings (entry_id, account, currency, millionths) VALUES (?, ?, ?, ?)"
# An insertion that would be below zero is refused before its conflict is looked at, so it is an
# update that is tried first.
_NEW_BALANCE = (
    "INSERT INTO balances (account, currency, millionths) VALUES (?, ?, 0) ON CONFLICT DO NOTHING"
)
_ADD_BALANCE = "UPDATE balances SET millionths = millionths + ? WHERE account = ? AND currency = ?"
_ADD_MOVE = "INSERT INTO moves (account_id, key, at, answer) VALUES (?, ?, ?, ?)"
# Locks it, and makes it where it is not.
TAKE_COUNTER = (
    "INSERT INTO counters (name, value) VALUES (?, 0)"
    " ON CONFLICT (name) DO UPDATE SET value = counters.value RETURNING value"
)
OPEN_COUNTER = "INSERT INTO counters (name, value) VALUES (?, 0) ON CONFLICT DO NOTHING"
SET_CLOCK = "UPDATE accounts SET clock_ahead = ? WHERE id = ?"
SET_ZONE = "UPDATE accounts SET zone = ? WHERE id = ?"
# Those of a move, beside what locks its account and its documents.
OF_MOVES = (
    REPEATED, BALANCES, NEWEST, TERMS, USED, HISTORY, TAKE_COUNTER, SAVE_SUBSCRIPTION, _SAVE_TERM,
    _SAVE_DOCUMENT, _SAVE_COUNTER, SAVE_KEY, _ADD_ENTRY, _ADD_POSTING, _NEW_BALANCE, _ADD_BALANCE,
    _ADD_MOVE,
)  # fmt: skip

Statement = tuple[str, tuple[Any, ...]]
FAR = 1 << 62


def documents_query(
    kind: str, account_id: str, state: str, before: str, limit: int, by_account: str = ""
) -> Statement:
    """The newest of that kind; only what is asked for is asked of the store, so that it can go by
    an index. ``by_account``: how an engine is told to go by an account's own documents, where it
    would rather look through the whole kind."""
    wanted = {"kind = ?": kind, "account_id = ?": account_id, "state = ?": state, "id < ?": before}
    given = {condition: value for condition, value in wanted.items() if value}
    where = " AND ".join(given)
    hint = f" {by_account}" if account_id else ""
    return f"SELECT body FROM documents{hint} WHERE {where} ORDER BY id DESC LIMIT ?", (
        *given.values(), limit,
    )  # fmt: skip


def ledger_accounts(account_id: str) -> tuple[str, str, str]:
    return bonus_of(account_id), cash_of(account_id), held_of(account_id)


def books_in(
    balances: Iterable[Sequence[Any]],
    subscription: Sequence[Any] | None,
    terms: Iterable[Sequence[Any]],
    used: Iterable[Sequence[Any]],
    zone: str,
    found: Iterable[docs.Document],
    counters: Mapping[str, int],
    now: int,
    history: Iterable[Sequence[Any]] = (),
) -> Books:
    """The books from the rows of `BALANCES`, `NEWEST`, `TERMS`, `USED` and `HISTORY`."""
    return Books(
        balances_in(balances),
        subscription_in(subscription) if subscription else None,
        tuple(Term(*row) for row in terms),
        {row[0]: row[1] for row in used},
        zone,
        docs.Found(found),
        counters,
        now,
        tuple(Term(*row) for row in history),
    )


def balances_in(rows: Iterable[Sequence[Any]]) -> dict[str, Balance]:
    found: dict[str, dict[str, int]] = {}
    for account, currency, amount in rows:
        found.setdefault(currency, {})[account.partition("/")[0]] = amount
    return {currency: Balance(**kinds) for currency, kinds in sorted(found.items())}


def subscription_in(row: Sequence[Any]) -> Subscription:
    values = list(row)
    values[14] = bool(values[14])
    return Subscription(*values)


def entry_in(row: Sequence[Any], postings: Iterable[Sequence[Any]]) -> Entry:
    identity, at, account_id, currency, kind, reference = row
    made = tuple(Posting(*posting) for posting in postings)
    return Entry(identity, at, account_id, currency, kind, reference, made)


def written(account_id: str, key: str, now: int, decision: Decision) -> list[Statement]:
    """Everything that the decision writes, in order."""
    statements: list[Statement] = []
    if (made := decision.subscription) is not None:
        statements.append((SAVE_SUBSCRIPTION, subscription_values(made)))
    statements += [(_SAVE_TERM, term_values(term)) for term in decision.terms]
    statements += [(_SAVE_DOCUMENT, docs.values_of(document)) for document in decision.documents]
    statements += [(_SAVE_COUNTER, (value, name)) for name, value in decision.counters.items()]
    statements += [(SAVE_KEY, key_values(one)) for one in decision.keys]
    for entry in decision.entries:
        statements += _entry_written(entry.checked())
    if key:
        statements.append((_ADD_MOVE, (account_id, key, now, decision.answer)))
    return statements


def together(statements: Iterable[Statement]) -> dict[str, list[tuple[Any, ...]]]:
    """Each statement once, with all its values, in the order in which they first come: what refers
    to something still comes behind it."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for statement, values in statements:
        found.setdefault(statement, []).append(values)
    return found


def _entry_written(entry: Entry) -> Iterable[Statement]:
    head = (entry.id, entry.at, entry.account_id, entry.currency, entry.kind, entry.reference)
    yield _ADD_ENTRY, head
    # What is taken comes first: it is refused there where it is not.
    for posting in sorted(entry.postings, key=lambda one: one.account):
        yield _ADD_POSTING, (entry.id, posting.account, entry.currency, posting.millionths)
        if is_balance(posting.account):
            yield _NEW_BALANCE, (posting.account, entry.currency)
            yield _ADD_BALANCE, (posting.millionths, posting.account, entry.currency)


def subscription_values(made: Subscription) -> tuple[Any, ...]:
    return tuple(getattr(made, name) for name in _SUBSCRIPTION_COLUMNS)


def key_values(key: ClientKey) -> tuple[Any, ...]:
    return (
        key.id, key.account_id, key.digest, key.hint, key.created_at, key.revoked_at, key.payer_id,
    )  # fmt: skip


def term_values(term: Term) -> tuple[Any, ...]:
    return (
        term.id, term.subscription_id, term.account_id, term.plan_id, term.catalogue_version,
        term.period, term.kind, term.currency, term.list_minor, term.paid_minor, term.started_at,
        term.ends_at, term.refunded_minor, term.disputed_minor, term.credited_minor,
        term.followed_by,
    )  # fmt: skip
