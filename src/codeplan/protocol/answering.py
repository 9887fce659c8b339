"""What a writer of answers must know of the call that it answers."""

import msgspec


class Answering(msgspec.Struct, frozen=True):
    """``created`` in epoch seconds; ``with_usage``: a stream is to end with its usage;
    ``namespaces``: of the tools that the call offered, and ``free_form``: those of them whose calls
    are plain text, where its format has such. ``event_stream``, ``shows_thinking``: as the call's
    outline has them."""

    request_id: str
    model: str
    created: int
    with_usage: bool = True
    namespaces: tuple[str, ...] = ()
    free_form: tuple[str, ...] = ()
    event_stream: bool = True
    shows_thinking: bool = True
