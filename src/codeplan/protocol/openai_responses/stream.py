"""Responses streams: written in the order they must have.

The order: response.created; items added, filled and done one after the other; response.completed,
incomplete or failed. Every event has its number. The text of a free-form call comes in one piece,
since the upstream wraps it in JSON.
"""

from typing import Any

import msgspec

from codeplan.protocol import inner
from codeplan.protocol.answering import Answering
from codeplan.protocol.openai_responses import calls, reasoning
from codeplan.protocol.openai_responses.answer import ending, message_item, response
from codeplan.protocol.ordering import OrderedWriter
from codeplan.protocol.sse import PING_COMMENT
from codeplan.protocol.usage import Usage


class Writer(OrderedWriter):
    """Turns the common form's events into a stream's bytes, as they come."""

    def __init__(self, answering: Answering) -> None:
        super().__init__(answering)
        self._number = 0
        self._begun = False
        self._output: list[dict[str, Any]] = []  # each item as it is when done
        self._open = ""  # "", "reasoning" or "message"
        self._text: list[str] = []
        self._signature = ""
        self._call: inner.ToolCallStarted | None = None
        self._finish: inner.StopReason | None = None
        self._usage: Usage | None = None

    def _put(self, event: inner.Event) -> bytes:
        match event:
            case inner.TextDelta(text):
                return self._message(text) if text else b""
            case inner.ThinkingDelta(text):
                return self._reasoning(text) if text else b""
            case inner.ThinkingSigned(signature):
                return self._sign(signature) if signature else b""
            case inner.ToolCallDelta(_, arguments):
                return self._arguments(arguments) if arguments else b""
            case inner.ToolCallStarted():
                return self._begin_call(event)
            case inner.ToolCallEnded():
                return self._end_call()
            case inner.Started(usage=usage):
                self._usage = usage
                return self._begin()
            case inner.Finished(reason):
                self._finish = reason
                return self._begin() + self._close()
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
            case inner.OtherDelta():
                return b""

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
        self._text.append(text)
        return out + self._part(
            "response.output_text.delta", content_index=0, delta=text, logprobs=[]
        )

    def _reasoning(self, text: str) -> bytes:
        out = b""
        # What is signed does not go on: more thinking is another item.
        if self._open != "reasoning" or self._signature:
            out = self._open_reasoning()
        self._text.append(text)
        return out + self._part(
            "response.reasoning_summary_text.delta", summary_index=0, delta=text
        )

    def _open_reasoning(self) -> bytes:
        item = {"type": "reasoning", "id": self._id("rs"), "summary": []}
        out = self._begin() + self._close() + self._add("reasoning", item)
        part = {"type": "summary_text", "text": ""}
        return out + self._part("response.reasoning_summary_part.added", summary_index=0, part=part)

    def _sign(self, signature: str) -> bytes:
        out = b""
        if self._open != "reasoning" or self._signature:
            out = self._open_reasoning()
        self._signature = signature
        return out

    def _begin_call(self, event: inner.ToolCallStarted) -> bytes:
        out = self._begin() + self._close()
        item = calls.item(self._id("fc"), event, "", self._answering, "in_progress")
        self._output.append(item)
        self._call, self._text = event, []
        place = len(self._output) - 1
        return out + self._event("response.output_item.added", output_index=place, item=item)

    def _arguments(self, arguments: str) -> bytes:
        self._text.append(arguments)
        if self._call is None or self._call.name in self._answering.free_form:
            return b""
        return self._part("response.function_call_arguments.delta", delta=arguments)

    def _end_call(self) -> bytes:
        call, self._call = self._call, None
        if call is None:
            return b""
        place = len(self._output) - 1
        identity, arguments = self._output[place]["id"], "".join(self._text)
        item = calls.item(identity, call, arguments, self._answering, "completed")
        return self._call_filled(item) + self._done(place, item)

    def _add(self, kind: str, item: dict[str, Any]) -> bytes:
        self._open, self._text, self._signature = kind, [], ""
        self._output.append(item)
        place = len(self._output) - 1
        return self._event("response.output_item.added", output_index=place, item=item)

    def _close(self) -> bytes:
        """End the message or the reasoning that is open."""
        kind, self._open = self._open, ""
        if not kind:
            return b""
        identity, text = self._output[-1]["id"], "".join(self._text)
        if kind == "message":
            done = message_item(identity, text)
            out = self._part("response.output_text.done", content_index=0, text=text, logprobs=[])
            out += self._part(
                "response.content_part.done", content_index=0, part=done["content"][0]
            )
        else:
            done = reasoning.item(identity, text, self._signature)
            out = self._part("response.reasoning_summary_text.done", summary_index=0, text=text)
            out += self._part(
                "response.reasoning_summary_part.done", summary_index=0, part=done["summary"][0]
            )
        return out + self._done(len(self._output) - 1, done)

    def _call_filled(self, item: dict[str, Any]) -> bytes:
        if item["type"] == "function_call":
            name = "response.function_call_arguments.done"
            return self._part(name, arguments=item["arguments"])
        name = "response.custom_tool_call_input"
        return self._part(f"{name}.delta", delta=item["input"]) + self._part(
            f"{name}.done", input=item["input"]
        )

    def _done(self, place: int, item: dict[str, Any]) -> bytes:
        self._output[place] = item
        return self._event("response.output_item.done", output_index=place, item=item)

    def _end(self) -> bytes:
        out = self._begin() + self._close()
        end = ending(self._finish, self._usage)
        whole = response(self._answering, self._output, **end)
        return out + self._event(f"response.{end['status']}", response=whole)

    def _id(self, prefix: str) -> str:
        return f"{self._answering.identity(prefix + '_')}_{len(self._output)}"

    def _part(self, name: str, **more: Any) -> bytes:
        place = len(self._output) - 1
        return self._event(name, output_index=place, item_id=self._output[place]["id"], **more)

    def _event(self, name: str, **more: Any) -> bytes:
        body = msgspec.json.encode({"type": name, "sequence_number": self._number, **more})
        self._number += 1
        return b"event: " + name.encode() + b"\ndata: " + body + b"\n\n"
