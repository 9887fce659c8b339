"""OpenAI Chat Completions, with the fields of its dialects (vLLM, SGLang, GLM) that are read.

Source: OpenAI's API reference (Chat, Streaming); vLLM's and Z.ai's documentation for
``reasoning_content``, ``thinking`` and ``cached_tokens``.
"""
