"""What a writer of answers must know of the call that it answers."""

import msgspec


class Answering(msgspec.Struct, frozen=True):
    """``created`` in epoch seconds; ``with_usage``: a stream is to end with its usage;
    ``namespaces``: of the tools that the call offered, where its format has such."""

    request_id: str
    model: str
    created: int
    with_usage: bool = True
    namespaces: tuple[str, ...] = ()
