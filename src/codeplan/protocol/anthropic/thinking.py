"""Whether and how far a translated call is to think, as this protocol says it.

Its rules (Anthropic's page "Extended thinking"): the budget, at least 1,024 tokens, lies below
``max_tokens``; temperature, top_p and top_k are the model's own; no tool is forced; the last
message is the user's; and a turn that goes on after a tool call begins with the signed thinking of
that call. Models of the "adaptive" dialect take no budget but a word of effort, and are never told
how to draw (the pages "Adaptive thinking" and "Effort").
"""

from typing import Any

from codeplan.protocol import effort, inner

ADAPTIVE = "adaptive"
_DRAWING = ("temperature", "top_p", "top_k")


def add(request: inner.Request, call: dict[str, Any], dialect: str) -> None:
    """Put ``thinking`` into the encoded call, where the request asks for it and the rules allow.

    Callers that cannot send signatures back think only without tools: otherwise thinking would go
    on and off within a turn, and the prompt cache with it.
    """
    asked = effort.thinks(request)
    if asked is False:
        call["thinking"] = {"type": "disabled"}
    if dialect == ADAPTIVE:
        for name in _DRAWING:
            call.pop(name, None)
    if not asked or (request.tools and not request.signs) or not _allowed(request, call):
        return
    if dialect == ADAPTIVE:
        call["thinking"] = {"type": "adaptive"}
        if word := effort.word(request):
            word = "low" if word == "minimal" else word
            call["output_config"] = {**call.get("output_config", {}), "effort": word}
        return
    budget = max(effort.budget(request), effort.SMALLEST_BUDGET)
    if request.max_tokens is None:
        call["max_tokens"] += budget
    elif request.max_tokens <= budget:
        budget = request.max_tokens // 2
    if budget < effort.SMALLEST_BUDGET:
        return
    call["thinking"] = {"type": "enabled", "budget_tokens": budget}
    for name in _DRAWING:
        call.pop(name, None)


def _allowed(request: inner.Request, call: dict[str, Any]) -> bool:
    if call.get("tool_choice", {}).get("type") in ("any", "tool"):
        return False
    if call["messages"][-1]["role"] == "assistant":
        return False
    for message in reversed(call["messages"]):
        kinds = [block["type"] for block in message["content"]]
        if message["role"] == "user" and "tool_result" not in kinds:
            return True
        if "tool_use" in kinds and kinds[0] != "thinking":
            return False
    return True
