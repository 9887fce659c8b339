"""What types cannot say of money: amounts, names that must exist, secrets that must be there."""

import os
from collections.abc import Iterator
from pathlib import Path as File

from codeplan.config.lines import Path, written
from codeplan.config.model import ConfigFile
from codeplan.kit.money import minor_units, token_price
from codeplan.payments.amounts import STRIPE, NotCarried

Complaint = tuple[Path, str]


def check_money(config: ConfigFile) -> Iterator[Complaint]:
    yield from _token_prices(config)
    yield from _packs(config)
    yield from _providers(config)
    if config.money.grace_days < max(config.money.retry_days, default=0):
        where: Path = ("money", "retry_days")
        yield (
            where,
            f"money.retry_days: expected none beyond the {config.money.grace_days} of grace",
        )
    if config.seller.tax_percent and not config.seller.tax_name:
        yield ("seller", "tax_percent"), "seller.tax_name: expected the name of the tax"
    if config.oidc and not os.environ.get(config.oidc.client_secret_env, "").strip():
        yield (
            ("oidc", "client_secret_env"),
            "oidc.client_secret_env: expected the environment to hold"
            f" {config.oidc.client_secret_env}",
        )
    if config.mail and config.mail.password_env and not os.environ.get(config.mail.password_env):
        yield (
            ("mail", "password_env"),
            f"mail.password_env: expected the environment to hold {config.mail.password_env}",
        )


def _token_prices(config: ConfigFile) -> Iterator[Complaint]:
    for index, model in enumerate(config.models):
        for place, price in enumerate(model.prices):
            for name in ("input", "cached", "cache_write", "output"):
                amount = getattr(price, name)
                path: Path = ("models", index, "prices", place, name)
                if amount is None:
                    continue
                try:
                    token_price(amount, price.currency)
                except ValueError as problem:
                    yield path, f"models[{index}].prices[{place}].{name}: {problem}"


def _packs(config: ConfigFile) -> Iterator[Complaint]:
    models = {model.id for model in config.models}
    for index, pack in enumerate(config.packs):
        for currency, amount in pack.prices.items():
            try:
                minor_units(amount, currency)
            except ValueError as problem:
                yield (
                    ("packs", index, "prices", currency),
                    f"packs[{index}].prices.{currency}: {problem} (not {amount!r})",
                )
        for place, name in enumerate(pack.models):
            if name not in models:
                yield (
                    ("packs", index, "models", place),
                    f"packs[{index}].models[{place}]: expected one of {sorted(models)}"
                    f" (not {name!r})",
                )


def advise_money(config: ConfigFile) -> Iterator[Complaint]:
    """Prices that Stripe cannot take as they are: people pay them in another way."""
    takes = config.payments.stripe
    if takes is None:
        return
    for path, currency, amount in _listed(config):
        if takes.currencies and currency not in takes.currencies:
            continue
        try:
            STRIPE.of(minor_units(amount, currency), currency)
        except NotCarried as problem:
            yield path, f"{written(path)}: {problem}"


def _listed(config: ConfigFile) -> Iterator[tuple[Path, str, str]]:
    """Where each price of a plan or a pack stands, its currency and amount."""
    for index, plan in enumerate(config.plans):
        for currency, prices in plan.prices.items():
            for period, amount in prices.model_dump(exclude_none=True).items():
                yield ("plans", index, "prices", currency, period), currency, amount
    for index, pack in enumerate(config.packs):
        for currency, amount in pack.prices.items():
            yield ("packs", index, "prices", currency), currency, amount


def _providers(config: ConfigFile) -> Iterator[Complaint]:
    """An empty secret would let anybody pay by saying so."""
    payments = config.payments
    for provider in ("stripe", "alipay", "wechat"):
        table = getattr(payments, provider)
        if table is None:
            continue
        for name, value in table.model_dump().items():
            where: Path = ("payments", provider, name)
            if name.endswith("_env") and not os.environ.get(value, "").strip():
                yield (
                    where,
                    f"payments.{provider}.{name}: expected the environment to hold {value}, and not"
                    " to hold nothing in it",
                )
            if name.endswith("_file") and not _has_key(value):
                yield where, f"payments.{provider}.{name}: expected a PEM file (not {value!r})"


def _has_key(path: str) -> bool:
    try:
        return "-----BEGIN" in File(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
