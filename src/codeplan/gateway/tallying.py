"""What of a call is counted for operators: that an upstream was asked, whether it failed, how
long its first content took, how fast it streamed; and refusals, by their code."""

from codeplan.gateway.settlement import Settlement
from codeplan.metering.tallies import Tallies


def count_try(tallies: Tallies, upstream: str, failed: bool) -> None:
    tallies.count(f"upstream/{upstream}/calls")
    if failed:
        tallies.count(f"upstream/{upstream}/failed")


def count_speed(tallies: Tallies, settlement: Settlement, streamed: bool) -> None:
    """Of an answer that has ended."""
    first, name = settlement.first_content_at, f"upstream/{settlement.upstream}"
    if first is None:
        return
    tallies.count(f"{name}/waits")
    tallies.count(f"{name}/waited_ms", max(0, first - settlement.began_at))
    if streamed and settlement.output_tokens and settlement.ended_at > first:
        tallies.count(f"{name}/tokens", settlement.output_tokens)
        tallies.count(f"{name}/stream_ms", settlement.ended_at - first)


def count_refusal(tallies: Tallies, code: str, status: int) -> None:
    tallies.count(f"refused/{code or status}")
