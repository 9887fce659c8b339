"""What codeplan.toml may say. Unknown keys are errors; every bound stands beside its field."""

import re
from datetime import date
from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator

from codeplan.config.access_model import ConsoleTable, OidcTable, SharingTable, SignUpTable
from codeplan.config.clients_model import ClientTable
from codeplan.config.mcp_model import (
    McpSessionsTable,
    ReaderTable,
    SearchTable,
    SpeechTable,
    VisionTable,
)
from codeplan.config.money_model import (
    MailTable,
    MoneyTable,
    PaymentsTable,
    ReferralTable,
    SellerTable,
)
from codeplan.config.table import Currency, Id, Name, Table
from codeplan.plan.rules import Kind, Scope
from codeplan.upstream.base import Dialect, Links

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_SPAN = re.compile(r"^([1-9][0-9]{0,3})(h|d|w|mo)$")
_SPANS: dict[str, Literal["hour", "day", "week", "month"]] = {
    "h": "hour",
    "d": "day",
    "w": "week",
    "mo": "month",
}
_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"
DAYS: tuple[Day, ...] = get_args(Day)
# Counted in millionths: six decimals.
Times = Annotated[float, Field(ge=0, le=1000)]
Credits = Annotated[int, Field(ge=0, le=10**6)]


class UpstreamTable(Table):
    """``[[upstreams]]``. Time-outs in seconds. ``replicas``: more addresses of the same models.
    ``links``: to pictures in a call's content, which the upstream fetches by itself: those to
    public hosts may pass, none, or any."""

    name: Name
    protocol: Literal["openai", "anthropic", "embedded"]
    base_url: str = ""
    replicas: list[str] = []
    dialect: Dialect = "plain"
    api_key_env: str = ""
    connect_timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0
    first_byte_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 600.0
    silence_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 300.0
    links: Links = "public"

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("expected an address that begins with http:// or https://")
        return value.rstrip("/")

    @field_validator("replicas")
    @classmethod
    def _are_addresses(cls, values: list[str]) -> list[str]:
        return [cls._is_address(value) for value in values]


class RouteTable(Table):
    """One of a model's ``routes``: an upstream, the model's name there, and its ``dialect``, where
    that is another than the model's or the upstream's."""

    upstream: Name
    model: Name
    dialect: Dialect | None = None


class TokenPriceTable(Table):
    """One of a model's ``prices``: amounts for a million tokens, by class, such as "2.00".
    ``up_to_tokens``: the longest context that it is for; 0 for any."""

    currency: Currency
    up_to_tokens: Annotated[int, Field(ge=0)] = 0
    input: str
    cached: str | None = None
    cache_write: str | None = None
    output: str


class ModelTable(Table):
    """``[[models]]``. Aliases are glob patterns. ``dialect``: the model's, at whatever upstream.
    ``prices``: for whoever pays by the token; ``costs``: what the operator pays for it, for his
    own sums.
    ``output_tokens``: what an answer is taken to be at most where the call does not say;
    ``context``, ``output``: the tokens that it reads and writes at most, for tools that want to be
    told."""

    id: Name
    routes: list[RouteTable] = []
    dialect: Dialect | None = None
    aliases: list[Name] = []
    prices: list[TokenPriceTable] = []
    costs: list[TokenPriceTable] = []
    output_tokens: Annotated[int, Field(ge=1, le=10**7)] = 8192
    context: Annotated[int, Field(ge=1024, le=10**8)] | None = None
    output: Annotated[int, Field(ge=1, le=10**7)] | None = None


class PackTable(Table):
    """``[[packs]]``: so many tokens of these models (none for all), for so many days. ``prices``:
    an amount in each currency."""

    id: Id
    name: Name
    tokens: Annotated[int, Field(ge=1, le=10**13)]
    days: Annotated[int, Field(ge=1, le=3660)]
    models: list[Name] = []
    prices: dict[Currency, str]


class SpanTable(Table):
    """So many per 5h, 1d, 1w or 1mo.

    ``kind``: anchored opens with the first use, cycle runs from the subscription's start, calendar
    follows days, weeks and months of ``zone``, sliding gives each unit back a span after its use.
    ``scope``: shared by the whole plan, or each member's or each key's own."""

    per: str
    limit: Annotated[int, Field(ge=1, le=10**12)]
    kind: Kind = "anchored"
    scope: Scope = "plan"
    zone: str = "UTC"

    @field_validator("per")
    @classmethod
    def _is_span(cls, value: str) -> str:
        if not _SPAN.match(value):
            raise ValueError("expected a length of time such as 5h, 1d, 1w or 1mo")
        return value

    @property
    def number(self) -> int:
        return int(_SPAN.match(self.per)[1])  # type: ignore[index]  # the validator saw to it

    @property
    def span(self) -> Literal["hour", "day", "week", "month"]:
        return _SPANS[_SPAN.match(self.per)[2]]  # type: ignore[index]  # the validator saw to it


class WindowTable(SpanTable):
    """One of a plan's ``windows``."""

    unit: Literal["prompt", "call", "token", "credit"]


class McpTable(SpanTable):
    """One of a plan's ``mcp`` windows: calls of its MCP servers."""

    kind: Kind = "cycle"


class UseTable(SpanTable):
    """One of a benefit's ``uses``: how often in how long."""

    kind: Kind = "cycle"
    scope: Literal["plan"] = "plan"


class BenefitTable(Table):
    """``[[benefits]]``: what plans bring beside models. ``plans``: their ids; none for all.
    ``days``: from its claim; 0 for as long as the plan runs. ``uses``: none for no limit."""

    id: Id
    name: Name
    kind: Literal["voice", "codes"]
    about: str = ""
    plans: list[Name] = []
    days: Annotated[int, Field(ge=0, le=3660)] = 0
    uses: list[UseTable] = []
    most_seconds: Annotated[int, Field(ge=1, le=7200)] = 300
    url: Annotated[str, Field(pattern=r"^(https?://.*)?$")] = ""


class HoursTable(Table):
    """One of a rate's ``hours``: local times of ``zone``, ``from`` up to ``to``."""

    days: list[Day] = [*DAYS]
    begin: Annotated[str, Field(alias="from", pattern=_TIME)]
    end: Annotated[str, Field(alias="to", pattern=_TIME)]
    zone: str
    times: Times


class CreditsTable(Table):
    """Credits for a million tokens, by class."""

    input: Credits
    cached: Credits
    cache_write: Credits
    output: Credits


class RateTable(Table):
    """One of a plan's ``rates``. ``models``: those that it is for; none for all. ``times``: what a
    prompt, or a credit, counts where no ``hours`` say otherwise."""

    models: list[Name] = []
    times: Times = 1.0
    hours: list[HoursTable] = []
    credits: CreditsTable | None = None


class PricesTable(Table):
    """A plan's prices in one currency, as amounts such as "40.00"."""

    month: str | None = None
    quarter: str | None = None
    year: str | None = None


class PromotionTable(Table):
    """``[[promotions]]``: from the first day up to and with the last, in ``zone``. ``for``: first
    purchases, upgrades, or any other purchase; never renewals. ``referred``: only for whom
    somebody referred; ``limit``: how many purchases may have it in all."""

    id: Id
    name: Name
    begin: Annotated[date, Field(alias="from")]
    end: Annotated[date, Field(alias="to")]
    zone: str
    percent_off: Annotated[float, Field(gt=0, le=100)]
    kinds: Annotated[
        list[Literal["first", "upgrade", "another"]], Field(alias="for", min_length=1)
    ] = ["first"]
    plans: list[Name] = []
    periods: list[Literal["month", "quarter", "year"]] = []
    stacks_with: list[Name] = []
    code: str = ""
    referred: bool = False
    limit: Annotated[int, Field(ge=0)] = 0


class PlanTable(Table):
    """``[[plans]]``. ``admit``: "agents" for coding tools that are known, and for whatever has the
    shape of one; "known"; "any" for whatever calls; or a list of ids. ``otherwise``: what becomes
    of the rest. ``clients``: what ``admit`` was called before."""

    id: Id
    name: Name
    prices: dict[Currency, PricesTable] = {}
    windows: Annotated[list[WindowTable], Field(min_length=1)]
    mcp: list[McpTable] = []
    calls_per_prompt: Annotated[int, Field(ge=1, le=100_000)] = 20
    max_calls_per_turn: Annotated[int, Field(ge=0, le=1_000_000)] = 500
    concurrency: Annotated[int, Field(ge=1, le=100_000)] = 5
    models: Annotated[list[Name], Field(min_length=1)]
    rates: list[RateTable] = []
    admit: Literal["agents", "known", "any"] | list[Name] = "agents"
    otherwise: Literal["refuse", "paid", "observe"] = "refuse"
    clients: Literal["supported", "any"] | list[Name] | None = None


class ServiceTable(Table):
    """``[service]``. ``time_zone`` writes reset times; sizes in bytes, times in seconds.
    ``cut_by_upstream``: what an answer costs whose upstream broke off after content had come.
    ``node_lease_seconds``: a node that was not seen for so long is taken for dead.
    ``sign_of_life_seconds``: after so long a silence a stream says that it lives.
    ``caller_timeout_seconds``: a caller that takes nothing of its stream for so long has left.
    ``body_memory_bytes``: of all calls' bodies at once. ``head_timeout_seconds``,
    ``body_timeout_seconds``: in which a request comes; a body that goes on coming gets more.
    ``connections_per_address``: but behind a proxy, by which all come.
    ``counts_a_minute``: how often an account may have a call's tokens counted.
    ``rest_seconds``, ``longest_rest_seconds``: how long a route that is away is not asked, at first
    and at most.
    ``keep_days``: how long single prompts and calls are kept. ``behind_proxy``: callers come by a
    proxy, which puts their address last into X-Forwarded-For."""

    time_zone: str = "Asia/Shanghai"
    max_body_bytes: Annotated[int, Field(ge=1024, le=2**30)] = 32 * 1024 * 1024
    cut_by_upstream: Literal["free", "delivered"] = "free"
    read_on_seconds: Annotated[float, Field(ge=0, le=3600)] = 60.0
    keep_days: Annotated[int, Field(ge=62, le=36_500)] = 400
    node_lease_seconds: Annotated[int, Field(ge=1, le=3600)] = 15
    queue_seconds: Annotated[float, Field(ge=0, le=600)] = 10.0
    behind_proxy: bool = False
    sign_of_life_seconds: Annotated[float, Field(gt=0, le=3600)] = 10.0
    caller_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 300.0
    rest_seconds: Annotated[float, Field(gt=0, le=3600)] = 5.0
    longest_rest_seconds: Annotated[float, Field(gt=0, le=3600)] = 120.0
    body_memory_bytes: Annotated[int, Field(ge=2**20, le=2**40)] = 512 * 1024 * 1024
    head_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 10.0
    body_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
    connections_per_address: Annotated[int, Field(ge=1, le=1_000_000)] = 1024
    counts_a_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 240
    keep_alive_seconds: Annotated[int, Field(ge=1, le=3600)] = 75


class ConfigFile(Table):
    """The whole file."""

    service: ServiceTable = ServiceTable()
    upstreams: list[UpstreamTable] = []
    models: Annotated[list[ModelTable], Field(min_length=1)]
    plans: Annotated[list[PlanTable], Field(min_length=1)]
    promotions: list[PromotionTable] = []
    packs: list[PackTable] = []
    benefits: list[BenefitTable] = []
    clients: list[ClientTable] = []
    money: MoneyTable = MoneyTable()
    seller: SellerTable = SellerTable()
    referral: ReferralTable = ReferralTable()
    mail: MailTable | None = None
    payments: PaymentsTable = PaymentsTable()
    sign_up: SignUpTable = SignUpTable()
    oidc: OidcTable | None = None
    sharing: SharingTable = SharingTable()
    console: ConsoleTable = ConsoleTable()
    mcp: McpSessionsTable = McpSessionsTable()
    search: SearchTable = SearchTable()
    reader: ReaderTable = ReaderTable()
    vision: VisionTable = VisionTable()
    speech: SpeechTable = SpeechTable()
