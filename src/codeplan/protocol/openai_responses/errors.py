"""Errors as this protocol writes them."""

from codeplan.protocol.openai_errors import OVERLONG, encode
from codeplan.protocol.overlong import Overlong, Words

__all__ = ["encode", "overlong"]


def overlong(sent: Overlong) -> Words:
    """In the words of OpenAI's own server, with the figures behind them."""
    text = (
        "Your input exceeds the context window of this model. Please adjust your input and try"
        f" again. ({sent.tokens + sent.answer} tokens, at most {sent.most})"
    )
    return Words(text, {"code": OVERLONG, "param": "input"})
