"""Client keys: how they come in a call, and how they are made."""

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs

from codeplan.kit import secrets
from codeplan.kit.ids import new_id
from codeplan.store.documents import Document
from codeplan.store.rows import ClientKey, KeyRules

PREFIX = "cp-"
_AUTHORIZATION = b"authorization"
_HEADERS = frozenset((_AUTHORIZATION, b"x-api-key", b"x-goog-api-key"))
_PARAMETER = "key"


class KeyName(Document, frozen=True, kw_only=True):
    """What its owner calls a key, and what it may do. Its id is the key's."""

    name: str
    models: tuple[str, ...] = ()
    lane: str = ""
    prompts_a_month: int = 0

    @property
    def rules(self) -> KeyRules:
        return KeyRules(self.models, self.lane, self.prompts_a_month)


def key_in(headers: Mapping[bytes, bytes], query: str = "") -> str | None:
    """The key of a call, from every form a tool may use: ``Authorization: Bearer``, a bare
    ``Authorization``, ``x-api-key``, ``x-goog-api-key``, or ``key`` in the query, where an address
    takes it. None where there is none. Header names are lower-case.

    Where several are different, none: nobody can tell which one is meant.
    """
    keys = keys_in(headers.items(), query)
    return keys[0] if len(keys) == 1 else None


def keys_in(headers: Iterable[tuple[bytes, bytes]], query: str = "") -> tuple[str, ...]:
    """The different keys that a call brings, in every form and however often. Beside one of ours,
    another service's, which often comes from an environment variable, is not meant.

    One function for all forms, so that none can skip a check that another has.
    """
    keys: dict[str, None] = {}
    for name, value in headers:
        if name in _HEADERS:
            keys[_key(name, value.decode("latin-1").strip())] = None
    if _PARAMETER in query:
        keys |= {value.strip(): None for value in parse_qs(query).get(_PARAMETER, [])}
    given = tuple(key for key in keys if key)
    return tuple(key for key in given if key.startswith(PREFIX)) or given


def _key(name: bytes, value: str) -> str:
    """The key in a header's value; "" for a scheme of ``Authorization`` that is none of keys."""
    scheme, blank, rest = value.partition(" ")
    if name != _AUTHORIZATION or not blank:
        return "" if value.lower() == "bearer" else value
    return rest.strip() if scheme.lower() == "bearer" else ""


def new_secret() -> str:
    """A key as its owner sees it, once."""
    return secrets.new_token(PREFIX)


def key_row(secret: str, account_id: str, now: int, payer_id: str = "") -> ClientKey:
    """What is kept of a key. ``payer_id``: the organisation whose plan it draws on."""
    digest = secrets.digest(secret)
    return ClientKey(new_id("ck", now), account_id, digest, secret[-4:], now, payer_id=payer_id)
