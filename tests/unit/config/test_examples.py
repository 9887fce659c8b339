"""The example catalogues, and what their plans count: GLM Coding Plan's three generations."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from codeplan.config.build import build_catalogue
from codeplan.config.build_money import build_money
from codeplan.config.load import load
from codeplan.kit.instants import DAY
from codeplan.plan.catalogue import Catalogue
from codeplan.plan.promotions import Asked
from codeplan.plan.quote import quote
from codeplan.plan.rules import ONE
from codeplan.plan.tokens import cost, price_for
from codeplan.plan.weigh import call_cost, prompt_cost
from codeplan.protocol.usage import Usage

EXAMPLES = Path(__file__).parents[3] / "examples"
BEIJING = ZoneInfo("Asia/Shanghai")


def catalogue(name: str) -> Catalogue:
    return build_catalogue(load(EXAMPLES / f"{name}.toml"))


def beijing(day: int, hour: int, minute: int = 0) -> int:
    """An instant of that day of August 2026; the 3rd is a Monday."""
    return round(datetime(2026, 8, day, hour, minute, tzinfo=BEIJING).timestamp() * 1000)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_each_is_a_catalogue(path: Path) -> None:
    assert load(path).plans


def test_the_first_generation() -> None:
    plans = catalogue("prompts").plans
    assert [plans[name].windows[0].limit for name in ("lite", "pro", "max")] == [120, 600, 2400]
    assert prompt_cost(plans["lite"], "glm-4.6", beijing(3, 15)) == ONE


@pytest.mark.parametrize(
    ("model", "hour", "minute", "times"),
    [
        ("glm-5.1", 13, 59, 2.0),
        ("glm-5.1", 14, 0, 3.0),
        ("glm-5.1", 17, 59, 3.0),
        ("glm-5.1", 18, 0, 2.0),
        ("glm-5.3-flash", 15, 0, 1.2),
        ("glm-5.3-flash", 3, 0, 0.4),
    ],
)
def test_the_second_generation(model: str, hour: int, minute: int, times: float) -> None:
    lite = catalogue("prompts-weekly").plans["lite"]
    assert [(rule.name, rule.limit, rule.kind) for rule in lite.windows] == [
        ("5hour", 80, "sliding"), ("1week", 400, "cycle"),
    ]  # fmt: skip
    assert prompt_cost(lite, model, beijing(8, hour, minute)) == round(times * ONE)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (beijing(3, 14), 1 * 0.69 + 20 * 0.17 + 0.5 * 2.4),
        (beijing(3, 13, 59), (1 * 0.69 + 20 * 0.17 + 0.5 * 2.4) / 2),
        (beijing(8, 15), (1 * 0.69 + 20 * 0.17 + 0.5 * 2.4) / 2),
    ],
    ids=["peak", "before it", "a Saturday"],
)
def test_the_third_generation(at: int, expected: float) -> None:
    """As its page reckons: (6.9 input + 1.7 cached + 24 output) / 10,000."""
    lite = catalogue("credits").plans["lite"]
    assert [(rule.name, rule.limit) for rule in lite.windows] == [
        ("5hour:credit", 2000), ("1week:credit", 10000),
    ]  # fmt: skip
    usage = Usage(input=1000, cached=20_000, output=500)
    assert call_cost(lite, "credit", "glm-5.3", at, usage) == round(expected * ONE)


def test_a_business() -> None:
    sold = catalogue("business")
    at = round(datetime(2026, 12, 24, tzinfo=ZoneInfo("Europe/Berlin")).timestamp() * 1000)
    promotions = sold.promotions
    early = Asked("lite", "year", "first", at, ("EARLY",), had={"promotion/early": 99})
    assert quote(sold.plans["lite"], "EUR", early, promotions).due_minor == 42_00
    late = Asked("lite", "year", "first", at, ("EARLY",), had={"promotion/early": 100})
    assert quote(sold.plans["lite"], "EUR", late, promotions).due_minor == 60_00
    friend = Asked("pro", "month", "first", at, referred=True)
    assert quote(sold.plans["pro"], "USD", friend, promotions).due_minor == 31_50
    money = build_money(load(EXAMPLES / "business.toml"))
    assert money.seller.tax_in(60_00) == 9_58
    assert money.dunning.retries == (0, 2 * DAY, 4 * DAY)
    model = sold.model("glm-4.6")
    assert model is not None
    short = price_for(model.prices, "EUR", 32_000)
    long = price_for(model.prices, "EUR", 32_001)
    assert short is not None
    assert long is not None
    assert (short.input, long.input) == (50 * 10**6, 70 * 10**6)
    assert cost(short, Usage(input=1000, cached=1000, output=1000)) == 260_000
