"""An upstream that is silent for longer than the proxy in front of codeplan waits: the tools get
their answer; and where it fails in the end on every route, they stop, show it and pay nothing."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support import tools
from support.nginx import Nginx
from support.replies import Said, answer
from support.routes import At, with_routes
from support.service import Service
from support.upstream import Asked, Cut, Pause, Reply, Script, ScriptedUpstream

QUESTION = "In one sentence, what does def add(a,b): return a+b do?"
ANSWER = "It adds two numbers."
MODELS = ("glm-4.6", "glm-4.5-air")

Tool = Callable[[str, str, Path], tools.Ran]
RUNS: dict[str, Tool] = {
    "claude-code": lambda url, key, folder: tools.claude_code(
        url, key, QUESTION, folder, variables=tools.MAPPED
    ),
    "codex": lambda url, key, folder: tools.codex(url, key, QUESTION, folder),
    "opencode": lambda url, key, folder: tools.opencode(url, key, QUESTION, folder),
}
# What nginx waits for a silent server; its default is 60.
PROXY_SECONDS = 4
SILENT_SECONDS = 9
SETTINGS = "sign_of_life_seconds = 1"


@pytest.fixture(scope="session", autouse=True)
def _installed() -> None:
    tools.install()


def silence(seconds: float) -> Pause:
    """A silence of this length: its length is what these tests are about."""
    pause = Pause()
    threading.Timer(seconds, pause.open).start()
    return pause


@dataclass
class House:
    """Two upstreams, codeplan, and nginx before it."""

    first: ScriptedUpstream
    second: ScriptedUpstream
    service: Service
    nginx: Nginx

    def run(self, tool: str, first: Script, second: Script, folder: Path) -> tools.Ran:
        """A tool by a key of an account of its own."""
        self.first.script, self.second.script = first, second
        self.first.calls.clear()
        self.second.calls.clear()
        self.key = self.service.new_key(f"{folder.name}@example.org")
        return RUNS[tool](self.nginx.url, self.key, folder)

    def calls(self) -> list[tuple[str, str]]:
        """Those of the tool that ran last: how each stands, and what it was taken for."""
        newest = "SELECT account_id FROM calls ORDER BY started_at DESC LIMIT 1"
        return self.service.rows(f"SELECT state, why FROM calls WHERE account_id = ({newest})")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("silent")

    def unset(_: Asked) -> Reply:
        return Reply(status=500)

    with ScriptedUpstream(unset) as first, ScriptedUpstream(unset) as second:
        upstreams = {"first": At(first.base_url), "second": At(second.base_url)}
        config = with_routes(upstreams, dict.fromkeys(MODELS, ("first", "second")), SETTINGS)
        with (
            Service(folder, config) as service,
            Nginx(folder / "nginx", service.url, f"proxy_read_timeout {PROXY_SECONDS}s;") as nginx,
        ):
            yield House(first, second, service, nginx)


@pytest.mark.parametrize("tool", RUNS)
def test_a_silent_upstreams_answer_comes_through_a_proxy(
    tool: str, house: House, tmp_path: Path
) -> None:
    def slow(asked: Asked) -> Reply:
        said = answer(asked, Said(text=ANSWER))
        return Reply(
            pieces=said.pieces, content_type=said.content_type, waits=silence(SILENT_SECONDS)
        )

    ran = house.run(tool, slow, slow, tmp_path)
    assert ran.status == 0, ran.seen
    assert ANSWER in ran.seen
    assert ran.seconds > SILENT_SECONDS
    window = house.service.window(house.key)
    assert (window["used"], window["reserved"]) == (1, 0)
    assert not house.nginx.errors


@pytest.mark.parametrize("tool", RUNS)
def test_a_failure_on_every_route_behind_a_sign_of_life_is_shown_and_free(
    tool: str, house: House, tmp_path: Path
) -> None:
    """Both routes are silent for longer than codeplan is, then fail, each in its way."""

    def breaks_off(asked: Asked) -> Reply:
        return Reply(pieces=[silence(2), Cut()], content_type="text/event-stream")

    def errs(asked: Asked) -> Reply:
        return Reply(status=500, body=b'{"error": {"message": "broken"}}', waits=silence(2))

    ran = house.run(tool, breaks_off, errs, tmp_path)
    assert ran.status != 0
    assert "No model answered after a long wait. Nothing was charged." in ran.seen, ran.seen
    calls = house.calls()
    # One beside it is its title's.
    assert len(calls) <= 3, calls
    assert {state for state, _ in calls} == {"released"}
    window = house.service.window(house.key)
    assert (window["used"], window["reserved"]) == (0, 0)
    assert not house.nginx.errors
