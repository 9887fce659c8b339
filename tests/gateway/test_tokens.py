"""Tokens are counted once whatever the upstream's protocol: OpenAI counts cached tokens inside its
input, Anthropic beside it. What the service charges is what the upstream reported, in all."""

from pathlib import Path

import pytest

from gateway.test_turns import user
from gateway.test_units import WINDOW, ask, used
from support.replies import Said, answer
from support.service import Service, catalogue
from support.upstream import Asked, Reply, ScriptedUpstream

RATES = "rates = [{ credits = { input = 1000, cached = 100, cache_write = 2000, output = 5000 } }]"
WINDOWS = """windows = [
  { unit = "credit", per = "5h", limit = 1000 }, { unit = "token", per = "1d", limit = 1000000 }]"""


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
def test_cached_tokens_are_priced_once(protocol: str, tmp_path: Path) -> None:
    said = Said(text="Yes.", input=1000, cached=4000, output=100)
    with ScriptedUpstream(lambda asked: answer(asked, said)) as upstream:
        text = catalogue(upstream.base_url, protocol).replace(WINDOW, f"{WINDOWS}\n{RATES}")
        with Service(tmp_path, text) as service:
            assert ask(service, "s", [user("Hello")]).status_code == 200
            # 1,000 at 1,000, 4,000 at 100 and 100 at 5,000 credits a million: 1.9.
            assert used(service) == [("credit", 1.9, 998.1), ("token", 5100, 994_900)]


def test_all_that_the_upstream_reported_is_charged_and_nothing_else(tmp_path: Path) -> None:
    reported: list[int] = []

    def script(asked: Asked) -> Reply:
        number = len(reported) + 1
        said = Said(text="Yes.", input=100 + number, cached=number, output=10 * number)
        reported.append(said.input + said.cached + said.output)
        return answer(asked, said)

    with ScriptedUpstream(script) as upstream:
        text = catalogue(upstream.base_url).replace(WINDOW, f"{WINDOWS}\n{RATES}")
        with Service(tmp_path, text) as service:
            for number in range(12):
                assert ask(service, f"s{number}", [user("Hello")]).status_code == 200
            assert used(service)[1][1] == sum(reported)
            (calls,) = service.rows("SELECT count(*), sum(input + cached + output) FROM calls")
            assert calls == (12, sum(reported))
