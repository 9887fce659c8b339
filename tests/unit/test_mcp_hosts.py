"""Under which names the MCP servers answer."""

import pytest

from codeplan.mcp.hosts import Hosts

NAMED = Hosts("https://plans.example.org/")


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("plans.example.org", "", None),
        ("plans.example.org:443", "https://plans.example.org", None),
        ("PLANS.example.org", "", None),
        ("127.0.0.1:8787", "http://localhost:6274", None),
        ("[::1]:8787", "", None),
        ("10.0.0.7:8787", "", None),
        ("evil.example.com", "", 421),
        ("localhost.evil.example.com", "", 421),
        ("plans.example.org.evil.example.com", "", 421),
        ("plans.example.org", "https://evil.example.com", 403),
        ("plans.example.org", "null", 403),
        ("plans.example.org", "http://[", 403),
        ("", "", 421),
    ],
)
def test_names(host: str, origin: str, status: int | None) -> None:
    refused = NAMED.refusal(host, origin)
    assert (refused and refused[0]) == status


@pytest.mark.parametrize("reached", ["http://127.0.0.1:8787", "http://localhost", ""])
def test_a_service_without_a_name_looks_at_none(reached: str) -> None:
    assert Hosts(reached).refusal("box.lan:8787", "http://box.lan:8787") is None
