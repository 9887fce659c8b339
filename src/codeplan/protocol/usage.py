"""Tokens as an upstream reported them, each counted once."""

import msgspec


class Usage(msgspec.Struct, frozen=True):
    """Tokens by class. ``input`` excludes cached and cache-written tokens, as Anthropic counts;
    OpenAI counts cached tokens inside its input, which its format's files take apart.
    ``reasoning`` is a part of ``output``."""

    input: int = 0
    cached: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0

    @property
    def prompt(self) -> int:
        """Everything that went in."""
        return self.input + self.cached + self.cache_write

    @property
    def total(self) -> int:
        return self.prompt + self.output


# What the receipt of a call says whose usage was estimated.
ESTIMATED = "the upstream told no usage; it was estimated"
_BYTES_A_TOKEN = 4
# No model reads more; a larger body is pictures.
_MOST_TOKENS = 200_000


def about_tokens(body: bytes) -> int:
    """A call's tokens by its body, roughly."""
    return min(len(body) // _BYTES_A_TOKEN, _MOST_TOKENS)


def quarters(text: str) -> int:
    """Quarters of tokens in a text, roughly: one for each character of ASCII, six for others."""
    if text.isascii():
        return len(text)
    others = sum(character > "\x7f" for character in text)
    return len(text) + 5 * others
