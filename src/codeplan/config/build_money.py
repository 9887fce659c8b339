"""From the file's tables to the values of money: prices of tokens, packs, rules, providers."""

import os
from collections.abc import Sequence
from pathlib import Path

from codeplan.billing.settings import MoneySettings, Referral, Seller
from codeplan.config.model import ConfigFile, PackTable, TokenPriceTable
from codeplan.config.money_model import AlipayTable, MailTable, StripeTable, WeChatTable
from codeplan.kit.instants import DAY, HOUR, MINUTE
from codeplan.kit.money import minor_units, token_price
from codeplan.mail import MailSettings
from codeplan.payments.opened import AlipaySettings, PaySettings, StripeSettings, WeChatSettings
from codeplan.plan.catalogue import PackOffer
from codeplan.plan.lifecycle import Dunning
from codeplan.plan.tokens import TokenPrice


def prices_of(tables: Sequence[TokenPriceTable]) -> tuple[TokenPrice, ...]:
    """Cached and written classes cost as input where nothing else is said."""
    return tuple(_token_price(price) for price in tables)


def _token_price(table: TokenPriceTable) -> TokenPrice:
    def amount(text: str) -> int:
        return token_price(text, table.currency)

    return TokenPrice(
        currency=table.currency,
        input=amount(table.input),
        cached=amount(table.cached if table.cached is not None else table.input),
        cache_write=amount(table.cache_write if table.cache_write is not None else table.input),
        output=amount(table.output),
        up_to=table.up_to_tokens,
    )


def pack_offer(table: PackTable) -> PackOffer:
    return PackOffer(
        id=table.id,
        name=table.name,
        tokens=table.tokens,
        days=table.days,
        models=tuple(table.models),
        prices={name: minor_units(amount, name) for name, amount in table.prices.items()},
    )


def build_money(config: ConfigFile) -> MoneySettings:
    """The operator's rules."""
    money, seller, referral = config.money, config.seller, config.referral
    return MoneySettings(
        zone=config.service.time_zone,
        seller=Seller(
            name=seller.name,
            address=tuple(seller.address),
            tax_id=seller.tax_id,
            email=seller.email,
            invoice_prefix=seller.invoice_prefix,
            tax_name=seller.tax_name,
            tax_millionths=round(seller.tax_percent * 10_000),
        ),
        dunning=Dunning(
            remind=money.remind_days * DAY,
            retries=tuple(days * DAY for days in sorted(money.retry_days)),
            grace=money.grace_days * DAY,
        ),
        referral=Referral(
            credit_millionths=round(referral.credit_percent * 10_000),
            after=referral.after_hours * HOUR,
        ),
        order_for=money.order_minutes * MINUTE,
        transfer_for=money.transfer_days * DAY,
        overage=money.overage,
        calls_at_once=money.paid_calls_at_once,
        seats_at_least=money.seats_at_least,
    )


def build_payments(config: ConfigFile) -> PaySettings:
    """Providers with their secrets; `check` has seen that each is there."""
    payments = config.payments
    return PaySettings(
        public_url=payments.public_url.rstrip("/"),
        bank_details=tuple(config.money.bank_details) if payments.manual else None,
        stripe=_stripe(payments.stripe) if payments.stripe else None,
        alipay=_alipay(payments.alipay) if payments.alipay else None,
        wechat=_wechat(payments.wechat) if payments.wechat else None,
    )


def build_mail(table: MailTable | None) -> MailSettings | None:
    if table is None:
        return None
    return MailSettings(
        host=table.host,
        port=table.port,
        security=table.security,
        user=table.user,
        password=os.environ.get(table.password_env, "") if table.password_env else "",
        sender=table.sender,
    )


def _stripe(table: StripeTable) -> StripeSettings:
    return StripeSettings(
        secret_key=os.environ.get(table.secret_key_env, ""),
        webhook_secret=os.environ.get(table.webhook_secret_env, ""),
        base_url=table.base_url,
        currencies=frozenset(table.currencies),
        kind=table.kind,
    )


def _alipay(table: AlipayTable) -> AlipaySettings:
    return AlipaySettings(
        app_id=table.app_id,
        private_key=Path(table.private_key_file).read_text("utf-8"),
        alipay_public_key=Path(table.alipay_public_key_file).read_text("utf-8"),
        gateway=table.gateway,
        kind=table.kind,
    )


def _wechat(table: WeChatTable) -> WeChatSettings:
    return WeChatSettings(
        app_id=table.app_id,
        merchant_id=table.merchant_id,
        private_key=Path(table.private_key_file).read_text("utf-8"),
        certificate_serial=table.certificate_serial,
        api_key=os.environ.get(table.api_key_env, ""),
        public_key=Path(table.public_key_file).read_text("utf-8"),
        public_key_id=table.public_key_id,
        base_url=table.base_url,
    )
