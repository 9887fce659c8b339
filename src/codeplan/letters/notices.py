"""What people are told by e-mail, written in the commit of what it is about, and sent by a job in
its reader's language."""

from codeplan.kit.ids import new_id
from codeplan.letters.said import Said
from codeplan.store.documents import Document


class Notice(Document, frozen=True, kw_only=True):
    """``state``: queued, sending, sent, given up, or muted by its reader. ``to``: an address; ""
    for the account's own. Its id is also the mail's, so that one sent twice is known for the same.
    ``subject``, ``text``: of those that were queued before letters had languages."""

    topic: str
    said: Said | None = None
    subject: str = ""
    text: str = ""
    to: str = ""
    attempts: int = 0


def notice(account_id: str, topic: str, said: Said, now: int, to: str = "") -> Notice:
    """To be sent at once."""
    return Notice(
        id=new_id("note", now),
        account_id=account_id,
        made_at=now,
        state="queued",
        due_at=now,
        topic=topic,
        said=said,
        to=to,
    )
