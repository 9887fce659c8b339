"""The composition root: opens the store and the upstreams, builds the services, mounts the
surfaces. The only place that knows a concrete store. It decides nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from codeplan.accounts.directory import Accounts
from codeplan.accounts.sign_in import SignIns
from codeplan.api import account, answers, catalogue, health, money, monitor, operator, receipts
from codeplan.api.shown import Services
from codeplan.billing.wallet import Wallet
from codeplan.config.build import build_catalogue, build_routes, build_upstreams
from codeplan.config.model import ConfigFile
from codeplan.console import pages
from codeplan.gateway.counting import Counter
from codeplan.gateway.door import door_for
from codeplan.gateway.exchange import Gateway, GatewaySettings
from codeplan.gateway.relay import Relay
from codeplan.jobs.renewals import renew
from codeplan.kit.clock import Clock, SystemClock
from codeplan.metering.keeping import keep_small
from codeplan.metering.meter import Meter
from codeplan.metering.slots import Slots
from codeplan.routing.routes import Router
from codeplan.store.base import Store
from codeplan.store.postgres import store as postgres
from codeplan.store.sqlite import store as sqlite
from codeplan.subscriptions.shop import Shop
from codeplan.subscriptions.subscriptions import Subscriptions
from codeplan.upstream.opened import open_upstreams


@dataclass(frozen=True, slots=True)
class Service:
    """A service that is ready: what uvicorn serves, and what the first start needs."""

    application: Starlette
    door: type[asyncio.Protocol]
    accounts: Accounts
    subscriptions: Subscriptions
    embedded: bool


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
    steps. Raises StoreFailed, EmbeddedMissing.
    """
    clock = clock or SystemClock()
    plans = build_catalogue(config)
    store: Store
    if database:
        lease_seconds = config.service.node_lease_seconds
        store = await postgres.open_store(database, clock, lease_seconds)
    else:
        store = await sqlite.open_store(data, clock)
    try:
        settings = build_upstreams(config)
        upstreams = await open_upstreams(settings, told)
        try:
            accounts = Accounts(store, clock)
            subscriptions = Subscriptions(store, clock, plans)
            await subscriptions.keep_catalogue()
            store.on_change(accounts.forget)
            wallet, shop = Wallet(store), Shop(store, subscriptions, clock)
            meter = Meter(store, clock, config.service.queue_seconds)
            router = Router(build_routes(config), upstreams)
            gateway = Gateway(
                accounts=accounts,
                subscriptions=subscriptions,
                meter=meter,
                slots=Slots(config.service.queue_seconds),
                relay=Relay(
                    router,
                    clock,
                    config.service.read_on_seconds,
                    charges_cut=config.service.cut_by_upstream == "delivered",
                ),
                counter=Counter(router),
                clock=clock,
                settings=GatewaySettings(config.service.time_zone, config.service.max_body_bytes),
            )
            services = Services(
                accounts=accounts,
                subscriptions=subscriptions,
                meter=meter,
                usage=store,
                clock=clock,
                time_zone=config.service.time_zone,
                operator_digest=operator_digest,
            )
            application = Starlette(
                routes=[
                    *health.routes(clock),
                    *catalogue.routes(),
                    *account.routes(services),
                    *operator.routes(services, wallet),
                    *money.routes(services, wallet, shop),
                    *monitor.routes(services),
                    *receipts.routes(services),
                    *pages.routes(
                        pages.ConsoleServices(
                            accounts, SignIns(store, clock), subscriptions, meter, store, clock
                        )
                    ),
                ],
                exception_handlers={HTTPException: answers.http_error},
            )
            tasks = [
                asyncio.create_task(meter.beat(config.service.node_lease_seconds / 5)),
                asyncio.create_task(renew(shop, accounts.forget)),
                asyncio.create_task(keep_small(store, clock, config.service.keep_days)),
            ]
            try:
                yield Service(
                    application=application,
                    door=door_for(gateway, config.service.max_body_bytes),
                    accounts=accounts,
                    subscriptions=subscriptions,
                    embedded=any(item.protocol == "embedded" for item in settings),
                )
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            for upstream in upstreams.values():
                await upstream.close()
    finally:
        await store.close()
