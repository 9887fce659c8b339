"""What the console's pages ask: the services, and what the operator set."""

from dataclasses import dataclass

from codeplan.accounts.client_keys import ClientKeys
from codeplan.accounts.devices import Devices
from codeplan.accounts.directory import Accounts
from codeplan.accounts.outside_sign_in import OutsideSignIn
from codeplan.accounts.passkeys import Passkeys
from codeplan.accounts.passwords import Passwords
from codeplan.accounts.resets import Resets
from codeplan.accounts.second_factor import SecondFactors
from codeplan.accounts.sessions import Sessions
from codeplan.accounts.sign_up import SignUps
from codeplan.billing.bills import Bills
from codeplan.billing.checking import Checker
from codeplan.billing.wallet import Wallet
from codeplan.clients.registry import Clients
from codeplan.dictation.desk import DictationDesk
from codeplan.kit.clock import Clock
from codeplan.metering.meter import Meter
from codeplan.metering.news import News
from codeplan.metering.refused_calls import RefusedCalls
from codeplan.metering.tallies import Tallies
from codeplan.routing.drains import Drains
from codeplan.routing.routes import Router
from codeplan.store.base import Store
from codeplan.subscriptions.benefits import Benefits
from codeplan.subscriptions.cases import Cases
from codeplan.subscriptions.clockwork import Clockwork
from codeplan.subscriptions.codes import Codes
from codeplan.subscriptions.personal_data import PersonalData
from codeplan.subscriptions.receipts import Receipts
from codeplan.subscriptions.refunds import Refunds
from codeplan.subscriptions.reports import Reports
from codeplan.subscriptions.shop import Shop
from codeplan.subscriptions.simulator import Simulator
from codeplan.subscriptions.subscriptions import Subscriptions
from codeplan.subscriptions.teams import Teams
from codeplan.subscriptions.till import Till
from codeplan.telemetry import Runs
from codeplan.vision.seeing import Vision


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """``zone``: of who has set none. ``public_url``: where people reach the service; "" for where
    the browser is. ``mails``: whether letters can be sent. ``promised_speed``: tokens a second;
    0 for no promise. ``overage``: whether keys may go on with the balance. ``behind_proxy``:
    browsers come by a proxy, which says where they are."""

    zone: str
    public_url: str = ""
    mails: bool = False
    docs_url: str = ""
    community_url: str = ""
    promised_speed: float = 0.0
    overage: bool = True
    behind_proxy: bool = False


@dataclass(frozen=True, slots=True)
class ConsoleServices:
    """``outside``: None without an OpenID Connect provider."""

    settings: ConsoleSettings
    store: Store
    clock: Clock
    accounts: Accounts
    passwords: Passwords
    sessions: Sessions
    second_factors: SecondFactors
    passkeys: Passkeys
    sign_ups: SignUps
    resets: Resets
    outside: OutsideSignIn | None
    keys: ClientKeys
    devices: Devices
    subscriptions: Subscriptions
    teams: Teams
    receipts: Receipts
    meter: Meter
    news: News
    tallies: Tallies
    shop: Shop
    till: Till
    refunds: Refunds
    codes: Codes
    wallet: Wallet
    bills: Bills
    checker: Checker
    clockwork: Clockwork
    cases: Cases
    reports: Reports
    simulator: Simulator
    drains: Drains
    router: Router
    runs: Runs
    personal_data: PersonalData
    benefits: Benefits
    clients: Clients
    refused_calls: RefusedCalls
    desk: DictationDesk
    vision: Vision
