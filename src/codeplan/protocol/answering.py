"""What a writer of answers must know of the call that it answers."""

import msgspec


class Answering(msgspec.Struct, frozen=True):
    """``created`` in epoch seconds; ``with_usage``: a stream is to end with its usage;
    ``namespaces``: of the tools that the call offered, and ``free_form``: those of them whose calls
    are plain text, where its format has such. ``event_stream``, ``shows_thinking``: as the call's
    outline has them. ``call_ids``: of tool calls earlier in the conversation."""

    request_id: str
    model: str
    created: int
    with_usage: bool = True
    namespaces: tuple[str, ...] = ()
    free_form: tuple[str, ...] = ()
    event_stream: bool = True
    shows_thinking: bool = True
    call_ids: frozenset[str] = frozenset()

    def identity(self, prefix: str) -> str:
        """The answer's own id, as its protocol begins ids."""
        return prefix + self.request_id.removeprefix("req_")
