"""Which model is meant, and whom a plan admits."""

import pytest

from codeplan.plan.catalogue import Catalogue, Model

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
