"""The rows that stores hand out. Instants are epoch milliseconds, UTC."""

from dataclasses import dataclass

from codeplan.plan.lifecycle import State
from codeplan.plan.periods import Period


@dataclass(frozen=True, slots=True)
class Account:
    """``role``: subscriber or operator. ``password_hash`` is "" where no password is set;
    ``password_once``: it must be replaced at the first sign-in. ``zone``: in which its days and
    periods are counted; "" for the service's. ``clock_ahead``: milliseconds by which its test
    clock is ahead."""

    id: str
    email: str
    role: str
    created_at: int
    password_hash: str = ""
    password_once: bool = False
    zone: str = ""
    clock_ahead: int = 0


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A coding tool's key. Only its digest is kept; ``hint`` is its last four characters.
    ``payer_id``: the organisation whose plan it draws on; "" for its own account's."""

    id: str
    account_id: str
    digest: bytes
    hint: str
    created_at: int
    revoked_at: int | None = None
    payer_id: str = ""

    @property
    def pays(self) -> str:
        """The account whose subscription counts."""
        return self.payer_id or self.account_id


@dataclass(frozen=True, slots=True)
class Subscription:
    """``catalogue_version`` names the catalogue it was bought under. ``state``: active, cancelled,
    past_due or expired (plan/lifecycle.py). ``currency``: in which it is paid; "" where it was
    given. ``restricted``: why an operator stopped it; "" where nobody did. ``next_plan_id``,
    ``next_period``: what it becomes at the period's end; "" for the same. ``zone``: in which its
    period's ends keep their day. ``seats``: an organisation's; 0 for one person. ``pooled``: the
    seats share their windows. ``attempts``: failed ones to renew it. ``due_at``: when the clock
    has to look at it."""

    id: str
    account_id: str
    plan_id: str
    catalogue_version: str
    period: Period
    state: State
    started_at: int
    ends_at: int
    currency: str = ""
    restricted: str = ""
    next_plan_id: str = ""
    next_period: str = ""
    zone: str = "UTC"
    seats: int = 0
    pooled: bool = False
    attempts: int = 0
    due_at: int | None = None


@dataclass(frozen=True, slots=True)
class KeyRules:
    """What its owner lets a key do. ``models``: their ids; none for all. ``lane``: plan or paid;
    "" for both. ``prompts_a_month``: of the plan; 0 for as many as it has."""

    models: tuple[str, ...] = ()
    lane: str = ""
    prompts_a_month: int = 0


ANYTHING = KeyRules()


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """What a key stands for: the account, and its newest subscription if it has one."""

    key: ClientKey
    account: Account
    subscription: Subscription | None
    rules: KeyRules = ANYTHING


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


@dataclass(frozen=True, slots=True)
class Use:
    """What was used with one model and one tool in one step of time, which begins at
    ``starts_at``: settled calls, prompts that became due, tokens by class."""

    starts_at: int
    model: str
    client: str
    calls: int
    prompts: int
    input: int
    cached: int
    cache_write: int
    output: int
    reasoning: int

    @property
    def tokens(self) -> int:
        return self.input + self.cached + self.cache_write + self.output


@dataclass(frozen=True, slots=True)
class PlanCount:
    """How many subscriptions run of one plan, period and currency, in one state; ``seats``: of
    those that are organisations'."""

    plan_id: str
    period: Period
    currency: str
    state: str
    number: int
    seats: int
