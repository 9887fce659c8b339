"""Ctrl-C while a stream runs: the service ends, nothing is held, and nothing is charged for what
was cut by us."""

import threading
from pathlib import Path

import httpx

from support.replies import SSE, Said, openai_pieces
from support.service import Service, catalogue, opencode
from support.upstream import Pause, Reply, ScriptedUpstream


def test_stop_while_a_stream_runs(tmp_path: Path) -> None:
    pause = Pause()
    pieces = openai_pieces(Said(text="Hello there"))
    with ScriptedUpstream(
        lambda _: Reply(pieces=[*pieces[:2], pause, *pieces[2:]], content_type=SSE)
    ) as upstream:
        service = Service(tmp_path, catalogue(upstream.base_url))
        service.start()
        begun, seen = threading.Event(), []

        def call() -> None:
            try:
                with (
                    service.client() as http,
                    http.stream(
                        "POST",
                        "/api/coding/paas/v4/chat/completions",
                        headers={
                            **opencode("ses_1"),
                            "authorization": f"Bearer {service.key}",
                        },
                        json={
                            "model": "glm-4.6",
                            "messages": [{"role": "user", "content": "x"}],
                            "stream": True,
                        },
                    ) as answered,
                ):
                    for line in answered.iter_lines():
                        seen.append(line)
                        begun.set()
            except httpx.HTTPError as error:
                seen.append(type(error).__name__)

        thread = threading.Thread(target=call)
        thread.start()
        assert begun.wait(20)
        assert service.stop() == 0
        thread.join(20)
        pause.open()
        assert "data: [DONE]" not in seen
        # The caller can tell that the answer is not whole.
        assert seen[-1] == "RemoteProtocolError"
        assert service.rows("SELECT state, outcome FROM calls") == [("released", "failed")]
        with service:
            window = service.window()
            assert (window["used"], window["reserved"]) == (0, 0)
            assert "Traceback" not in service.log
