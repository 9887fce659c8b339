"""Codex's free-form tool, apply_patch, over upstreams that know functions only."""

from pathlib import Path

import pytest

from support import tools
from support.replies import Said, answer
from support.service import Service, catalogue
from support.upstream import Asked, Reply, ScriptedUpstream

PATCH = "*** Begin Patch\n*** Add File: hello.txt\n+hello\n*** End Patch\n"
# One of those models that Codex gives the tool; the plan has it as an alias.
MODEL = "gpt-5.5"


def _patches(asked: Asked) -> Reply:
    raw = asked.raw.decode()
    if '"tool_use_id"' in raw or '"tool_call_id"' in raw:
        return answer(asked, Said(text="Patched."))
    call = ("call_1", "apply_patch", {"input": PATCH})
    return answer(asked, Said(text="Patching.", calls=(call,)))


def _with_alias(text: str) -> str:
    return text.replace('"claude-opus-*"', f'"claude-opus-*", "{MODEL}"')


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
def test_a_patch_is_applied(protocol: str, tmp_path: Path) -> None:
    with (
        ScriptedUpstream(_patches) as upstream,
        Service(tmp_path, _with_alias(catalogue(upstream.base_url, protocol))) as service,
    ):
        ran = tools.codex(service.url, service.key, "Add hello.txt", tmp_path, model=MODEL)
        assert (tmp_path / "workspace" / "hello.txt").read_text() == "hello\n", ran.seen
        assert "Patched." in ran.seen
        assert service.window()["used"] == 1
        offered = str(upstream.calls[0].body["tools"])
        assert "It follows this lark grammar" in offered
