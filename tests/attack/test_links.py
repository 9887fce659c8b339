"""Links in a call's content, which an upstream would fetch from inside its operator's network."""

from collections.abc import Iterator

import pytest

from attack.wire import key_headers
from support.replies import Said, answer
from support.service import Service, catalogue
from support.upstream import ScriptedUpstream

INSIDE, PUBLIC = "http://169.254.169.254/x.png", "https://example.org/a.png"
CHAT, MESSAGES = "/api/coding/paas/v4/chat/completions", "/api/anthropic/v1/messages"


@pytest.fixture(scope="module")
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream(lambda asked: answer(asked, Said(text="Yes."))) as scripted:
        yield scripted


@pytest.fixture(scope="module")
def service(
    upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("links")
    with Service(folder, catalogue(upstream.base_url, clients="any")) as running:
        yield running


def content(path: str, link: str) -> list[object]:
    text = {"type": "text", "text": "What is it?"}
    if path == CHAT:
        return [text, {"type": "image_url", "image_url": {"url": link}}]
    return [text, {"type": "image", "source": {"type": "url", "url": link}}]


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_a_link_inside_is_refused_and_a_public_one_passes(
    service: Service, upstream: ScriptedUpstream, path: str
) -> None:
    def ask(link: str) -> int:
        message = {"role": "user", "content": content(path, link)}
        call = {"model": "glm-4.6", "max_tokens": 9, "messages": [message]}
        with service.client() as http:
            return http.post(
                path, json=call, headers=key_headers(service.key, path + link)
            ).status_code

    used, asked = service.window()["used"], len(upstream.calls)
    assert ask(INSIDE) == 400
    assert (service.window()["used"], len(upstream.calls)) == (used, asked)
    assert ask(PUBLIC) == 200
    assert (service.window()["used"], len(upstream.calls)) == (used + 1, asked + 1)
