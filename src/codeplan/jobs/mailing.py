"""Sending notices by e-mail, each by one node: it is claimed in a commit before it goes out. One
that was claimed by a node that died goes out again after a time, under the same message id."""

from msgspec import structs

from codeplan.accounts.preferences import preferences_of
from codeplan.jobs.clockwork import every
from codeplan.kit.instants import HOUR, MINUTE
from codeplan.letters.notices import Notice
from codeplan.letters.writing import written
from codeplan.mail import Mailer, MailFailed
from codeplan.store.base import Store
from codeplan.store.changing import amend
from codeplan.store.documents import One
from codeplan.store.money import Books, Decision, Move
from codeplan.telemetry import Runs, log

_EVERY_SECONDS = 5.0
# A claimed notice is another's to send again after so long.
_LEASE_MS = 10 * MINUTE
_MOST_ATTEMPTS = 8


async def send_mail(store: Store, mailer: Mailer, runs: Runs) -> None:
    """Until cancelled."""

    async def work() -> None:
        await send_due(store, mailer)

    await every(runs, _EVERY_SECONDS, "letters", work)


async def send_due(store: Store, mailer: Mailer) -> int:
    """What is due now; how many were sent."""
    sent = 0
    for notice in await store.due_documents(Notice):
        if not await _claim(store, notice):
            continue
        try:
            likes = await preferences_of(store, notice.account_id)
            if notice.topic in likes.muted:
                await _set(store, notice, state="muted", due_at=None)
                continue
            to = notice.to or await _address(store, notice.account_id)
            if not to:
                raise MailFailed("the account has no address", final=True)
            subject, text = written(notice, likes.language)
            await mailer.send(to, subject, text, notice.id)
        except MailFailed as failed:
            log.warning("mail failed", notice=notice.id, why=str(failed), final=failed.final)
            await _failed(store, notice, failed.final)
        else:
            sent += 1
            await _set(store, notice, state="sent", due_at=None)
    return sent


async def _claim(store: Store, notice: Notice) -> bool:
    def decide(books: Books, now: int) -> Decision:
        current = books.found.one(Notice, notice.id)
        if current is None or current.due_at is None or current.due_at != notice.due_at:
            return Decision(answer=b"no")
        claimed = structs.replace(
            current, state="sending", due_at=now + _LEASE_MS, attempts=current.attempts + 1
        )
        return Decision(answer=b"yes", documents=(claimed,))

    reads = (One(Notice, notice.id),)
    return await store.move(Move(notice.account_id, "", decide, reads, terms=False)) == b"yes"


async def _failed(store: Store, notice: Notice, final: bool) -> None:
    if final or notice.attempts + 1 >= _MOST_ATTEMPTS:
        await _set(store, notice, state="given up", due_at=None)
        return
    wait = min(MINUTE << notice.attempts, 6 * HOUR)
    await _set(store, notice, state="queued", due_at=await store.instant() + wait)


async def _set(store: Store, notice: Notice, state: str, due_at: int | None) -> None:
    def change(current: Notice, _: int) -> Notice:
        return structs.replace(current, state=state, due_at=due_at)

    await amend(store, notice.account_id, Notice, notice.id, change)


async def _address(store: Store, account_id: str) -> str:
    account = await store.account_by_id(account_id)
    return account.email if account else ""
