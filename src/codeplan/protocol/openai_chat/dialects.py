"""What OpenAI-compatible servers take differently, by the name that a route has for it."""

from dataclasses import dataclass
from typing import Literal

from codeplan.protocol import tool_names

Switch = Literal["", "effort", "glm", "template"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """``switch``: how it is told to think. ``limit``: its field for the longest answer.
    ``draws``: it may be told how to draw an answer (temperature and top_p).
    ``takes_thinking``: the history may hold the model's thinking. ``takes_top_k``, ``caches``: the
    fields ``top_k`` and ``prompt_cache_key``. ``most_id``, ``most_stops``: the longest id of a
    call, and the most stops; None for any."""

    switch: Switch = ""
    limit: str = "max_tokens"
    draws: bool = True
    takes_thinking: bool = True
    takes_top_k: bool = False
    caches: bool = False
    most_id: int | None = None
    most_stops: int | None = None

    def identity(self, call_id: str) -> str:
        """A call's id as the server takes it."""
        return call_id if self.most_id is None else tool_names.fitted(call_id, self.most_id)


# By OpenAI's reference, and by what its servers say: ids of at most 40 characters, four stops.
_OPENAI = Dialect(
    "effort", "max_completion_tokens", takes_thinking=False, caches=True, most_id=40, most_stops=4
)
_TEMPLATE = Dialect("template", takes_top_k=True)
DIALECTS = {
    "plain": Dialect(),
    "openai": _OPENAI,
    "openai-reasoning": Dialect(
        "effort", "max_completion_tokens", draws=False, takes_thinking=False, caches=True,
        most_id=40, most_stops=0,
    ),
    "glm": Dialect("glm"),
    "vllm": _TEMPLATE,
    "sglang": _TEMPLATE,
}  # fmt: skip
