"""Which model is meant, and whom a plan admits."""

import pytest

from codeplan.plan.catalogue import Catalogue, Model, Plan

CATALOGUE = Catalogue(
    "v",
    {},
    (
        Model("glm-4.6", ("claude-opus-*", "claude-sonnet-*")),
        Model("glm-4.5-air", ("claude-haiku-*", "glm-4.6-small")),
    ),
)


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("glm-4.6", "glm-4.6"),
        ("GLM-4.6", "glm-4.6"),
        ("GLM-4.6[1m]", "glm-4.6"),
        ("claude-sonnet-4-5", "glm-4.6"),
        ("Claude-Haiku-4-5-20251001", "glm-4.5-air"),
        ("glm-4.6-small", "glm-4.5-air"),
        ("gpt-5", None),
        ("", None),
    ],
)
def test_names(asked: str, meant: str | None) -> None:
    assert CATALOGUE.model_named(asked) == meant
    assert CATALOGUE.model_named(asked) == meant


def test_whom_a_plan_admits() -> None:
    def plan(clients: frozenset[str] | None = None, any_client: bool = False) -> Plan:
        return Plan("p", "P", (), 20, 5, (), clients, any_client)

    assert plan().admits("opencode")
    assert not plan().admits(None)
    assert plan(any_client=True).admits(None)
    assert plan(frozenset({"cline"})).admits("cline")
    assert not plan(frozenset({"cline"})).admits("opencode")
