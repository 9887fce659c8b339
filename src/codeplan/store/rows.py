"""The rows that stores hand out. Instants are epoch milliseconds, UTC."""

from dataclasses import dataclass

from codeplan.plan.periods import Period


@dataclass(frozen=True, slots=True)
class Account:
    """``role``: subscriber or operator. ``password_hash`` is "" where no password is set;
    ``password_once``: it must be replaced at the first sign-in."""

    id: str
    email: str
    role: str
    created_at: int
    password_hash: str = ""
    password_once: bool = False


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A coding tool's key. Only its digest is kept; ``hint`` is its last four characters."""

    id: str
    account_id: str
    digest: bytes
    hint: str
    created_at: int
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """``catalogue_version`` names the catalogue it was bought under. ``currency``: in which it is
    paid; "" where it was given. ``cancelled``: it is not renewed when its period ends."""

    id: str
    account_id: str
    plan_id: str
    catalogue_version: str
    period: Period
    state: str
    started_at: int
    ends_at: int
    currency: str = ""
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """What a key stands for: the account, and its newest subscription if it has one."""

    key: ClientKey
    account: Account
    subscription: Subscription | None


@dataclass(frozen=True, slots=True)
class SignIn:
    """A console session; only its token's digest is kept."""

    digest: bytes
    account_id: str
    created_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class UsageRow:
    """Calls and tokens of one model in one hour or day, which begins at ``starts_at``."""

    starts_at: int
    model: str
    calls: int
    tokens: int


@dataclass(slots=True)
class HourUse:
    """Use of one account with one model and one tool in one hour: settled calls, the prompts that
    became due, and tokens by class."""

    calls: int = 0
    prompts: int = 0
    input: int = 0
    cached: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0
