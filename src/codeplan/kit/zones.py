"""Names of time zones, as people and browsers give them."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones


def zone_exists(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def zone_or(name: str, otherwise: str) -> str:
    """The name, where there is such a zone."""
    return name if name and zone_exists(name) else otherwise


def zone_names() -> list[str]:
    """Those that people choose from: with a place in them, and UTC."""
    places = {name for name in available_timezones() if "/" in name}
    return ["UTC", *sorted(name for name in places if not name.startswith(("Etc/", "SystemV/")))]
