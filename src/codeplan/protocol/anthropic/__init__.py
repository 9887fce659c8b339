"""Anthropic Messages. Source: Anthropic's API reference (Messages, Streaming, Errors)."""
