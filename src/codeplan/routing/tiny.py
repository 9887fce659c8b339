"""What a model marked tiny is given: the newest user text and one short system line.

A tool's opening alone is larger than such a model's context. Everything else is dropped, tools
too, which it could not use.
"""

from dataclasses import replace

from codeplan.protocol import inner

SYSTEM_LINE = "You are a helpful coding assistant. Answer briefly."
# Characters and tokens. With a context of 8,192 tokens both fit with room to spare.
MAX_TEXT = 12_000
MAX_TOKENS = 512


def shorten(request: inner.Request) -> inner.Request:
    """The same call, cut to what a tiny model can hold."""
    text = _newest_text(request)
    return replace(
        request,
        messages=(
            inner.Message("system", (inner.Text(SYSTEM_LINE),)),
            inner.Message("user", (inner.Text(text[-MAX_TEXT:]),)),
        ),
        tools=(),
        tool_choice=None,
        form=None,
        max_tokens=min(request.max_tokens or MAX_TOKENS, MAX_TOKENS),
    )


def ended(event: inner.Event, asked: int | None) -> inner.Event:
    """Our own limit is no limit that the caller set: such an answer just ends."""
    cut = isinstance(event, inner.Finished) and event.reason == "length"
    if cut and (asked is None or asked > MAX_TOKENS):
        return inner.Finished("end")
    return event


def _newest_text(request: inner.Request) -> str:
    for message in reversed(request.messages):
        if message.role != "user":
            continue
        texts = [part.text for part in message.parts if isinstance(part, inner.Text)]
        own = [text for text in texts if not text.lstrip().startswith("<system-reminder>")]
        if own:
            return own[-1]
        results = [part for part in message.parts if isinstance(part, inner.ToolResult)]
        if results:
            lines = [part.text for part in results[-1].parts if isinstance(part, inner.Text)]
            return "Say in one sentence what this result means:\n" + "\n".join(lines)
    return ""
