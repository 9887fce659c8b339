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
