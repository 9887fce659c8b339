"""OpenAI Responses, as callers speak it (Codex). Source: OpenAI's API reference (Responses,
Streaming events) and recordings of Codex 0.169."""
