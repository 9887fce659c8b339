"""The composition root: opens the store, the upstreams and the payment providers, builds the
services, mounts the surfaces. The only place that knows a concrete store. It decides nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.routing import BaseRoute
from starlette.types import ASGIApp

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
from codeplan.accounts.verified import Addresses
from codeplan.api.edge import Edge as ApplicationEdge
from codeplan.api.mounted import ApiParts, api_application
from codeplan.api.shown import Services
from codeplan.billing.bills import Bills
from codeplan.billing.checking import Checker
from codeplan.billing.purse import Purse
from codeplan.billing.wallet import Wallet
from codeplan.config.build import build_catalogue, build_routes, build_upstreams
from codeplan.config.build_access import (
    build_console,
    build_costs,
    build_oidc,
    build_sharing,
    build_sign_up,
    makes_accounts,
    read_draft,
)
from codeplan.config.build_clients import build_clients
from codeplan.config.build_mcp import build_engines, build_fetcher, build_hearing, build_vision
from codeplan.config.build_money import build_mail, build_money, build_payments
from codeplan.config.build_relay import build_edge, build_relay, build_rests
from codeplan.config.model import ConfigFile
from codeplan.console.mounted import console_routes
from codeplan.console.services import ConsoleServices
from codeplan.dictation.desk import DictationDesk
from codeplan.dictation.rewriting import Rewriting
from codeplan.fetching.robots import Robots
from codeplan.gateway.counting import Counter
from codeplan.gateway.door import door_for
from codeplan.gateway.edge import Edge
from codeplan.gateway.evidence import Evidence
from codeplan.gateway.exchange import Gateway
from codeplan.gateway.lanes import Lanes
from codeplan.gateway.relay import Relay
from codeplan.gateway.seeing import Sight
from codeplan.gateway.serving import Serving, ServingSettings
from codeplan.identity import OidcProvider
from codeplan.jobs.clockwork import check_books, forget_old, keep_purse, run_due
from codeplan.jobs.mailing import send_mail
from codeplan.jobs.watching import keep_seen, look_for_sharing, sum_days
from codeplan.kit.clock import Clock, SystemClock
from codeplan.kit.instants import MINUTE
from codeplan.mail import Mailer
from codeplan.mcp.base import with_tool
from codeplan.mcp.hosts import Hosts
from codeplan.mcp.places import SessionLimits
from codeplan.mcp.rest import PlainDoor, plain_addresses
from codeplan.mcp.serving import McpSite
from codeplan.mcp.status import plan_status
from codeplan.mcp.vision.files import FilesDoor
from codeplan.mcp.vision.server import vision_server
from codeplan.mcp.web_reader.cache import PageCache
from codeplan.mcp.web_reader.server import web_reader
from codeplan.mcp.web_search.engines import Engines
from codeplan.mcp.web_search.server import web_search
from codeplan.metering.keeping import keep_small
from codeplan.metering.meter import Meter
from codeplan.metering.news import News
from codeplan.metering.pace import Pace
from codeplan.metering.refused_calls import RefusedCalls
from codeplan.metering.slots import Slots
from codeplan.metering.tallies import Tallies
from codeplan.payments.opened import open_providers
from codeplan.routing.asking import Asking
from codeplan.routing.drains import Drains
from codeplan.routing.rests import Rests
from codeplan.routing.routes import Router
from codeplan.store.base import Store
from codeplan.store.postgres import store as postgres
from codeplan.store.sqlite import store as sqlite
from codeplan.subscriptions.apart import Apart
from codeplan.subscriptions.benefits import Benefits
from codeplan.subscriptions.cases import Cases
from codeplan.subscriptions.clockwork import Clockwork
from codeplan.subscriptions.codes import Codes
from codeplan.subscriptions.demo import Demo
from codeplan.subscriptions.mcp_calls import McpCalls
from codeplan.subscriptions.personal_data import PersonalData
from codeplan.subscriptions.receipts import Receipts
from codeplan.subscriptions.refunds import Refunds
from codeplan.subscriptions.reports import Reports
from codeplan.subscriptions.shop import Shop
from codeplan.subscriptions.simulator import Draft, Simulator
from codeplan.subscriptions.subscriptions import Subscriptions
from codeplan.subscriptions.teams import Teams
from codeplan.subscriptions.till import Till
from codeplan.subscriptions.uploads import Uploads
from codeplan.telemetry import Runs
from codeplan.upstream.opened import open_upstreams


@dataclass(frozen=True, slots=True)
class Service:
    """A service that is ready: what uvicorn serves, and what the first start needs."""

    application: ASGIApp
    door: type[asyncio.Protocol]
    accounts: Accounts
    shop: Shop
    subscriptions: Subscriptions
    news: News
    embedded: bool
    hears_by: str


@asynccontextmanager
async def open_service(
    config: ConfigFile,
    data: Path,
    operator_digest: bytes,
    told: Callable[[str], None],
    database: str = "",
    clock: Clock | None = None,
) -> AsyncIterator[Service]:
    """Everything opened; closed again in the opposite order.

    ``database``: PostgreSQL's address, or "" for SQLite in the data folder. ``told`` hears of long
    steps. Raises StoreFailed, EmbeddedMissing, ValueError for a payment provider's empty secret.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as opened:
        store = await _open_store(config, data, database, clock)
        opened.push_async_callback(store.close)
        upstream_settings = build_upstreams(config)
        upstreams = await open_upstreams(upstream_settings, told)
        for upstream in upstreams.values():
            opened.push_async_callback(upstream.close)
        payments = build_payments(config)
        providers = await open_providers(payments)
        for provider in providers.values():
            opened.push_async_callback(provider.close)

        rules, settings = build_money(config), build_console(config)
        accounts = Accounts(store, clock)
        subscriptions = Subscriptions(store, clock, build_catalogue(config), rules.dunning)
        await subscriptions.keep_catalogue()
        runs = Runs(clock)
        news, tallies, devices = News(), Tallies(store, clock), Devices(store, clock)
        clients, refused_calls = build_clients(config.clients), RefusedCalls(store, clock)
        meter = Meter(store, clock, config.service.queue_seconds, news)
        purse = Purse(store, rules)
        if not database:
            await purse.release_all()
        drains = Drains(store)
        opened.push_async_callback(drains.close)
        await drains.read()
        rests = Rests(build_rests(config), asyncio.get_running_loop().time)
        router = Router(build_routes(config), upstreams, rests, drains)

        teams, receipts = Teams(store, store), Receipts(store, subscriptions)
        shop = Shop(store, subscriptions, rules)
        till = Till(store, shop, providers, rules, payments.public_url)
        refunds = Refunds(store, shop, till)
        clockwork = Clockwork(store, shop, till, refunds)
        checker = Checker(store, providers, till.catch_up)
        passwords, sessions = Passwords(store, clock), Sessions(store, clock)
        second_factors, passkeys = (
            SecondFactors(store, clock, passwords.guesses),
            Passkeys(store, clock),
        )
        addresses = Addresses(store, clock, sessions, passkeys, second_factors)
        oidc = build_oidc(config)
        costs = build_costs(config)
        simulator = Simulator(store, clock, Draft(subscriptions.catalogue, costs), read_draft)
        opened.push_async_callback(simulator.close)
        asking = Asking(router, clock)
        hearing = build_hearing(config, asking, data)
        if hearing.transcriber is not None:
            opened.push_async_callback(hearing.transcriber.close)
        zone, slots = config.service.time_zone, Slots(config.service.queue_seconds)
        apart = Apart(meter, slots, clock, zone)
        benefits = Benefits(store, subscriptions, teams, meter, apart, clock, zone)
        everything = ConsoleServices(
            settings=settings,
            store=store,
            clock=clock,
            accounts=accounts,
            passwords=passwords,
            sessions=sessions,
            second_factors=second_factors,
            passkeys=passkeys,
            sign_ups=SignUps(store, accounts, addresses, clock, build_sign_up(config)),
            resets=Resets(store, passwords, sessions, addresses, clock, settings.public_url),
            outside=(
                OutsideSignIn(
                    store, accounts, addresses, clock, OidcProvider(oidc), makes_accounts(config)
                )
                if oidc
                else None
            ),
            keys=ClientKeys(store, store),
            devices=devices,
            subscriptions=subscriptions,
            teams=teams,
            receipts=receipts,
            meter=meter,
            news=news,
            tallies=tallies,
            shop=shop,
            till=till,
            refunds=refunds,
            codes=Codes(store, shop, subscriptions.catalogue),
            wallet=Wallet(store),
            bills=Bills(store, rules.zone),
            checker=checker,
            clockwork=clockwork,
            cases=Cases(store, shop, build_sharing(config)),
            reports=Reports(store, tallies, clock, costs, config.service.time_zone),
            simulator=simulator,
            drains=drains,
            router=router,
            runs=runs,
            personal_data=PersonalData(store, teams),
            benefits=benefits,
            clients=clients,
            refused_calls=refused_calls,
            desk=DictationDesk(benefits, hearing, Rewriting(asking)),
            vision=build_vision(config, asking),
        )
        calls = McpCalls(subscriptions, meter, apart, clock, zone)
        site = await opened.enter_async_context(_mcp_site(config, everything, calls))
        services = Services(
            accounts=accounts,
            subscriptions=subscriptions,
            teams=teams,
            receipts=receipts,
            meter=meter,
            store=store,
            clock=clock,
            clients=clients,
            refused_calls=refused_calls,
            time_zone=config.service.time_zone,
            operator_digest=operator_digest,
            overage=rules.overage,
        )
        evidence = Evidence(refused_calls, clock)
        relay = Relay(router, clock, tallies, build_relay(config))
        gateway = Gateway(
            accounts=accounts,
            devices=devices,
            clients=clients,
            lanes=Lanes(subscriptions, clock, zone),
            serving=Serving(
                subscriptions.catalogue,
                meter,
                purse,
                slots,
                relay,
                clock,
                tallies,
                evidence,
                ServingSettings(zone, rules.calls_at_once, rules.overage),
            ),
            counter=Counter(router, slots, Pace(clock, config.service.counts_a_minute)),
            sight=Sight(everything.vision, calls, clock),
            evidence=evidence,
            tallies=tallies,
            catalogue=subscriptions.catalogue,
            clock=clock,
            max_body_bytes=config.service.max_body_bytes,
        )
        application = api_application(
            services,
            _api_parts(everything, rules.overage),
            [*site, *console_routes(everything)],
        )
        work = [
            meter.beat(config.service.node_lease_seconds / 5),
            run_due(clockwork, runs),
            keep_purse(purse, runs),
            check_books(checker, runs),
            keep_seen(devices, tallies, refused_calls, runs),
            look_for_sharing(everything.cases, runs),
            sum_days(everything.reports, runs),
            keep_small(store, clock, config.service.keep_days),
            forget_old(store, tallies, clock, config.service.keep_days, runs),
        ]
        if (mail := build_mail(config.mail)) is not None:
            work.append(send_mail(store, Mailer(mail), runs))
        opened.push_async_callback(_stop, _start(work))
        yield Service(
            application=ApplicationEdge(
                application,
                everything.vision.settings.most_bytes,
                everything.desk.most_bytes,
                config.service.max_body_bytes,
            ),
            door=door_for(gateway, Edge(build_edge(config))),
            accounts=accounts,
            shop=shop,
            subscriptions=subscriptions,
            news=news,
            embedded=any(item.protocol == "embedded" for item in upstream_settings),
            hears_by=everything.desk.hears_by,
        )


def _api_parts(console: ConsoleServices, overage: bool) -> ApiParts:
    """The JSON API stands on the same services as the pages."""
    return ApiParts(
        keys=console.keys,
        devices=console.devices,
        sessions=console.sessions,
        wallet=console.wallet,
        shop=console.shop,
        till=console.till,
        refunds=console.refunds,
        codes=console.codes,
        bills=console.bills,
        clockwork=console.clockwork,
        checker=console.checker,
        cases=console.cases,
        reports=console.reports,
        simulator=console.simulator,
        drains=console.drains,
        router=console.router,
        sign_ups=console.sign_ups,
        personal_data=console.personal_data,
        benefits=console.benefits,
        desk=console.desk,
        demo=Demo(console.store, console.accounts, console.shop, console.clock),
        runs=console.runs,
        overage=overage,
    )


@asynccontextmanager
async def _mcp_site(
    config: ConfigFile, console: ConsoleServices, calls: McpCalls
) -> AsyncIterator[list[BaseRoute]]:
    """Where the MCP servers are, while they run."""
    status = plan_status(console.subscriptions, console.meter, calls)
    cache = PageCache(console.clock, config.reader.cache_minutes * MINUTE)
    engines, uploads = Engines(build_engines(config.search)), Uploads(console.store, console.clock)
    fetcher = build_fetcher(config.reader)
    robots = Robots(fetcher, console.clock) if config.reader.obeys_robots else None
    try:
        search, reader = (
            web_search(engines, calls),
            web_reader(fetcher, robots, cache, calls),
        )
        servers = (search, reader, vision_server(console.vision, uploads, calls))
        plain = PlainDoor(plain_addresses(search, reader), console.accounts, console.clock)
        site = McpSite(
            [with_tool(server, status) for server in servers],
            console.accounts,
            Hosts(config.payments.public_url),
            SessionLimits(config.mcp.sessions_a_key),
        )
        files = FilesDoor(console.accounts, uploads, console.vision.settings.most_bytes)
        async with site.running():
            yield [*site.routes(), *files.routes(), *plain.routes()]
    finally:
        await engines.close()


async def _open_store(config: ConfigFile, data: Path, database: str, clock: Clock) -> Store:
    if database:
        return await postgres.open_store(database, clock, config.service.node_lease_seconds)
    return await sqlite.open_store(data, clock)


def _start(work: list[Coroutine[Any, Any, None]]) -> list[asyncio.Task[None]]:
    return [asyncio.create_task(one) for one in work]


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
