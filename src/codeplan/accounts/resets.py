"""A forgotten password: a link by letter. Whoever asks is told the same whether the address is
known or not."""

from codeplan.accounts.addresses import accounts_at, name_of
from codeplan.accounts.passwords import Passwords
from codeplan.accounts.sessions import Sessions
from codeplan.accounts.verified import Addresses
from codeplan.kit.clock import Clock
from codeplan.letters.notices import notice
from codeplan.letters.said import N_, Said
from codeplan.store.base import Store
from codeplan.store.changing import put

_RESET = Said(
    N_("Choose a new password"),
    N_(
        "Follow this link within an hour to choose a new password:\n%(link)s\n\n"
        "If you did not ask for it, do nothing: the old one stays.\n"
    ),
)


class Resets:
    """``public_url``: where people reach the service."""

    def __init__(
        self,
        store: Store,
        passwords: Passwords,
        sessions: Sessions,
        addresses: Addresses,
        clock: Clock,
        public_url: str,
    ) -> None:
        self._store, self._passwords, self._sessions = store, passwords, sessions
        self._addresses = addresses
        self._clock, self._public_url = clock, public_url

    async def ask(self, email: str) -> None:
        """Send a link, if the address has an account. Raises TooManyGuesses."""
        name = f"reset/{name_of(email)}"
        self._passwords.guesses.must_be_few(name)
        self._passwords.guesses.wrong(name)
        for account in await accounts_at(self._store, email):
            token = await self._passwords.reset_token(account)
            link = f"{self._public_url}/console/new-password?token={token}"
            said = _RESET.with_values(link=link)
            now = self._clock.now()
            await put(self._store, account.id, notice(account.id, "reset", said, now))

    async def use(self, token: str, password: str) -> None:
        """Choose the new password; all sessions end. Raises ResetInvalid, PasswordTooShort."""
        account_id = await self._passwords.reset(token, password)
        await self._sessions.end_others(account_id)
        account = await self._store.account_by_id(account_id)
        if account is not None:
            await self._addresses.verify(account, keeps_password=True)
