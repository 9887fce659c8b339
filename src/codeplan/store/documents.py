"""What money keeps beside the ledger, each as one document: orders, packs, invoices, codes, holds.

The store knows of a document only whose it is, how it stands and when a job must look at it. What
else it says is its own service's business, so a new kind of document is a new class, and no
migration.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """``account_id``: whose it is; "" for nobody's. ``due_at``: when a job has to look at it."""

    id: str
    account_id: str
    made_at: int
    state: str = ""
    due_at: int | None = None


D = TypeVar("D", bound=Document)


class One(msgspec.Struct, frozen=True):
    """The document of that kind and id, whosever it is."""

    kind: type[Document]
    id: str


class Mine(msgspec.Struct, frozen=True):
    """The account's documents of that kind in that state."""

    kind: type[Document]
    state: str


Read = One | Mine
COLUMNS = "kind, id, account_id, state, due_at, made_at, body"


class Found:
    """Documents that were read, by kind and id."""

    def __init__(self, documents: Iterable[Document] = ()) -> None:
        self._documents = {(type(one), one.id): one for one in documents}

    def one(self, kind: type[D], identity: str) -> D | None:
        found = self._documents.get((kind, identity))
        return found if isinstance(found, kind) else None

    def with_(self, *documents: Document) -> "Found":
        """With these in the place of what was read of them."""
        return Found([*self._documents.values(), *documents])

    def mine(self, kind: type[D]) -> list[D]:
        """In order of their ids."""
        mine = [one for one in self._documents.values() if isinstance(one, kind)]
        return sorted(mine, key=lambda one: one.id)


def name_of(kind: type[Document]) -> str:
    """The kind's name in the store: ``order``."""
    return kind.__name__.lower()


def values_of(document: Document) -> tuple[Any, ...]:
    """In the order of `COLUMNS`."""
    return (
        name_of(type(document)), document.id, document.account_id, document.state,
        document.due_at, document.made_at, msgspec.json.encode(document),
    )  # fmt: skip


_decoders: dict[type[Document], Callable[[bytes], Any]] = {}


def document_in(kind: type[D], body: bytes) -> D:
    """A document from what is stored of it."""
    decode = _decoders.get(kind)
    if decode is None:
        decode = _decoders[kind] = msgspec.json.Decoder(kind).decode
    document: D = decode(body)
    return document


def reading(reads: Iterable[Read]) -> Mapping[type[Document], tuple[list[str], list[str]]]:
    """Of each kind, the ids and the states that are asked for; in one order everywhere, so that
    those who lock them never wait for each other in a circle."""
    wanted: dict[type[Document], tuple[list[str], list[str]]] = {}
    for read in sorted(reads, key=lambda one: name_of(one.kind)):
        ids, states = wanted.setdefault(read.kind, ([], []))
        if isinstance(read, One):
            ids.append(read.id)
        else:
            states.append(read.state)
    return wanted
