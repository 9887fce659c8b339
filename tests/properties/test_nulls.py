"""A null is an absent field, wherever a protocol has one; in the caller's own JSON it is a null."""

import json
from typing import Any

import pytest
from anthropic.types.beta.message_create_params import MessageCreateParamsBase as Messages
from google.genai import types as google
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.types.chat.completion_create_params import CompletionCreateParamsBase as Chat
from openai.types.responses.response_create_params import ResponseCreateParamsBase as Responses
from pydantic import BaseModel

from codeplan.protocol.outline import Malformed, Target
from properties.test_accepted import CALLERS
from support.asked import CALLS
from support.sdk_types import names_within

# Of these fields the JSON inside is the caller's own.
FREE = {
    "input_schema", "schema", "parameters", "args", "response", "responseJsonSchema",
    "responseSchema", "parametersJsonSchema",
}  # fmt: skip
GOOGLES = {
    name
    for one in vars(google).values()
    if isinstance(one, type) and issubclass(one, BaseModel)
    for field, info in one.model_fields.items()
    for name in (field, info.alias or field)
}
FIELDS: dict[str, list[str]] = {
    "anthropic": sorted(names_within(Messages)),
    "openai_chat": sorted(names_within(Chat)),
    "openai_responses": sorted(names_within(Responses)),
    "gemini": sorted(GOOGLES),
}


def with_nulls(draw: st.DrawFn, value: Any, names: list[str], free: set[str]) -> Any:
    """The value with nulls for some fields that its objects do not have."""
    if isinstance(value, list):
        return [with_nulls(draw, item, names, free) for item in value]
    if not isinstance(value, dict):
        return value
    absent = draw(st.lists(st.sampled_from(names), max_size=3))
    made = {
        name: one if name in free else with_nulls(draw, one, names, free)
        for name, one in value.items()
    }
    return dict.fromkeys(name for name in absent if name not in value) | made


@pytest.mark.parametrize("caller", CALLS)
def test_a_null_changes_nothing(caller: str) -> None:
    format_, target = CALLERS[caller], Target("m", "generateContent")
    free = FREE | ({"input"} if caller == "anthropic" else set())

    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        call = data.draw(CALLS[caller]())

        @st.composite
        def nulled(draw: st.DrawFn) -> Any:
            return with_nulls(draw, call, FIELDS[caller], free)

        body, other = json.dumps(call).encode(), json.dumps(data.draw(nulled())).encode()
        assert format_.outline(other, target) == format_.outline(body, target)
        try:
            request = format_.decode_request(body)
        except Malformed:
            with pytest.raises(Malformed):
                format_.decode_request(other)
            return
        assert format_.decode_request(other) == request

    holds()
