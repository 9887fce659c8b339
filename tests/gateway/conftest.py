"""One service with a scripted upstream for the tests of a module."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from support.replies import Said, answer
from support.service import Service, catalogue, opencode
from support.upstream import Asked, Reply, Script, ScriptedUpstream


@dataclass
class House:
    """``script`` is what the upstream does next."""

    service: Service
    upstream: ScriptedUpstream
    script: Script
    number: int = 0
    sessions: list[str] = field(default_factory=list)

    def new_session(self) -> dict[str, str]:
        """Headers of a new conversation in OpenCode."""
        self.number += 1
        return {
            **opencode(f"ses_{self.number}"),
            "authorization": f"Bearer {self.service.key}",
        }

    def ask(
        self, headers: dict[str, str] | None = None, path: str = "", **body: Any
    ) -> httpx.Response:
        """A call as OpenCode makes it."""
        call = {"model": "glm-4.6", "messages": [{"role": "user", "content": "Hello"}], **body}
        with self.service.client() as http:
            return http.post(
                path or "/api/coding/paas/v4/chat/completions",
                headers=headers or self.new_session(),
                json=call,
            )


@pytest.fixture(scope="module")
def house_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    holder: list[House] = []

    def script(asked: Asked) -> Reply:
        return holder[0].script(asked)

    with (
        ScriptedUpstream(script) as upstream,
        Service(
            tmp_path_factory.mktemp("house"), catalogue(upstream.base_url, limit=100_000)
        ) as service,
    ):
        holder.append(House(service, upstream, _yes))
        yield holder[0]


def _yes(asked: Asked) -> Reply:
    return answer(asked, Said(text="Yes."))


@pytest.fixture
def house(house_of_module: House) -> House:
    house_of_module.script = _yes
    house_of_module.upstream.calls.clear()
    return house_of_module
