"""Droid, of Factory.

Not run here. Source: public recordings of its calls, which begin their system prompt "You are
Droid, an AI software engineering agent built by Factory." and send ``factory-cli/<version>``.
"""

from codeplan.clients.base import Client, SeenCall


class Droid(Client):
    id = "droid"
    name = "Droid"

    def recognises(self, call: SeenCall) -> bool:
        return call.user_agent.startswith("factory-cli/") and call.system_begins("You are Droid,")
