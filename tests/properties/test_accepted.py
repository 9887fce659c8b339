"""Every call that a client may make becomes one that the upstream's protocol accepts, or is refused
by name; and nothing of it is lost."""

import json
import os
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codeplan.gateway.formats import ANTHROPIC, GEMINI, OPENAI_CHAT, OPENAI_RESPONSES
from codeplan.protocol.openai_chat.dialects import DIALECTS
from codeplan.protocol.outline import Malformed, Target
from codeplan.routing.formats import TO_ANTHROPIC, TO_OPENAI_CHAT
from support import accepted_by_anthropic, accepted_by_openai
from support.asked import CALLS, WORD

# By hand, once, for a change of what is encoded: ACCEPTED=20000.
EXAMPLES = int(os.environ.get("ACCEPTED", "800")) // 4
CALLERS = {one.name: one for one in (ANTHROPIC, OPENAI_CHAT, OPENAI_RESPONSES, GEMINI)}
# What may be refused, and says why.
NAMED = re.compile(
    r"this model's upstream|are not kept here|leads nowhere|reads no document by its link"
    r"|only the server that wrote|must begin with https"
)


def refused(call: dict[str, Any], upstream: str, dialect: str) -> list[str]:
    if upstream == "anthropic":
        return accepted_by_anthropic.refusals(call, dialect)
    return accepted_by_openai.refusals(call, dialect)


@pytest.mark.parametrize("caller", CALLS)
def test_every_call_is_accepted_whole_or_refused_by_name(caller: str) -> None:
    format_ = CALLERS[caller]

    @settings(
        max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(CALLS[caller](), st.sampled_from([*DIALECTS, "anthropic", "adaptive"]))
    def holds(call: dict[str, Any], to: str) -> None:
        body = json.dumps(call).encode()
        upstream = TO_ANTHROPIC if to in ("anthropic", "adaptive") else TO_OPENAI_CHAT
        format_.outline(body, Target("m", "generateContent"))
        try:
            request = format_.decode_request(body)
            encoded = upstream.encode_request(request, "up", to)
        except Malformed as error:
            assert NAMED.search(str(error)), error
            return
        assert refused(json.loads(encoded), upstream.name, to) == []
        words = set(WORD.findall(json.dumps(call)))
        assert words <= set(WORD.findall(encoded.decode()))

    holds()
