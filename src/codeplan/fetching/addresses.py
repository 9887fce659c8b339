"""Which addresses may be connected to: those of the open Internet. Whatever is private, local,
shared, reserved, or only another writing of such an address, may not (RFC 6890 and its
registries)."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# Beside what `is_global` says: IPv4 inside of IPv6, and what clouds keep their secrets at.
_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
_METADATA = frozenset(
    map(ip_address, ("169.254.169.254", "100.100.100.200", "fd00:ec2::254", "192.0.0.192"))
)


def may_connect(address: str) -> bool:
    """``address``: as the resolver gives it: an IPv4 or IPv6 address, without a zone."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return _is_open(found) and "%" not in address


def _is_open(address: IPv4Address | IPv6Address) -> bool:
    if address in _METADATA or address.is_multicast or not address.is_global:
        return False
    if isinstance(address, IPv4Address):
        return True
    if address.is_site_local:
        return False
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address.teredo is not None:
        inner = address.teredo[1]
    if inner is None and any(address in network for network in _NAT64):
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return inner is None or _is_open(inner)
