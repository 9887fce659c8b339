"""Client keys: how they come in a call, and how they are made."""

from collections.abc import Mapping

PREFIX = "cp-"


def key_in(headers: Mapping[bytes, bytes]) -> str | None:
    """The key of a call, from every form a tool may use: ``Authorization: Bearer``, a bare
    ``Authorization``, or ``x-api-key``. None where there is none. Header names are lower-case.

    One function for all of them, so that no form can skip a check that another has.
    """
    value = headers.get(b"authorization", b"").strip()
    if value[:7].lower() == b"bearer ":
        value = value[7:].strip()
    value = value or headers.get(b"x-api-key", b"").strip()
    return value.decode("latin-1") or None
