"""Every error names its file, its line and what was expected."""

from pathlib import Path
from typing import get_args

import pytest

from codeplan.config.build import build_catalogue, build_routes, build_upstreams
from codeplan.config.load import ConfigInvalid, advice, builtin_text, load, parse
from codeplan.protocol.openai_chat.dialects import DIALECTS
from codeplan.upstream.base import ANTHROPIC_DIALECTS, Dialect

GOOD = """
[[upstreams]]
name = "gpu"
protocol = "openai"
base_url = "http://127.0.0.1:8000/v1"

[[models]]
id = "glm-4.6"
routes = [{ upstream = "gpu", model = "zai-org/GLM-4.6" }]

[[plans]]
id = "lite"
name = "Lite"
windows = [{ unit = "prompt", per = "5h", limit = 120 }]
models = ["glm-4.6"]
"""


def complaints(text: str) -> list[str]:
    with pytest.raises(ConfigInvalid) as invalid:
        parse(text, "codeplan.toml")
    return [str(complaint) for complaint in invalid.value.complaints]


def test_the_builtin_catalogue() -> None:
    config = load(None)
    catalogue = build_catalogue(config)
    limits = {name: plan.windows[0].limit for name, plan in catalogue.plans.items()}
    assert limits == {"lite": 120, "pro": 600, "max": 2400}
    assert [window.name for window in catalogue.plans["lite"].windows] == ["5hour"]
    assert catalogue.model_named("claude-opus-4-1") == "glm-4.6"
    assert catalogue.model_named("claude-3-5-sonnet-20241022") == "glm-4.6"
    assert catalogue.model_named("claude-3-5-haiku-20241022") == "glm-4.5-air"
    assert [item.protocol for item in build_upstreams(config)] == ["embedded"]
    assert build_routes(config)["glm-4.6"][0].upstream == "embedded"
    assert parse(builtin_text(), "again") == config


def test_a_good_file() -> None:
    config = parse(GOOD, "codeplan.toml")
    assert build_routes(config)["glm-4.6"][0].model == "zai-org/GLM-4.6"
    assert build_catalogue(config).version == build_catalogue(parse(GOOD, "x")).version


def test_an_anthropic_address_with_and_without_its_version() -> None:
    for address in ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1"):
        text = GOOD.replace('"openai"', '"anthropic"').replace("http://127.0.0.1:8000/v1", address)
        assert build_upstreams(parse(text, "x"))[0].base_url == "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ('limit = 120', 'limit = "many"', 14, "windows[0].limit: expected a valid integer"),
        ('limit = 120', 'limit = 0', 14, "greater than or equal to 1"),
        ('per = "5h"', 'per = "5 hours"', 14, "such as 5h, 1d, 1w or 1mo"),
        ('name = "Lite"', 'nmae = "Lite"', 13, "plans[0].nmae: is not a key that is known here"),
        ('protocol = "openai"', 'protocol = "http"', 4, "'openai', 'anthropic' or 'embedded'"),
        ('models = ["glm-4.6"]', 'models = ["glm-9"]', 15, "expected one of ['glm-4.6']"),
        ('upstream = "gpu"', 'upstream = "cpu"', 9, "expected one of ['gpu']"),
        ('base_url = "http://127.0.0.1:8000/v1"', "", 2, "base_url: is missing"),
        ('"http://127.0.0.1:8000/v1"', '"ftp://x"', 5, "begins with http:// or https://"),
        ('id = "lite"', 'id = "Lite!"', 12, "plans[0].id"),
        ('[[plans]]', '[[plan]]', 11, "plan: is not a key"),
        ('name = "gpu"', 'name = "gpu', 3, "Illegal character"),
        ('models = ["glm-4.6"]', 'models = ["glm-4.6"]\nclients = ["vim"]', 16, "expected one of"),
        ('protocol = "openai"', 'protocol = "openai"\napi_key_env = "NO_KEY"', 5, "hold NO_KEY"),
        ('protocol = "openai"', 'protocol = "openai"\ndialect = "adaptive"', 5, "an Anthropic up"),
        ('model = "', 'dialect = "adaptive", model = "', 9, "only an Anthropic upstream"),
    ],
)  # fmt: skip
def test_errors(old: str, new: str, line: int, says: str) -> None:
    assert old in GOOD
    found = complaints(GOOD.replace(old, new))
    assert any(item.startswith(f"codeplan.toml:{line}: ") and says in item for item in found), found


def test_a_dialect_is_the_upstreams_the_models_or_the_routes() -> None:
    two = (
        GOOD
        + """
[[models]]
id = "o"
dialect = "openai-reasoning"
routes = [
  { upstream = "gpu", model = "o-1" },
  { upstream = "gpu", model = "o-2", dialect = "vllm" },
]
"""
    )
    (upstream,) = build_upstreams(
        parse(two.replace('"openai"', '"openai"\ndialect = "openai"'), "x")
    )
    names = ("glm", "o-1", "o-2")
    assert [upstream.dialect_of(name) for name in names] == ["openai", "openai-reasoning", "vllm"]
    twice = two.replace("o-2", "o-1")
    assert any("o-1 has another dialect there" in complaint for complaint in complaints(twice))


def test_every_dialect_is_one_of_a_protocol() -> None:
    assert set(get_args(Dialect)) == set(DIALECTS) | ANTHROPIC_DIALECTS


def test_all_errors_at_once() -> None:
    found = complaints(GOOD.replace("limit = 120", "limit = -1").replace('"openai"', '"x"'))
    assert len(found) == 2


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="No such file"):
        load(tmp_path / "codeplan.toml")


def test_doubles() -> None:
    double = GOOD + '\n[[models]]\nid = "GLM-4.6"\nroutes = [{ upstream = "gpu", model = "x" }]\n'
    assert "is already taken" in complaints(double)[0]


@pytest.mark.parametrize(
    ("clients", "instead"),
    [
        ('"supported"', 'admit = "known"'),
        ('"any"', 'admit = "any"'),
        ('["cline", "pi"]', 'admit = ["cline", "pi"]'),
    ],
)
def test_what_admit_was_called_before_goes_on_and_is_noted(
    clients: str, instead: str, tmp_path: Path
) -> None:
    path = tmp_path / "codeplan.toml"
    path.write_text(GOOD.replace('name = "Lite"', f'name = "Lite"\nclients = {clients}'))
    (note,) = advice(path)
    assert instead in note.what
    assert note.line == 14
    admission = build_catalogue(load(path)).plans["lite"].admission
    assert admission.admits("pi", known=True, shaped=False)
    assert admission.admits("agent", known=False, shaped=True) == (clients == '"any"')
    path.write_text(GOOD)
    assert advice(path) == []


def test_both_names_at_once_are_an_error() -> None:
    both = GOOD.replace('name = "Lite"', 'name = "Lite"\nclients = "any"\nadmit = "known"')
    assert "admit and clients say the same" in complaints(both)[0]
