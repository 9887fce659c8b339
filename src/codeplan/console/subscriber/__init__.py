"""What a subscriber sees: what is left and why, and everything that belongs to the account."""

from codeplan.console.page import Page
from codeplan.console.subscriber import (
    account,
    benefits,
    bills,
    buying,
    devices,
    keys,
    mcp_servers,
    overview,
    plans,
    receipt,
    security,
    set_up,
    team,
    usage,
    voice,
)


def pages() -> list[Page]:
    return [
        *overview.pages(),
        *usage.pages(),
        *receipt.pages(),
        *set_up.pages(),
        *keys.pages(),
        *plans.pages(),
        *buying.pages(),
        *bills.pages(),
        *team.pages(),
        *devices.pages(),
        *benefits.pages(),
        *voice.pages(),
        *mcp_servers.pages(),
        *account.pages(),
        *security.pages(),
    ]
