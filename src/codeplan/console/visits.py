"""One visit of a page: who it is, in which language and zone, and the form that came with it."""

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData
from starlette.requests import Request

from codeplan.accounts.devices import nearest, network_of
from codeplan.accounts.preferences import Preferences
from codeplan.accounts.sessions import Session
from codeplan.console import problems
from codeplan.console.forms import FormInvalid
from codeplan.console.services import ConsoleServices
from codeplan.console.words import catalogues
from codeplan.kit import secrets
from codeplan.media.sent import Sent
from codeplan.store.rows import Account

_SALT = "bcdfghjklmnpqrstvwxz"


@dataclass(slots=True)
class Visit:
    """``account``: whose pages these are; None before signing in. ``operator``: who looks at them
    in its place, reading only. ``sent``: a file that came with the form. ``browser``: the cookie by
    which an anonymous browser is known, or the session's token. ``plan_account``: the organisation
    that is looked at, or the account."""

    request: Request
    services: ConsoleServices
    browser: str
    language: str = "en"
    theme: str = "auto"
    account: Account | None = None
    session: Session | None = None
    operator: Account | None = None
    preferences: Preferences | None = None
    form: FormData = field(default_factory=FormData)
    sent: Sent | None = None

    @property
    def who(self) -> Account:
        assert self.account is not None  # the page asked for somebody who is signed in
        return self.account

    @property
    def now(self) -> int:
        """The account's own instant: a test clock is ahead."""
        ahead = self.account.clock_ahead if self.account else 0
        return self.services.clock.now() + ahead

    @property
    def zone_name(self) -> str:
        return (self.account.zone if self.account else "") or self.services.settings.zone

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone_name)

    @property
    def url(self) -> str:
        """Where people reach the service: as this browser did."""
        return f"{self.request.url.scheme}://{self.request.headers.get('host', '')}"

    @property
    def host(self) -> str:
        return self.request.url.hostname or ""

    @property
    def network(self) -> str:
        """Where the browser is; behind a proxy, as the nearest one says, which must put it last."""
        client = self.request.client
        address = client.host if client else ""
        if self.services.settings.behind_proxy:
            address = nearest(self.request.headers.get("x-forwarded-for", ""))
        return network_of(address)

    @property
    def program(self) -> str:
        """The browser, as it calls itself."""
        return self.request.headers.get("user-agent", "")

    def _(self, text: str) -> str:
        """A sentence in the visit's language."""
        return catalogues.of(self.language).gettext(text) if text else ""

    def told_problem(self) -> str:
        """What the address says went wrong, as a sentence."""
        return self._(problems.sentence(self.query("problem")))

    def told_done(self) -> str:
        """What the address says was done."""
        return self._(problems.DONE.get(self.query("done"), ""))

    def query(self, name: str, default: str = "") -> str:
        return self.request.query_params.get(name, default)

    def part(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def text(self, name: str, most: int = 4000) -> str:
        """A field of the form, without space around it. Raises FormInvalid."""
        value = self.form.get(name, "")
        if not isinstance(value, str) or len(value) > most:
            raise FormInvalid(name)
        return value.strip()

    def texts(self, name: str) -> list[str]:
        return [value for value in self.form.getlist(name) if isinstance(value, str)]

    def number(self, name: str, least: int = 0, most: int = 10**9, default: int = 0) -> int:
        """Raises FormInvalid."""
        text = self.text(name)
        if not text:
            return default
        if not text.isdecimal() or not least <= int(text) <= most:
            raise FormInvalid(name)
        return int(text)

    @property
    def once(self) -> str:
        """The form's own name: sent twice, it does its work once."""
        return self.text("once") or secrets.pick(_SALT, 24)

    @property
    def csrf(self) -> str:
        """A token for this browser's forms; another text each time, so that compressed pages tell
        nothing of it."""
        salt = secrets.pick(_SALT, 12)
        return f"{salt}.{_signed(self.browser, salt)}"

    def csrf_fits(self) -> bool:
        sent = self.form.get("csrf") or self.request.headers.get("x-csrf", "")
        salt, _, signed = str(sent).partition(".")
        return bool(salt) and secrets.same(signed, _signed(self.browser, salt))


def _signed(browser: str, salt: str) -> str:
    return hmac.new(f"csrf/{browser}".encode(), salt.encode(), sha256).hexdigest()
