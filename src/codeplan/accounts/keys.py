"""Client keys: how they come in a call, and how they are made."""

from collections.abc import Mapping
from urllib.parse import parse_qs

from codeplan.kit import secrets
from codeplan.kit.ids import new_id
from codeplan.store.documents import Document
from codeplan.store.rows import ClientKey, KeyRules

PREFIX = "cp-"
_HEADERS = (b"x-api-key", b"x-goog-api-key")
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

    One function for all of them, so that no form can skip a check that another has.
    """
    value = headers.get(b"authorization", b"").strip()
    if value[:7].lower() == b"bearer ":
        value = value[7:].strip()
    for name in _HEADERS:
        value = value or headers.get(name, b"").strip()
    if not value and _PARAMETER in query:
        return parse_qs(query).get(_PARAMETER, [""])[0].strip() or None
    return value.decode("latin-1") or None


def new_secret() -> str:
    """A key as its owner sees it, once."""
    return secrets.new_token(PREFIX)


def key_row(secret: str, account_id: str, now: int, payer_id: str = "") -> ClientKey:
    """What is kept of a key. ``payer_id``: the organisation whose plan it draws on."""
    digest = secrets.digest(secret)
    return ClientKey(new_id("ck", now), account_id, digest, secret[-4:], now, payer_id=payer_id)
