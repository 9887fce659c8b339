"""What codeplan.toml may say of who gets in: signing up, and an OpenID Connect provider."""

from typing import Annotated, Literal

from pydantic import Field

from codeplan.config.table import Name, Table


class SignUpTable(Table):
    """``[sign_up]``. ``mode``: open to all, by an operator's invitation, or closed."""

    mode: Literal["open", "invitation", "closed"] = "invitation"


class OidcTable(Table):
    """``[oidc]``: a provider by which people sign in. ``client_secret_env``: of the environment
    variable with the secret. ``operators``: values of ``role_claim`` that make an operator.
    ``makes_accounts``: whether it makes one for whoever has none."""

    name: Name
    issuer: Annotated[str, Field(pattern=r"^https?://")]
    client_id: Name
    client_secret_env: Name
    scopes: list[Name] = ["openid", "email", "profile"]
    role_claim: str = ""
    operators: list[Name] = []
    makes_accounts: bool = True


class SharingTable(Table):
    """``[sharing]``: what makes one person's plan look like several people's. ``devices_at_once``
    in one slot of ten minutes, in ``slots`` of them within a day; or so many networks in a day.
    0 looks at none of it."""

    devices_at_once: Annotated[int, Field(ge=0, le=1000)] = 4
    slots: Annotated[int, Field(ge=1, le=144)] = 6
    networks_a_day: Annotated[int, Field(ge=0, le=1000)] = 12


class ConsoleTable(Table):
    """``[console]``. Links from the settings: to documents and to the community; "" for none.
    ``promised_tokens_per_second``: what operators hold the upstreams' speed against."""

    docs_url: str = ""
    community_url: str = ""
    promised_tokens_per_second: Annotated[float, Field(ge=0, le=100_000)] = 0.0
