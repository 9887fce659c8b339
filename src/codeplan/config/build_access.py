"""From the file's tables to values: who gets in, what looks shared, what tokens cost the
operator, and a draft of the whole."""

import os
from collections.abc import Mapping

from codeplan.accounts.sign_up import SignUpSettings
from codeplan.config.build import build_catalogue
from codeplan.config.build_money import prices_of
from codeplan.config.load import ConfigInvalid, parse
from codeplan.config.model import ConfigFile
from codeplan.console.services import ConsoleSettings
from codeplan.identity import OidcSettings
from codeplan.metering.usage import MCP
from codeplan.plan.sharing import SharingRules
from codeplan.plan.tokens import TokenPrice
from codeplan.subscriptions.simulator import Draft, DraftInvalid
from codeplan.vision.jobs import SERVER


def build_sign_up(config: ConfigFile) -> SignUpSettings:
    return SignUpSettings(
        config.sign_up.mode, config.mail is not None, config.payments.public_url.rstrip("/")
    )


def build_oidc(config: ConfigFile) -> OidcSettings | None:
    """With its secret; `check` has seen that it is there."""
    table = config.oidc
    if table is None:
        return None
    return OidcSettings(
        name=table.name,
        issuer=table.issuer,
        client_id=table.client_id,
        client_secret=os.environ[table.client_secret_env],
        scopes=tuple(table.scopes),
        role_claim=table.role_claim,
        operators=tuple(table.operators),
    )


def makes_accounts(config: ConfigFile) -> bool:
    """Whether somebody who is not known may have an account made by the provider's word."""
    return config.oidc is not None and config.oidc.makes_accounts


def build_console(config: ConfigFile) -> ConsoleSettings:
    return ConsoleSettings(
        zone=config.service.time_zone,
        public_url=config.payments.public_url.rstrip("/"),
        mails=config.mail is not None,
        docs_url=config.console.docs_url,
        community_url=config.console.community_url,
        promised_speed=config.console.promised_tokens_per_second,
        overage=config.money.overage,
        behind_proxy=config.service.behind_proxy,
    )


def build_sharing(config: ConfigFile) -> SharingRules:
    table = config.sharing
    return SharingRules(table.devices_at_once, table.slots, table.networks_a_day)


def build_costs(config: ConfigFile) -> Mapping[str, tuple[TokenPrice, ...]]:
    """By model; what the vision server's model is asked stands under the server's name."""
    costs = {model.id: prices_of(model.costs) for model in config.models}
    if config.vision.model:
        costs[f"{MCP}{SERVER}"] = costs[config.vision.model]
    return costs


def read_draft(text: str) -> Draft:
    """The catalogue in the text of a codeplan.toml. Raises DraftInvalid."""
    try:
        config = parse(text, "draft")
    except ConfigInvalid as invalid:
        raise DraftInvalid(str(invalid)) from None
    return Draft(build_catalogue(config), build_costs(config))
