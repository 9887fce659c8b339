"""What a failure says of a route: whether it is away, and when to come again in the upstream's own
words."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from codeplan.routing.rests import Failure
from codeplan.upstream.base import UpstreamFailed

# A limit. 529: Anthropic's "overloaded".
LIMITED = 429
BUSY = frozenset({429, 503, 529})
_EPOCH = 1_000_000_000
_SPAN = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)(ms|s)?)?", re.ASCII)
_PROSE = re.compile(
    r"(?:try again|retry) (?:in|after) ((?:\d+h)?(?:\d+m(?!s))?(?:\d+(?:\.\d+)?m?s)?)"
)
_RESETS = re.compile(r"(?:x-|anthropic-)?ratelimit-(?:(.+)-)?reset(?:-(.+))?", re.ASCII)


def broke(failed: UpstreamFailed) -> Failure:
    """Nobody there, silent, or broken off in the middle of its answer."""
    away = failed.silent or not failed.began
    return Failure(str(failed), away=away, inside=not away)


def of_status(
    status: int, message: str, now: int, headers: Mapping[bytes, bytes] | None = None
) -> Failure:
    """An error that it answered. ``now``: epoch milliseconds, against which instants are read."""
    own = own_seconds(status, headers or {}, message, now) if status in BUSY else None
    away = status == LIMITED or own is not None
    return Failure(f"{status}: {message}", away=away, own_seconds=own)


def inside(status: int, message: str, now: int) -> Failure:
    """An error that it told inside of an answer."""
    own = own_seconds(status, {}, message, now) if status == LIMITED else None
    return Failure(message, away=status == LIMITED, inside=True, own_seconds=own)


def own_seconds(
    status: int, headers: Mapping[bytes, bytes], message: str, now: int
) -> float | None:
    """When to come again. Sources: RFC 9110, 10.2.3 (seconds, or a date); ``retry-after-ms`` as
    the SDKs of OpenAI and Anthropic read it; of a limit, the headers that say when it is reset, and
    "try again in 6m0s" in its text."""
    texts = {
        name.decode("latin-1"): value.decode("latin-1").strip() for name, value in headers.items()
    }
    milliseconds = _number(texts.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    after = _until(texts.get("retry-after", ""), now)
    if after is not None or status != LIMITED:
        return after
    resets = list(_resets(texts, now))
    used_up = [seconds for seconds, left in resets if left == 0]
    if used_up:
        return max(used_up)
    if resets:
        return min(seconds for seconds, _ in resets)
    prose = _PROSE.search(message.lower())
    return _span(prose[1]) if prose else None


def _resets(texts: Mapping[str, str], now: int) -> Iterator[tuple[float, float | None]]:
    """When each limit that is told is reset, and what is left of it."""
    for name, value in texts.items():
        match = _RESETS.fullmatch(name)
        seconds = _until(value, now) if match else None
        if seconds is not None:
            yield seconds, _number(texts.get(name.replace("reset", "remaining"), ""))


def _until(text: str, now: int) -> float | None:
    """Seconds until what a header says: seconds, a span (6m0s), an epoch, or a date."""
    number = _number(text)
    if number is not None:
        if number >= _EPOCH * 1000:
            return max(0.0, (number - now) / 1000)
        return max(0.0, number - now / 1000) if number >= _EPOCH else number
    return _span(text) if text[:1].isdigit() and "T" not in text else _instant(text, now)


def _instant(text: str, now: int) -> float | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            instant = read(text)
        except ValueError:
            continue
        at = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
        return max(0.0, at.timestamp() - now / 1000)
    return None


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,15}(\.\d+)?", text, re.ASCII) else None


def _span(text: str) -> float | None:
    match = _SPAN.fullmatch(text)
    if match is None or not text:
        return None
    hours, minutes, number, unit = match.groups()
    rest = float(number or 0) / (1000 if unit == "ms" else 1)
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + rest
