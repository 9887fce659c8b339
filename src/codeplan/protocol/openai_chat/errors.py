"""Errors as this protocol writes them."""

from codeplan.protocol.openai_errors import OVERLONG, encode
from codeplan.protocol.overlong import Overlong, Words

__all__ = ["encode", "overlong"]


def overlong(sent: Overlong) -> Words:
    """In the words of OpenAI's own server."""
    what = f"your messages resulted in {sent.tokens} tokens"
    if sent.answer:
        what = (
            f"you requested {sent.tokens + sent.answer} tokens"
            f" ({sent.tokens} in the messages, {sent.answer} in the completion)"
        )
    text = (
        f"This model's maximum context length is {sent.most} tokens. However, {what}."
        " Please reduce the length of the messages."
    )
    return Words(text, {"code": OVERLONG, "param": "messages"})
