"""Responses streams: written in the order they must have.

The order: response.created; items added, filled and done one after the other (parallel calls may
be filled side by side); response.completed, incomplete or failed. Every event has its number. The
text of a free-form call comes in one piece, since the upstream wraps it in JSON.
"""

from typing import Any

import msgspec

from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.openai_responses import calls, reasoning
from codeplan.protocol.openai_responses.answer import ending, message_item, response
from codeplan.protocol.sse import PING_COMMENT
from codeplan.protocol.usage import Usage


class Writer:
    """Turns the common form's events into a stream's bytes, as they come."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._number = 0
        self._begun = False
        self._output: list[dict[str, Any]] = []  # each item as it is when done
        self._open = ""  # "", "reasoning" or "message"
        self._text = ""
        self._signature = ""
        self._calls: dict[int, tuple[int, inner.ToolCallStarted, str]] = {}
        self._finish: inner.StopReason | None = None
        self._usage: Usage | None = None

    def write(self, event: inner.Event) -> bytes:
        match event:
            case inner.TextDelta(text):
                return self._message(text) if text else b""
            case inner.ThinkingDelta(text):
                return self._reasoning(text) if text else b""
            case inner.ThinkingSigned(signature):
                self._signature = signature
                return b""
            case inner.ToolCallDelta(index, arguments):
                return self._arguments(index, arguments)
            case inner.ToolCallStarted():
                return self._call(event)
            case inner.Started(usage=usage):
                self._usage = usage
                return self._begin()
            case inner.Finished(reason):
                self._finish = reason
                return self._begin() + self._close() + self._close_calls()
            case inner.Reported(usage):
                self._usage = usage
                return b""
            case inner.Pinged():
                return PING_COMMENT
            case inner.Ended():
                return self._end()
            case inner.Failed(status, message, kind):
                error = {"code": kind or str(status), "message": message}
                whole = response(self._answering, self._output, status="failed", error=error)
                return self._begin() + self._event("response.failed", response=whole)

    def _begin(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        whole = response(self._answering, [])
        return self._event("response.created", response=whole) + self._event(
            "response.in_progress", response=whole
        )

    def _message(self, text: str) -> bytes:
        out = b""
        if self._open != "message":
            out = self._begin() + self._close() + self._add("message", message_item(
                self._id("msg"), "", "in_progress"
            ))  # fmt: skip
            part = {"type": "output_text", "text": "", "annotations": []}
            out += self._part("response.content_part.added", content_index=0, part=part)
        self._text += text
        return out + self._part("response.output_text.delta", content_index=0, delta=text)

    def _reasoning(self, text: str) -> bytes:
        out = b""
        if self._open != "reasoning":
            item = {"type": "reasoning", "id": self._id("rs"), "summary": []}
            out = self._begin() + self._close() + self._add("reasoning", item)
            part = {"type": "summary_text", "text": ""}
            out += self._part("response.reasoning_summary_part.added", summary_index=0, part=part)
        self._text += text
        return out + self._part(
            "response.reasoning_summary_text.delta", summary_index=0, delta=text
        )

    def _call(self, event: inner.ToolCallStarted) -> bytes:
        out = self._begin() + self._close()
        place = len(self._output)
        item = calls.item(self._id("fc"), event, "", self._answering, "in_progress")
        self._output.append(item)
        self._calls[event.index] = (place, event, "")
        return out + self._event("response.output_item.added", output_index=place, item=item)

    def _arguments(self, index: int, arguments: str) -> bytes:
        if not arguments or index not in self._calls:
            return b""
        place, event, so_far = self._calls[index]
        self._calls[index] = (place, event, so_far + arguments)
        if event.name in self._answering.free_form:
            return b""
        return self._event(
            "response.function_call_arguments.delta",
            output_index=place,
            item_id=self._output[place]["id"],
            delta=arguments,
        )

    def _add(self, kind: str, item: dict[str, Any]) -> bytes:
        self._open, self._text, self._signature = kind, "", ""
        self._output.append(item)
        place = len(self._output) - 1
        return self._event("response.output_item.added", output_index=place, item=item)

    def _close(self) -> bytes:
        """End the message or the reasoning that is open."""
        kind, self._open = self._open, ""
        if not kind:
            return b""
        identity = self._output[-1]["id"]
        if kind == "message":
            done = message_item(identity, self._text)
            out = self._part("response.output_text.done", content_index=0, text=self._text)
            out += self._part(
                "response.content_part.done", content_index=0, part=done["content"][0]
            )
        else:
            done = reasoning.item(identity, self._text, self._signature)
            out = self._part(
                "response.reasoning_summary_text.done", summary_index=0, text=self._text
            )
            out += self._part(
                "response.reasoning_summary_part.done", summary_index=0, part=done["summary"][0]
            )
        return out + self._done(len(self._output) - 1, done)

    def _close_calls(self) -> bytes:
        out = b""
        for place, event, arguments in self._calls.values():
            identity = self._output[place]["id"]
            item = calls.item(identity, event, arguments, self._answering, "completed")
            out += self._call_filled(place, item) + self._done(place, item)
        self._calls.clear()
        return out

    def _call_filled(self, place: int, item: dict[str, Any]) -> bytes:
        where = {"output_index": place, "item_id": item["id"]}
        if item["type"] == "function_call":
            name = "response.function_call_arguments.done"
            return self._event(name, **where, arguments=item["arguments"])
        name = "response.custom_tool_call_input"
        return self._event(f"{name}.delta", **where, delta=item["input"]) + self._event(
            f"{name}.done", **where, input=item["input"]
        )

    def _done(self, place: int, item: dict[str, Any]) -> bytes:
        self._output[place] = item
        return self._event("response.output_item.done", output_index=place, item=item)

    def _end(self) -> bytes:
        out = self._begin() + self._close() + self._close_calls()
        end = ending(self._finish, self._usage)
        whole = response(self._answering, self._output, **end)
        return out + self._event(f"response.{end['status']}", response=whole)

    def _id(self, prefix: str) -> str:
        return f"{prefix}_{self._answering.request_id}_{len(self._output)}"

    def _part(self, name: str, **more: Any) -> bytes:
        place = len(self._output) - 1
        return self._event(name, output_index=place, item_id=self._output[place]["id"], **more)

    def _event(self, name: str, **more: Any) -> bytes:
        body = msgspec.json.encode({"type": name, "sequence_number": self._number, **more})
        self._number += 1
        return b"event: " + name.encode() + b"\ndata: " + body + b"\n\n"
