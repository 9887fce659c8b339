"""Under which names the servers answer, so that no page in a browser reaches them by a name of
its own that leads here (DNS rebinding). Knows no request, only the two headers."""

import ipaddress
from urllib.parse import urlsplit


class Hosts:
    """``public_url``: where people reach the service. Names are looked at where that is a name;
    an address, and this machine's own name, are nobody's to lead elsewhere."""

    def __init__(self, public_url: str) -> None:
        name = urlsplit(public_url).hostname or ""
        self._name = "" if _is_nobodys(name) else name

    def refusal(self, host: str, origin: str) -> tuple[int, str] | None:
        """The status and what to say; ``origin`` is "" for who is no browser."""
        if not self._knows(f"//{host}"):
            return 421, f"This service is not {host!r}; its operator calls it {self._name!r}."
        if origin and not self._knows(origin):
            return 403, f"Pages of {origin!r} may not call this service."
        return None

    def _knows(self, url: str) -> bool:
        if not self._name:
            return True
        try:
            name = urlsplit(url).hostname or ""
        except ValueError:
            return False
        return name == self._name or _is_nobodys(name)


def _is_nobodys(name: str) -> bool:
    """An address, or this machine's own name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost"
    return True
