"""E-mail addresses: one form for each, by which one person has one account, however a keyboard
or a list of contacts writes it; and whose an address is."""

import unicodedata
from collections.abc import Iterator

import idna

from codeplan.store.base import AccountStore
from codeplan.store.rows import Account

_MOST_LOCAL, _MOST_DOMAIN = 64, 253
# Around an address these are what pasting left there; a line's end is none of them.
_BLANKS = " \t\N{NO-BREAK SPACE}\N{IDEOGRAPHIC SPACE}"
# Blanks, controls, marks of direction and of no width, surrogates, and what is no character.
_REFUSED = frozenset(("Cc", "Cf", "Cs", "Cn", "Co", "Zs", "Zl", "Zp"))
# Those that end an address where several stand in one line (RFC 5322).
_SPECIALS = frozenset('()[]:;@\\,"')


class EmailInvalid(ValueError):
    """Not an e-mail address."""


def address_of(text: str) -> str:
    """The address in the form in which it is kept: NFC (RFC 6532), without blanks around it, its
    domain in lower case and as the DNS has it (IDNA). The part before the @ keeps its case.

    Raises EmailInvalid."""
    local, at, domain = unicodedata.normalize("NFC", text.strip(_BLANKS)).rpartition("@")
    odd = any(unicodedata.category(one) in _REFUSED or one in _SPECIALS for one in local)
    if not at or not local or odd or len(local.encode()) > _MOST_LOCAL:
        raise EmailInvalid(f"{text!r} is not an e-mail address")
    try:
        ascii_domain = idna.encode(domain, uts46=True, std3_rules=True).decode()
    except (idna.IDNAError, UnicodeError):
        ascii_domain = ""
    odd = any(unicodedata.category(one) in _REFUSED for one in domain)
    if odd or not 0 < len(ascii_domain) <= _MOST_DOMAIN or ascii_domain.endswith("."):
        raise EmailInvalid(f"{text!r} is not an e-mail address: of its domain")
    return f"{local}@{ascii_domain}"


def same_address(one: str, other: str) -> bool:
    """Whether both are one person's, also where one is of before addresses had one form."""
    return name_of(one) == name_of(other)


def name_of(text: str) -> str:
    """The one name of an address, however it is written; of what is none, too."""
    try:
        return address_of(text).casefold()
    except EmailInvalid:
        return unicodedata.normalize("NFC", text.strip()).casefold()


async def accounts_at(store: AccountStore, text: str) -> list[Account]:
    """Whose address it is. An account that was made before addresses had one form has its own
    spelling: exactly that one comes first."""
    found: dict[str, Account] = {}
    for spelling in dict.fromkeys(_spellings(text)):
        account = await store.account_by_email(spelling)
        if account is not None:
            found.setdefault(account.id, account)
    return list(found.values())


def _spellings(text: str) -> Iterator[str]:
    yield text.strip()
    try:
        address = address_of(text)
    except EmailInvalid:
        return
    yield address
    if text.strip().isascii() and "xn--" not in address:
        return
    local, _, domain = address.rpartition("@")
    domains = (domain, idna.decode(domain), text.strip().rpartition("@")[2])
    for form in ("NFC", "NFD"):
        for one in domains:
            yield unicodedata.normalize(form, f"{local}@{one}")
            yield f"{unicodedata.normalize(form, local)}@{one}"
