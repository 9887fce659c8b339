"""A session keeps to one server while it is healthy, and only its own sessions move when it is
not."""

from pathlib import Path

from support.replies import Said, answer
from support.service import Service, catalogue, opencode
from support.upstream import ScriptedUpstream


def ask(service: Service, session: str) -> int:
    with service.client() as http:
        return http.post(
            "/api/coding/paas/v4/chat/completions",
            headers={**opencode(session), "authorization": f"Bearer {service.key}"},
            json={"model": "glm-4.6", "messages": [{"role": "user", "content": "x"}]},
        ).status_code


def served(upstreams: list[ScriptedUpstream], service: Service, sessions: list[str]) -> list[int]:
    """Which server answered each session."""
    found = []
    for session in sessions:
        before = [len(upstream.calls) for upstream in upstreams]
        assert ask(service, session) == 200
        after = [len(upstream.calls) for upstream in upstreams]
        (place,) = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if b > a]
        found.append(place)
    return found


def test_sessions_keep_to_their_server(tmp_path: Path) -> None:
    def yes() -> ScriptedUpstream:
        return ScriptedUpstream(lambda asked: answer(asked, Said(text="Yes.")))

    sessions = [f"ses_{number}" for number in range(12)]
    with yes() as first, yes() as second:
        third = yes()
        with third:
            upstreams = [first, second, third]
            more = f'replicas = ["{second.base_url}", "{third.base_url}"]\n\n[[models]]'
            config = catalogue(first.base_url).replace("[[models]]", more, 1)
            with Service(tmp_path, config) as service:
                places = served(upstreams, service, sessions)
                assert set(places) == {0, 1, 2}
                assert served(upstreams, service, sessions) == places
                third.__exit__()
                moved = served(upstreams[:2], service, sessions)
                for before, after in zip(places, moved, strict=True):
                    assert after == before if before != 2 else after in (0, 1)
