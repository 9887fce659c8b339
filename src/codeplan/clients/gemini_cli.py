"""Forks of Gemini CLI that speak our protocols.

Not run here. Source: google-gemini/gemini-cli, packages/core/src/core/contentGenerator.ts, which
sends ``GeminiCLI/<version> (<platform>; <arch>)``; forks keep it.
"""

from codeplan.clients.base import Client, SeenCall


class GeminiCliFork(Client):
    id = "gemini-cli"
    name = "Gemini CLI (forks)"

    def recognises(self, call: SeenCall) -> bool:
        return call.user_agent.startswith("GeminiCLI/") and bool(call.outline.system)
