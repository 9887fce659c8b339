"""Callers that hold conversations with tools, leave in the middle, and try again; and what each of
them saw."""

import itertools
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from support.service import Service, opencode

_numbers = itertools.count(1)
ADDRESS = "/api/coding/paas/v4/chat/completions"


@dataclass
class Seen:
    """What one caller got of one call. ``text`` names it at the upstream."""

    session: str
    text: str
    request_id: str = ""
    status: int = 0
    content: bool = False
    whole: bool = False


@dataclass
class Crowd:
    """``leaves``: how likely a caller hangs up in the middle of an answer."""

    service: Service
    key: str
    seed: int
    leaves: float = 0.1
    seen: list[Seen] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def start(self, callers: int) -> list[threading.Thread]:
        threads = [
            threading.Thread(
                target=self._run, args=(random.Random(f"{self.seed} {number}"),), daemon=True
            )
            for number in range(callers)
        ]
        for thread in threads:
            thread.start()
        return threads

    def _run(self, chance: random.Random) -> None:
        while not self.stop.is_set():
            try:
                with self.service.client() as http:
                    self._conversation(http, chance)
            except httpx.HTTPError:
                time.sleep(0.01)  # the service is down, or a stream was cut

    def _conversation(self, http: httpx.Client, chance: random.Random) -> None:
        number = next(_numbers)
        session, text = f"ses_{number}", f"call {number} of {self.seed}"
        messages: list[dict[str, Any]] = [{"role": "user", "content": text}]
        for step in range(chance.randrange(1, 6)):
            if self.stop.is_set():
                return
            seen = Seen(session, text)
            self.seen.append(seen)
            try:
                self._one(http, seen, messages, chance)
            except httpx.HTTPError:
                seen.whole = False
                raise
            if seen.whole:
                call = {"id": f"c{step}", "type": "function",
                        "function": {"name": "f", "arguments": "{}"}}  # fmt: skip
                messages += [
                    {"role": "assistant", "content": None, "tool_calls": [call]},
                    {"role": "tool", "tool_call_id": f"c{step}", "content": "done"},
                ]

    def _one(
        self, http: httpx.Client, seen: Seen, messages: list[Any], chance: random.Random
    ) -> None:
        headers = {**opencode(seen.session), "authorization": f"Bearer {self.key}"}
        body = {"model": "glm-4.6", "messages": messages, "stream": chance.random() < 0.8}
        hangs_up = chance.random() < self.leaves
        with http.stream("POST", ADDRESS, headers=headers, json=body) as answered:
            seen.status = answered.status_code
            seen.request_id = answered.headers.get("x-request-id", "")
            if answered.status_code != 200:
                answered.read()
                return
            if not body["stream"]:
                seen.content = bool(answered.read())
                seen.whole = True
                return
            for line in answered.iter_lines():
                seen.content = seen.content or '"content": "H' in line
                if hangs_up and seen.content:
                    return
                seen.whole = seen.whole or line == "data: [DONE]"
