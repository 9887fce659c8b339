"""The providers that are set up, opened. An SDK is imported only where it is wanted."""

from dataclasses import dataclass

from codeplan.payments.base import Provider
from codeplan.payments.manual import Manual


@dataclass(frozen=True, slots=True)
class StripeSettings:
    secret_key: str
    webhook_secret: str
    base_url: str = ""
    currencies: frozenset[str] = frozenset()
    kind: str = "page"


@dataclass(frozen=True, slots=True)
class AlipaySettings:
    """Keys as PEM texts."""

    app_id: str
    private_key: str
    alipay_public_key: str
    gateway: str
    kind: str = "page"


@dataclass(frozen=True, slots=True)
class WeChatSettings:
    """Keys as PEM texts. ``api_key``: the APIv3 key."""

    app_id: str
    merchant_id: str
    private_key: str
    certificate_serial: str
    api_key: str
    public_key: str
    public_key_id: str
    base_url: str


@dataclass(frozen=True, slots=True)
class PaySettings:
    """``public_url``: where providers reach this service. ``bank_details``: for transfers; None
    where orders cannot be paid so."""

    public_url: str = ""
    bank_details: tuple[str, ...] | None = ()
    stripe: StripeSettings | None = None
    alipay: AlipaySettings | None = None
    wechat: WeChatSettings | None = None


async def open_providers(settings: PaySettings) -> dict[str, Provider]:
    """By name. Raises ValueError for an empty secret."""
    opened: list[Provider] = []
    if settings.bank_details is not None:
        opened.append(Manual(settings.bank_details))
    if (card := settings.stripe) is not None:
        from codeplan.payments.stripe import Stripe

        opened.append(
            Stripe(card.secret_key, card.webhook_secret, card.base_url, card.currencies, card.kind)
        )
    if (ali := settings.alipay) is not None:
        from codeplan.payments.alipay import Alipay

        opened.append(
            Alipay(ali.app_id, ali.private_key, ali.alipay_public_key, ali.gateway, ali.kind)
        )
    if (we := settings.wechat) is not None:
        from codeplan.payments.wechat import WeChat

        chat = WeChat(
            we.app_id, we.merchant_id, we.private_key, we.certificate_serial, we.api_key,
            we.public_key, we.public_key_id, we.base_url,
        )  # fmt: skip
        opened.append(await chat.open())
    return {provider.name: provider for provider in opened}
