"""The door to an OpenID Connect provider (Core 1.0, code flow with PKCE): where a person is sent,
and what the provider then says of who it is. It decides nothing."""

from dataclasses import dataclass, field
from typing import Any

import httpx

_TIMEOUT_SECONDS = 15.0
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]


class IdentityFailed(Exception):
    """The provider could not be reached, or what it said does not fit."""


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """``issuer``: as the provider's discovery document has it. ``operators``: values of the claim
    ``role_claim`` that make an operator; none for nobody."""

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    role_claim: str = ""
    operators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """What the provider vouches for. ``email``: "" where it was not verified."""

    issuer: str
    subject: str
    email: str
    claims: dict[str, Any]


class OidcProvider:
    def __init__(self, settings: OidcSettings) -> None:
        self.settings = settings
        self._document: dict[str, Any] = {}

    async def address(self, return_url: str, state: str, nonce: str, verifier: str) -> str:
        """Where the person's browser is sent. Raises IdentityFailed."""
        document = await self._discovered()
        async with self._client(return_url) as client:
            made, _ = client.create_authorization_url(
                document["authorization_endpoint"],
                state=state,
                nonce=nonce,
                code_verifier=verifier,
            )
        return str(made)

    async def identity(self, code: str, return_url: str, nonce: str, verifier: str) -> Identity:
        """Who came back with that code. Raises IdentityFailed."""
        # The libraries are loaded when somebody signs in so, not at the start.
        from authlib.common.errors import AuthlibBaseError
        from joserfc.errors import JoseError

        document = await self._discovered()
        try:
            async with self._client(return_url) as client:
                token = await client.fetch_token(
                    document["token_endpoint"], code=code, code_verifier=verifier
                )
            async with httpx.AsyncClient(timeout=_TIMEOUT_SECONDS) as plain:
                keys = (await plain.get(document["jwks_uri"])).raise_for_status().json()
            claims = self._checked(str(token["id_token"]), keys, nonce)
        except (httpx.HTTPError, AuthlibBaseError, JoseError, KeyError, ValueError) as problem:
            raise IdentityFailed(f"{self.settings.name}: {problem}") from problem
        email = str(claims.get("email", "")) if claims.get("email_verified") is True else ""
        return Identity(self.settings.issuer, str(claims["sub"]), email, claims)

    def _checked(self, token: str, keys: Any, nonce: str) -> dict[str, Any]:
        """The ID token's claims: signed by the issuer, for us, for this attempt, still good."""
        from joserfc import jwt
        from joserfc.jwk import KeySet

        read = jwt.decode(token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS)
        registry = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": self.settings.issuer},
            aud={"essential": True, "value": self.settings.client_id},
            nonce={"essential": True, "value": nonce},
            exp={"essential": True},
            sub={"essential": True},
        )
        registry.validate(read.claims)
        return dict(read.claims)

    async def _discovered(self) -> dict[str, Any]:
        if not self._document:
            address = f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
            try:
                async with httpx.AsyncClient(timeout=_TIMEOUT_SECONDS) as client:
                    answer = await client.get(address)
                document = answer.raise_for_status().json()
            except (httpx.HTTPError, ValueError) as problem:
                raise IdentityFailed(f"{self.settings.name}: {problem}") from problem
            if document.get("issuer") != self.settings.issuer:
                raise IdentityFailed(f"{self.settings.name}: it says it is another issuer")
            self._document = document
        return self._document

    def _client(self, return_url: str) -> Any:
        """Authlib's client, with PKCE."""
        from authlib.integrations.httpx_client import AsyncOAuth2Client

        return AsyncOAuth2Client(
            self.settings.client_id,
            self.settings.client_secret,
            scope=" ".join(self.settings.scopes),
            redirect_uri=return_url,
            code_challenge_method="S256",
            timeout=_TIMEOUT_SECONDS,
        )
