"""The wire protocols that a call may come in, by name; what each says is its folder's business."""

from typing import Literal

ProtocolName = Literal["anthropic", "openai_chat", "openai_responses", "gemini"]
