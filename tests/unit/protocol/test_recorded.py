"""Every recorded conversation of a real tool, carried to every upstream: nothing that was said is
lost on the way."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from codeplan.gateway.formats import ANTHROPIC, OPENAI_CHAT, OPENAI_RESPONSES, CallerFormat
from codeplan.protocol import inner
from codeplan.protocol.anthropic.request import without_billing
from codeplan.routing.formats import TO_ANTHROPIC, TO_OPENAI_CHAT, UpstreamFormat

CAPTURES = Path(__file__).parents[2] / "captures"
CALLERS = {"messages": ANTHROPIC, "completions": OPENAI_CHAT, "responses": OPENAI_RESPONSES}
BACK = {"anthropic": ANTHROPIC, "openai_chat": OPENAI_CHAT}


def recorded() -> list[Any]:
    found = []
    for path in sorted(CAPTURES.glob("*.json")):
        for number, call in enumerate(json.loads(path.read_text())["calls"]):
            address = call["path"].split("?")[0].rsplit("/", 1)[-1]
            if call["method"] == "POST" and address in CALLERS:
                body = {k: v for k, v in call["body"].items() if not k.startswith("tools_")}
                raw = json.dumps(body).encode()
                found.append(pytest.param(CALLERS[address], raw, id=f"{path.stem}-{number}"))
    return found


def said(request: inner.Request) -> list[str]:
    """Everything that is said, in order, word by word: texts may be joined differently, and a
    system text in mid-conversation is a reminder in another format."""
    words: list[str] = []
    for message in request.messages:
        for part in message.parts:
            match part:
                case inner.Text(text):
                    words += re.sub(r"</?system-reminder>", " ", without_billing(text)).split()
                case inner.ToolCall(identity, name, arguments):
                    words += [identity, name, repr(json.loads(arguments or "{}"))]
                case inner.ToolResult(identity, parts):
                    texts = [item.text for item in parts if isinstance(item, inner.Text)]
                    # A failed tool's result says so in words where the format has no mark.
                    words += [identity, *" ".join(texts).removeprefix("Error: ").split()]
    return words


@pytest.mark.parametrize(("caller", "raw"), recorded())
@pytest.mark.parametrize("upstream", [TO_ANTHROPIC, TO_OPENAI_CHAT], ids=lambda item: item.name)
def test_a_recorded_call_reaches_every_upstream_whole(
    caller: CallerFormat, raw: bytes, upstream: UpstreamFormat
) -> None:
    request = caller.decode_request(raw)
    carried = BACK[upstream.name].decode_request(upstream.encode_request(request, "up", "openai"))
    assert said(carried) == said(request)
    assert carried.tools == request.tools
    assert carried.stream == request.stream
