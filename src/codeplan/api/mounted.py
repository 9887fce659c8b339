"""Every address of the JSON API on one application, and the document that describes them."""

from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from codeplan.accounts.client_keys import ClientKeys
from codeplan.accounts.devices import Devices
from codeplan.accounts.sessions import Sessions
from codeplan.accounts.sign_up import SignUps
from codeplan.api import answers, catalogue, health, monitor
from codeplan.api.account import AccountEndpoints
from codeplan.api.benefits import BenefitEndpoints
from codeplan.api.bills import BillEndpoints
from codeplan.api.endpoints import Endpoint, routes_of
from codeplan.api.keys import KeyEndpoints
from codeplan.api.money import MoneyEndpoints
from codeplan.api.openapi import document
from codeplan.api.operator import OperatorEndpoints
from codeplan.api.orders import OrderEndpoints
from codeplan.api.own import OwnEndpoints
from codeplan.api.receipts import ReceiptEndpoints
from codeplan.api.refused_calls import RefusedCallEndpoints
from codeplan.api.service import ServiceEndpoints
from codeplan.api.shown import Services
from codeplan.api.speech import Speech
from codeplan.api.teams import TeamEndpoints
from codeplan.api.till import TillEndpoints
from codeplan.billing.bills import Bills
from codeplan.billing.checking import Checker
from codeplan.billing.wallet import Wallet
from codeplan.dictation.desk import DictationDesk
from codeplan.routing.drains import Drains
from codeplan.routing.routes import Router
from codeplan.subscriptions.benefits import Benefits
from codeplan.subscriptions.cases import Cases
from codeplan.subscriptions.clockwork import Clockwork
from codeplan.subscriptions.codes import Codes
from codeplan.subscriptions.demo import Demo
from codeplan.subscriptions.personal_data import PersonalData
from codeplan.subscriptions.refunds import Refunds
from codeplan.subscriptions.reports import Reports
from codeplan.subscriptions.shop import Shop
from codeplan.subscriptions.simulator import Simulator
from codeplan.subscriptions.till import Till
from codeplan.telemetry import Runs


@dataclass(frozen=True, slots=True)
class ApiParts:
    """What money's addresses need beside `Services`."""

    keys: ClientKeys
    devices: Devices
    sessions: Sessions
    wallet: Wallet
    shop: Shop
    till: Till
    refunds: Refunds
    codes: Codes
    bills: Bills
    clockwork: Clockwork
    checker: Checker
    cases: Cases
    reports: Reports
    simulator: Simulator
    drains: Drains
    router: Router
    sign_ups: SignUps
    personal_data: PersonalData
    benefits: Benefits
    desk: DictationDesk
    demo: Demo
    runs: Runs
    overage: bool


def endpoints_of(services: Services, parts: ApiParts) -> list[Endpoint]:
    """Every address that is declared, in the order of the document."""
    money = MoneyEndpoints(services, parts.wallet, parts.shop, parts.codes)
    return [
        *AccountEndpoints(services, parts.overage).endpoints(),
        *KeyEndpoints(parts.keys, parts.devices).endpoints(),
        *money.endpoints(),
        *OrderEndpoints(services, parts.till, money).endpoints(),
        *BillEndpoints(parts.bills).endpoints(),
        *TeamEndpoints(services).endpoints(),
        *ReceiptEndpoints(services).endpoints(),
        *RefusedCallEndpoints(services).endpoints(),
        *BenefitEndpoints(services, parts.benefits, parts.desk).endpoints(),
        *OwnEndpoints(
            services, parts.devices, parts.sessions, parts.cases, parts.personal_data
        ).endpoints(),
        *OperatorEndpoints(services, parts.wallet, parts.shop, parts.clockwork).endpoints(),
        *ServiceEndpoints(
            services,
            parts.reports,
            parts.simulator,
            parts.cases,
            parts.drains,
            parts.router,
            parts.sign_ups,
            parts.demo,
            parts.runs,
        ).endpoints(),
        *TillEndpoints(services, parts.till, parts.refunds, parts.codes, parts.checker).endpoints(),
    ]


def api_application(services: Services, parts: ApiParts, pages: list[BaseRoute]) -> Starlette:
    """With the console's pages beside it."""
    declared = endpoints_of(services, parts)
    described = answers.answer(document(declared))

    async def openapi(_: Request) -> Response:
        return described

    return Starlette(
        routes=[
            *health.routes(services.clock),
            *catalogue.routes(services.clients),
            *routes_of(services, declared),
            Route("/api/openapi.json", openapi),
            *monitor.routes(services),
            *Speech(services, parts.desk).routes(),
            *pages,
        ],
        exception_handlers={HTTPException: answers.http_error},
    )
