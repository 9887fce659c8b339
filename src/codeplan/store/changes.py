"""What commits changed, and whoever listens for it: an engine's commit publishes here, in its own
process before its caller goes on, and in every other one as soon as that hears of it.

Decides nothing about what is remembered (remembered.py does); knows no engine.
"""

from collections.abc import Callable, Collection, Iterable, Sequence

import msgspec

from codeplan.plan.catalogue import Catalogue
from codeplan.store.documents import Document, name_of
from codeplan.store.money import Decision
from codeplan.store.rows import Account, ClientKey, Subscription

# Of records that are no documents, those whose commits tell.
ACCOUNT, CLIENT_KEY, SUBSCRIPTION, CATALOGUE = "account", "clientkey", "subscription", "catalogue"
_ROWS: dict[type, str] = {
    Account: ACCOUNT, ClientKey: CLIENT_KEY, Subscription: SUBSCRIPTION, Catalogue: CATALOGUE,
}  # fmt: skip
# A commit that changed more than so much of one kind tells of the whole kind.
_MOST_OF_A_KIND = 50


class Changed(msgspec.Struct, frozen=True, order=True):
    """``kind``: of a record, "" for every kind; ``account_id``: whose, "" for everybody's and
    nobody's."""

    kind: str = ""
    account_id: str = ""


EVERYTHING = Changed()
Listener = Callable[[Changed], None]


def kinds_of(records: Collection[type]) -> list[str]:
    """Name the kinds of records that commits tell of. Raises ValueError for none, and for a record
    of which they do not tell, such as a window."""
    if not records:
        raise ValueError("what is remembered must say of which records it is made")
    return [_kind_of(record) for record in records]


def _kind_of(record: type) -> str:
    if record in _ROWS:
        return _ROWS[record]
    if issubclass(record, Document):
        return name_of(record)
    raise ValueError(f"no commit tells of {record.__name__}")


def changed_by(decision: Decision) -> frozenset[Changed]:
    """Name what a decision's commit changes."""
    changes = {Changed(name_of(type(one)), one.account_id) for one in decision.documents}
    if decision.subscription is not None:
        changes.add(Changed(SUBSCRIPTION, decision.subscription.account_id))
    for key in decision.keys:
        changes |= {Changed(CLIENT_KEY, key.account_id), Changed(CLIENT_KEY, key.pays)}
    return frozenset(changes)


class Changes:
    """Who listens for what, in this process."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Listener]] = {}

    def listen(self, kinds: Collection[str], listener: Listener) -> None:
        for kind in kinds:
            self._listeners.setdefault(kind, []).append(listener)

    def publish(self, changes: Iterable[Changed]) -> None:
        """Tell whoever listens. Listeners only note it: they raise nothing and wait for nothing."""
        for change in changes:
            kinds = [change.kind] if change.kind else list(self._listeners)
            for kind in kinds:
                for listener in self._listeners.get(kind, ()):
                    listener(change)

    def to_tell(self, changes: Iterable[Changed]) -> Sequence[Changed]:
        """Of these, what other processes listen for too, which run the same program: sorted, each
        once, and few."""
        heard = {one for one in changes if not one.kind or one.kind in self._listeners}
        counts: dict[str, int] = {}
        for one in heard:
            counts[one.kind] = counts.get(one.kind, 0) + 1
        return sorted(
            {Changed(one.kind) if counts[one.kind] > _MOST_OF_A_KIND else one for one in heard}
        )
