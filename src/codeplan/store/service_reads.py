"""What every engine reads of the whole service alike: use by model and tool, tallies, accounts that
are looked for, subscriptions by plan; and the removal of an account. An engine gives it rows."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from codeplan.kit.ids import first_id
from codeplan.kit.instants import DAY
from codeplan.store.changes import ACCOUNT, Changed
from codeplan.store.columns import CALL, SUMS, call_in
from codeplan.store.money_sql import Statement
from codeplan.store.operations import CallRow
from codeplan.store.rows import Account, PlanCount, Use

_CALL = CALL.split(", ")
_ACCOUNT = "id, email, role, created_at, password_hash, password_once, zone, clock_ahead"
_SUMMED = ", ".join(f"CAST(sum({name}) AS bigint)" for name in SUMS)
# CAST: so that PostgreSQL knows what the values are.
_STEP = "CAST(? AS bigint) + (hour - CAST(? AS bigint)) / CAST(? AS bigint) * CAST(? AS bigint)"
_USE = (
    f"SELECT {_STEP}, model, client, {_SUMMED} FROM hours"
    " WHERE {whose}hour >= ? AND hour < ? GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
)
_FOUND = (
    f"SELECT {_ACCOUNT} FROM accounts WHERE role = ? AND lower(email) LIKE ? ESCAPE '!'"
    " AND (? = '' OR id < ?) ORDER BY id DESC LIMIT ?"
)
_PLANS = (
    "SELECT plan_id, period, currency, state, count(*), CAST(sum(seats) AS bigint)"
    " FROM subscriptions WHERE ends_at > ? AND started_at <= ? AND state <> 'expired'"
    " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
)
_HOUSE_BETWEEN = (
    "SELECT p.account, p.currency, CAST(sum(p.millionths) AS bigint) FROM entries AS e"
    " JOIN postings AS p ON p.entry_id = e.id WHERE e.id >= ? AND e.id < ? AND e.at >= ?"
    " AND e.at < ? AND p.account NOT LIKE 'cash/%' AND p.account NOT LIKE 'bonus/%'"
    " AND p.account NOT LIKE 'held/%' GROUP BY p.account, p.currency"
)
_ADD_TALLY = (
    "INSERT INTO tallies (hour, name, value) VALUES (?, ?, ?)"
    " ON CONFLICT (hour, name) DO UPDATE SET value = tallies.value + excluded.value"
)
_TALLIES = (
    "SELECT name, CAST(sum(value) AS bigint) FROM tallies WHERE hour >= ? AND hour < ?"
    " GROUP BY name ORDER BY name"
)
_OF_SUBSCRIPTION = "subscription_id IN (SELECT id FROM subscriptions WHERE account_id = ?)"
_OF_ENTRY = "entry_id IN (SELECT id FROM entries WHERE account_id = ?)"
# What an account did, and what is known of it.
_USE_OF = (
    "DELETE FROM calls WHERE account_id = ?",
    "DELETE FROM prompts WHERE account_id = ?",
    "DELETE FROM hours WHERE account_id = ?",
)
_NAMELESS = (
    "UPDATE client_keys SET revoked_at = ? WHERE account_id = ? AND revoked_at IS NULL",
    "UPDATE accounts SET email = ?, password_hash = '', zone = '' WHERE id = ?",
)
_WHOLE = (
    f"DELETE FROM windows WHERE {_OF_SUBSCRIPTION}",
    "DELETE FROM terms WHERE account_id = ?",
    "DELETE FROM documents WHERE account_id = ?",
    f"DELETE FROM postings WHERE {_OF_ENTRY}",
    "DELETE FROM entries WHERE account_id = ?",
    "DELETE FROM moves WHERE account_id = ?",
    "DELETE FROM client_keys WHERE account_id = ?",
    "DELETE FROM subscriptions WHERE account_id = ?",
)


class ServiceReads(ABC):
    """ServiceStore, over an engine's rows. ``_counted``: the engine's table of what it keeps of
    each subscription beside its windows."""

    _counted = ""

    @abstractmethod
    async def _rows(self, statement: str, *values: Any) -> Sequence[Sequence[Any]]: ...

    @abstractmethod
    async def _write(self, statements: Sequence[Statement], *changes: Changed) -> None:
        """All of them in one commit, which tells of these changes."""

    async def use(self, account_id: str, since: int, until: int, step: int) -> list[Use]:
        whose = "account_id = ? AND " if account_id else ""
        mine = (account_id,) if account_id else ()
        values = (since, since, step, step, *mine, since, until)
        return [Use(*row) for row in await self._rows(_USE.format(whose=whose), *values)]

    async def calls_since(self, account_id: str, after: str, limit: int) -> list[CallRow]:
        rows = await self._rows(
            f"SELECT {CALL} FROM calls WHERE account_id = ? AND id > ? ORDER BY id LIMIT ?",
            account_id, after, limit,
        )  # fmt: skip
        return [call_in(zip(_CALL, row, strict=True)) for row in rows]

    async def newest_calls(self, account_id: str, since: int, limit: int) -> list[CallRow]:
        rows = await self._rows(
            f"SELECT {CALL} FROM calls WHERE account_id = ? AND started_at >= ?"
            " ORDER BY id DESC LIMIT ?",
            account_id, since, limit,
        )  # fmt: skip
        return [call_in(zip(_CALL, row, strict=True)) for row in rows]

    async def find_accounts(
        self, text: str, role: str = "subscriber", limit: int = 50, before: str = ""
    ) -> list[Account]:
        escaped = text.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
        rows = await self._rows(_FOUND, role, f"%{escaped}%", before, before, limit)
        return [
            Account(row[0], row[1], row[2], row[3], row[4], bool(row[5]), row[6], row[7])
            for row in rows
        ]

    async def set_role(self, account_id: str, role: str) -> None:
        statement = "UPDATE accounts SET role = ? WHERE id = ?"
        await self._write([(statement, (role, account_id))], Changed(ACCOUNT, account_id))

    async def plans_running(self, now: int) -> list[PlanCount]:
        return [PlanCount(*row) for row in await self._rows(_PLANS, now, now)]

    async def house_between(self, since: int, until: int) -> list[tuple[str, str, int]]:
        # An entry's id is made by its node's clock, or by an account's own, which is ahead.
        ids = (first_id("entry", since - DAY), first_id("entry", until + DAY))
        rows = await self._rows(_HOUSE_BETWEEN, *ids, since, until)
        return [(row[0], row[1], row[2]) for row in rows]

    async def add_tallies(self, hour: int, tallies: Mapping[str, int]) -> None:
        await self._write([(_ADD_TALLY, (hour, name, n)) for name, n in sorted(tallies.items())])

    async def tallies(self, since: int, until: int) -> dict[str, int]:
        return {row[0]: row[1] for row in await self._rows(_TALLIES, since, until)}

    async def forget_tallies(self, before: int) -> None:
        await self._write([("DELETE FROM tallies WHERE hour < ?", (before,))])

    async def forget_person(
        self, account_id: str, kinds: Iterable[str], email: str, now: int
    ) -> None:
        removed: list[Statement] = [(statement, (account_id,)) for statement in _USE_OF]
        removed += [
            ("DELETE FROM documents WHERE account_id = ? AND kind = ?", (account_id, kind))
            for kind in kinds
        ]
        ended, nameless = _NAMELESS
        await self._write(
            [*removed, (ended, (now, account_id)), (nameless, (email, account_id))],
            Changed(account_id=account_id),
        )

    async def remove_account(self, account_id: str) -> None:
        counted = f"DELETE FROM {self._counted} WHERE {_OF_SUBSCRIPTION}"
        removed = [(statement, (account_id,)) for statement in (*_USE_OF, counted, *_WHOLE)]
        balances = [
            ("DELETE FROM balances WHERE account = ?", (f"{kind}/{account_id}",))
            for kind in ("cash", "bonus", "held")
        ]
        account = ("DELETE FROM accounts WHERE id = ?", (account_id,))
        await self._write([*removed, *balances, account], Changed(account_id=account_id))
