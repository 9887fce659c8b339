"""The composition root: opens the store, the upstreams and the payment providers, builds the
services, mounts the surfaces. The only place that knows a concrete store. It decides nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from codeplan.accounts.client_keys import ClientKeys
from codeplan.accounts.directory import Accounts
from codeplan.accounts.sign_in import SignIns
from codeplan.api.mounted import ApiParts, api_application
from codeplan.api.shown import Services
from codeplan.billing.bills import Bills
from codeplan.billing.checking import Checker
from codeplan.billing.purse import Purse
from codeplan.billing.wallet import Wallet
from codeplan.config.build import build_catalogue, build_routes, build_upstreams
from codeplan.config.build_money import build_mail, build_money, build_payments
from codeplan.config.model import ConfigFile
from codeplan.console import pages
from codeplan.gateway.counting import Counter
from codeplan.gateway.door import door_for
from codeplan.gateway.exchange import Gateway, GatewaySettings
from codeplan.gateway.relay import Relay
from codeplan.jobs.clockwork import check_books, forget_old, keep_purse, run_due
from codeplan.jobs.mailing import send_mail
from codeplan.kit.clock import Clock, SystemClock
from codeplan.mail import Mailer
from codeplan.metering.keeping import keep_small
from codeplan.metering.meter import Meter
from codeplan.metering.slots import Slots
from codeplan.payments.opened import open_providers
from codeplan.routing.routes import Router
from codeplan.store.base import Store
from codeplan.store.postgres import store as postgres
from codeplan.store.sqlite import store as sqlite
from codeplan.subscriptions.clockwork import Clockwork
from codeplan.subscriptions.codes import Codes
from codeplan.subscriptions.refunds import Refunds
from codeplan.subscriptions.shop import Shop
from codeplan.subscriptions.subscriptions import Subscriptions
from codeplan.subscriptions.teams import Teams
from codeplan.subscriptions.till import Till
from codeplan.upstream.opened import open_upstreams


@dataclass(frozen=True, slots=True)
class Service:
    """A service that is ready: what uvicorn serves, and what the first start needs."""

    application: Starlette
    door: type[asyncio.Protocol]
    accounts: Accounts
    shop: Shop
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

        rules = build_money(config)
        accounts = Accounts(store, clock)
        subscriptions = Subscriptions(store, clock, build_catalogue(config), rules.dunning)
        await subscriptions.keep_catalogue()
        meter = Meter(store, clock, config.service.queue_seconds)
        purse = Purse(store, rules)
        if not database:
            await purse.release_all()
        services = Services(
            accounts=accounts,
            subscriptions=subscriptions,
            teams=Teams(store, store),
            meter=meter,
            store=store,
            clock=clock,
            time_zone=config.service.time_zone,
            operator_digest=operator_digest,
        )
        store.on_change(services.forget)
        shop = Shop(store, subscriptions, rules)
        till = Till(store, shop, providers, rules, payments.public_url)
        refunds = Refunds(store, shop, till)
        clockwork = Clockwork(store, shop, till, refunds, services.forget)
        checker = Checker(store, providers)
        router = Router(build_routes(config), upstreams)
        gateway = Gateway(
            accounts=accounts,
            subscriptions=subscriptions,
            meter=meter,
            purse=purse,
            slots=Slots(config.service.queue_seconds),
            relay=Relay(
                router,
                clock,
                config.service.read_on_seconds,
                charges_cut=config.service.cut_by_upstream == "delivered",
            ),
            counter=Counter(router),
            clock=clock,
            settings=GatewaySettings(
                config.service.time_zone,
                config.service.max_body_bytes,
                rules.calls_at_once,
                rules.overage,
            ),
        )
        parts = ApiParts(
            keys=ClientKeys(store, store, services.forget),
            wallet=Wallet(store),
            shop=shop,
            till=till,
            refunds=refunds,
            codes=Codes(store, shop, subscriptions.catalogue),
            bills=Bills(store, rules.zone),
            clockwork=clockwork,
            checker=checker,
            overage=rules.overage,
        )
        application = api_application(
            services,
            parts,
            pages.routes(
                pages.ConsoleServices(
                    accounts, SignIns(store, clock), subscriptions, meter, store, clock
                )
            ),
        )
        work = [
            meter.beat(config.service.node_lease_seconds / 5),
            run_due(clockwork),
            keep_purse(purse),
            check_books(checker),
            keep_small(store, clock, config.service.keep_days),
            forget_old(store, clock, config.service.keep_days),
        ]
        if (mail := build_mail(config.mail)) is not None:
            work.append(send_mail(store, Mailer(mail)))
        opened.push_async_callback(_stop, _start(work))
        yield Service(
            application=application,
            door=door_for(gateway, config.service.max_body_bytes),
            accounts=accounts,
            shop=shop,
            subscriptions=subscriptions,
            embedded=any(item.protocol == "embedded" for item in upstream_settings),
        )


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
