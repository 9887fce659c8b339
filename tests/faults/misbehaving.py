"""An upstream that answers, breaks off, errs and babbles by chance, and keeps a log of what it
really sent."""

import json
import random
import threading
from dataclasses import dataclass, field
from typing import Any

from support.replies import SSE, Said, openai_pieces, openai_whole
from support.upstream import Asked, Cut, Pause, Piece, Reply, Reset, ScriptedUpstream

GARBAGE = b'data: {"choices": [{"delta": \x00\xff\n\n'
NO_CAPACITY = b'data: {"error": {"message": "no capacity", "code": 503}}\n\n'
KINDS = (
    "well", "well", "well", "slow", "slow", "error", "error inside", "empty", "cut before content",
    "cut after content", "reset after content", "garbage after content", "cut before the end",
)  # fmt: skip


@dataclass
class Attempt:
    """One call that came. ``content_at`` and ``usage_at``: which piece carries them; 0 for none."""

    asked: Asked
    kind: str
    said: Said
    content_at: int = 0
    usage_at: int = 0

    @property
    def sent_content(self) -> bool:
        if self.content_at:
            return self.asked.pieces >= self.content_at
        return self.kind == "well" and not self.asked.body.get("stream")


@dataclass
class Misbehaving:
    """``calm``: everything is answered well. ``hurries``: nothing waits."""

    seed: int
    attempts: dict[str, list[Attempt]] = field(default_factory=dict)
    pauses: list[Pause] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._lock = threading.Lock()
        self.calm = False
        self.hurries = False

    def script(self, asked: Asked) -> Reply:
        text = newest_text(asked.body)
        kind = "well" if self.calm else self._random.choice(KINDS)
        number = int(text.split()[1])
        # Figures of its own for each text, so that a mix-up shows.
        said = Said(text="Hello there", input=100 + number, cached=number % 13, output=number % 17)
        attempt = Attempt(asked, kind, said)
        with self._lock:
            self.attempts.setdefault(text, []).append(attempt)
        if kind == "error":
            return Reply(status=500, body=b'{"error": {"message": "broken"}}')
        if not asked.body.get("stream"):
            attempt.kind = "well"
            return Reply(body=json.dumps(openai_whole(said)).encode())
        return self._streamed(attempt)

    def _streamed(self, attempt: Attempt) -> Reply:
        pieces: list[Piece] = [*openai_pieces(attempt.said)]
        match attempt.kind:
            case "error inside":
                pieces = [pieces[0], NO_CAPACITY]
            case "empty":
                pieces = [pieces[-1]]
            case "cut before content":
                pieces = [pieces[0], Cut()]
            case "cut after content":
                pieces = [*pieces[:2], Cut()]
            case "reset after content":
                pieces = [*pieces[:2], Reset()]
            case "garbage after content":
                pieces = [*pieces[:2], GARBAGE, *pieces[2:]]
            case "cut before the end":
                pieces = [*pieces[:-1], Cut()]
            case "slow":
                pause = Pause()
                self.pauses.append(pause)
                if self.hurries:
                    pause.open()
                pieces.insert(self._random.randrange(1, 4), pause)
        sent = 0
        for piece in pieces:
            sent += isinstance(piece, bytes)
            if (
                isinstance(piece, bytes)
                and b'"content": "' in piece
                and b'"content": ""' not in piece
            ):
                attempt.content_at = attempt.content_at or sent
            if isinstance(piece, bytes) and b'"prompt_tokens"' in piece:
                attempt.usage_at = sent
        return Reply(pieces=pieces, content_type=SSE)

    def let_go(self) -> None:
        """Whatever waits goes on, and nothing waits until ``hurries`` is taken back."""
        self.hurries = True
        for pause in list(self.pauses):
            pause.open()
        self.pauses.clear()


def newest_text(body: Any) -> str:
    """What names a call: the last user message's text."""
    return str([m for m in body["messages"] if m["role"] == "user"][-1]["content"])


def opened(misbehaving: Misbehaving) -> ScriptedUpstream:
    return ScriptedUpstream(misbehaving.script)
