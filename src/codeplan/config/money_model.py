"""What codeplan.toml may say of money: rules, the seller, mail and payment providers."""

from typing import Annotated, Literal

from pydantic import Field

from codeplan.config.table import Currency, Name, Table


class MoneyTable(Table):
    """``[money]``. ``order_minutes``, ``transfer_days``: how long an order waits for its payment.
    ``remind_days`` before a renewal; ``retry_days`` behind a period's end; ``grace_days``: how long
    a plan goes on unpaid. ``overage``: whether a key may go on with the balance where its plan is
    used up. ``paid_calls_at_once``: of an account that pays by the token. ``bank_details``: what
    stands on orders that are paid by transfer. ``seats_at_least``: an organisation's."""

    order_minutes: Annotated[int, Field(ge=1, le=1440)] = 30
    transfer_days: Annotated[int, Field(ge=1, le=90)] = 14
    remind_days: Annotated[int, Field(ge=0, le=30)] = 3
    retry_days: list[Annotated[int, Field(ge=0, le=30)]] = [0, 1, 2]
    grace_days: Annotated[int, Field(ge=0, le=30)] = 3
    overage: bool = True
    paid_calls_at_once: Annotated[int, Field(ge=1, le=100_000)] = 50
    seats_at_least: Annotated[int, Field(ge=1, le=1000)] = 2
    bank_details: list[str] = []


class SellerTable(Table):
    """``[seller]``: who stands on invoices. ``tax_percent`` is in the prices."""

    name: Name = "codeplan"
    address: list[str] = []
    tax_id: str = ""
    email: str = ""
    invoice_prefix: Annotated[str, Field(max_length=20)] = "INV-"
    tax_name: str = ""
    tax_percent: Annotated[float, Field(ge=0, lt=100)] = 0.0


class ReferralTable(Table):
    """``[referral]``: of what a friend's first plan brought in cash, the inviter's bonus; given
    ``after_hours``."""

    credit_percent: Annotated[float, Field(ge=0, le=100)] = 0.0
    after_hours: Annotated[int, Field(ge=0, le=2160)] = 24


class MailTable(Table):
    """``[mail]``: the SMTP server. ``security``: "starttls", "tls" or "none"."""

    host: Name
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_env: str = ""
    sender: Name


class StripeTable(Table):
    """``[payments.stripe]``: environment variables that hold the secrets. ``base_url``: another
    server of the same protocol, for tests. ``kind``: Stripe's own "page", or its form in a page of
    the operator's ("client")."""

    secret_key_env: Name
    webhook_secret_env: Name
    base_url: str = ""
    kind: Literal["page", "client"] = "page"
    currencies: list[Currency] = []


class AlipayTable(Table):
    """``[payments.alipay]``: files with PEM keys. ``kind``: "page" in a browser or "qr" to scan."""

    app_id: Name
    private_key_file: Name
    alipay_public_key_file: Name
    gateway: str = "https://openapi.alipay.com/gateway.do"
    kind: Literal["page", "qr"] = "page"


class WeChatTable(Table):
    """``[payments.wechat]``: the merchant's key and certificate number, and WeChat Pay's public key
    in PEM files. ``api_key_env``: of the APIv3 key."""

    app_id: Name
    merchant_id: Name
    private_key_file: Name
    certificate_serial: Name
    api_key_env: Name
    public_key_file: Name
    public_key_id: Name
    base_url: str = "https://api.mch.weixin.qq.com"


class PaymentsTable(Table):
    """``[payments]``. ``public_url``: where providers and people reach this service. ``manual``:
    whether orders may be paid by transfer, which an operator confirms."""

    public_url: str = "http://127.0.0.1:8787"
    manual: bool = True
    stripe: StripeTable | None = None
    alipay: AlipayTable | None = None
    wechat: WeChatTable | None = None
