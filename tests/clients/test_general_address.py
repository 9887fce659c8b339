"""A plan holder's real Claude Code, pointed at the general address, draws on the plan and waits
when it is used up; a script there draws on the balance."""

from pathlib import Path

from support import tools
from support.replies import Said, answer
from support.service import Service, catalogue
from support.upstream import ScriptedUpstream

PRICES = 'prices = [{ currency = "CNY", input = "4.00", cached = "0.80", output = "16.00" }]\n'


def test_claude_code_at_the_general_address(tmp_path: Path) -> None:
    with ScriptedUpstream(lambda asked: answer(asked, Said(text="Yes."))) as upstream:
        config = catalogue(upstream.base_url, limit=1)
        config = config.replace('id = "glm-4.6"\n', f'id = "glm-4.6"\n{PRICES}', 1)
        with Service(tmp_path, config) as service:
            email, at = service.first_start["demo_email"], ("--url", service.url)
            service.cli("admin", "account", "credit", email, "1.00", "--reference", "a test",
                        *at, "--data", str(service.data))  # fmt: skip

            def balance() -> int:
                headers = {"authorization": f"Bearer {service.key}"}
                with service.client(headers=headers) as http:
                    have = http.get("/api/account/balance").json()["CNY"]
                return int(have["total_millionths"] + have["held_millionths"])

            first = tools.claude_code(
                service.url, service.key, "Say yes.", tmp_path / "a", address="/api/paas/v4"
            )
            assert "Yes." in first.seen, first.seen
            assert service.window()["used"] == 1
            second = tools.claude_code(
                service.url, service.key, "Say yes.", tmp_path / "b", address="/api/paas/v4"
            )
            assert "Usage limit reached for 5 hour" in second.seen, second.seen
            assert (service.window()["used"], balance()) == (1, 10**8)
            with service.client() as http:
                answered = http.post(
                    "/api/paas/v4/chat/completions",
                    headers={"authorization": f"Bearer {service.key}"},
                    json={"model": "glm-4.6", "messages": [{"role": "user", "content": "Hi"}]},
                )
            assert answered.status_code == 200
            assert service.window()["used"] == 1
            assert balance() == 10**8 - 20 * 400 - 5 * 80 - 7 * 1600
