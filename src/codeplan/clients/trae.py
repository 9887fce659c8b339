"""Trae.

Not run here. Source: public recordings of its calls, whose system prompt begins "You are Trae AI,",
sometimes inside ``<identity>``.
"""

from codeplan.clients.base import Client, SeenCall


class Trae(Client):
    id = "trae"
    name = "Trae"

    def recognises(self, call: SeenCall) -> bool:
        return call.system_begins("You are Trae AI,", "<identity>\nYou are Trae AI,")
