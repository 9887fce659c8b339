"""Getting in: signing in and up, the second factor, passkeys, a provider elsewhere, a lost
password."""

from codeplan.console.entrance import (
    choices,
    elsewhere,
    lost_password,
    passkey_sign_in,
    signing_in,
    signing_up,
)
from codeplan.console.page import Page


def pages() -> list[Page]:
    return [
        *signing_in.pages(),
        *signing_up.pages(),
        *lost_password.pages(),
        *passkey_sign_in.pages(),
        *elsewhere.pages(),
        *choices.pages(),
    ]
