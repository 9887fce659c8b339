"""How a person wants to be spoken to: language, colours, which letters."""

import msgspec

from codeplan.store.base import MoneyStore
from codeplan.store.changing import put
from codeplan.store.documents import Document

LANGUAGES = ("en", "zh")
THEMES = ("auto", "light", "dark")
# Letters that a person may do without; those about money that failed are always sent.
OPTIONAL_LETTERS = ("purchase", "renewal_ahead", "case")


class Preferences(Document, frozen=True, kw_only=True):
    """Its id is the account's. ``language``: "" for the browser's. ``muted``: topics of letters
    that are not sent."""

    language: str = ""
    theme: str = "auto"
    muted: tuple[str, ...] = ()


async def preferences_of(store: MoneyStore, account_id: str) -> Preferences:
    found = await store.document(Preferences, account_id)
    return found or Preferences(id=account_id, account_id=account_id, made_at=0)


async def prefer(store: MoneyStore, wanted: Preferences) -> None:
    """Raises ValueError for a language, theme or topic that there is not."""
    if wanted.language not in ("", *LANGUAGES):
        raise ValueError(f"language: expected one of {', '.join(LANGUAGES)}")
    if wanted.theme not in THEMES:
        raise ValueError(f"theme: expected one of {', '.join(THEMES)}")
    if not set(wanted.muted) <= set(OPTIONAL_LETTERS):
        raise ValueError(f"muted: expected some of {', '.join(OPTIONAL_LETTERS)}")
    await put(store, wanted.account_id, msgspec.structs.replace(wanted, state="set"))
