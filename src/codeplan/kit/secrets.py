"""Making and checking secrets. They are shown once and kept only as hashes."""

import hashlib
import hmac
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# No vowel and no "y": a key then never spells "api" or "key" (nor anything else), which some
# clients take for a placeholder.
_ALPHABET = "bcdfghjklmnpqrstvwxz0123456789"
_passwords = PasswordHasher()


def new_token(prefix: str) -> str:
    """The prefix and 40 random characters: 196 bits."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(40))


def new_password() -> str:
    """Four groups of five random characters, to be read off a screen and typed: 98 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


def digest(token: str) -> bytes:
    """SHA-256 of a random token. Enough for 196 random bits, which nobody can try out."""
    return hashlib.sha256(token.encode()).digest()


def hash_password(password: str) -> str:
    """An argon2id hash with its own salt, for what a person may have chosen."""
    return _passwords.hash(password)


def password_matches(hashed: str, password: str) -> bool:
    try:
        return _passwords.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def pick(alphabet: str, number: int) -> str:
    """So many letters of that alphabet, each chosen at random."""
    return "".join(secrets.choice(alphabet) for _ in range(number))


def same(one: str, other: str) -> bool:
    """Compared in a time that says nothing of where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())
