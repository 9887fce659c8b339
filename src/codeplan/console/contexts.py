"""What each page shows: one dataclass a page, and nothing that a template must work out."""

from dataclasses import dataclass

from codeplan.plan.windows import Number


@dataclass(frozen=True, slots=True)
class WindowShown:
    """``share``: per cent taken. ``resets_at``: UTC, "" while the window has not opened."""

    name: str
    limit: int
    used: Number
    left: Number
    share: int
    resets_at: str


@dataclass(frozen=True, slots=True)
class PromptShown:
    opened_at: str
    client: str
    calls: int
    state: str


@dataclass(frozen=True, slots=True)
class SubscriberShown:
    """One subscriber. ``plan`` is "" without one."""

    email: str
    plan: str
    ends_at: str
    windows: tuple[WindowShown, ...]


@dataclass(frozen=True, slots=True)
class SignInPage:
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PasswordPage:
    min_length: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """What a subscriber sees."""

    subscriber: SubscriberShown
    prompts: tuple[PromptShown, ...]


@dataclass(frozen=True, slots=True)
class OperatorPage:
    """What an operator sees."""

    email: str
    subscribers: tuple[SubscriberShown, ...]
