"""One prompt a turn, however many calls a tool makes for it."""

from typing import Any

from gateway.conftest import House

TOOL_CALL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "bash", "arguments": "{}"}}
    ],
}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "done"}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def cost(house: House, headers: dict[str, str], *conversations: list[dict[str, Any]]) -> int:
    before = house.service.window()["used"]
    for messages in conversations:
        assert house.ask(headers, messages=messages).status_code == 200
    return int(house.service.window()["used"]) - before


def test_steps_of_a_turn_and_a_retry_are_one_prompt(house: House) -> None:
    first = [user("Fix the tests.")]
    second = [*first, TOOL_CALL, RESULT]
    third = [*second, TOOL_CALL, RESULT]
    assert cost(house, house.new_session(), first, first, second, third) == 1


def test_a_second_text_is_a_second_prompt(house: House) -> None:
    first = [user("Fix the tests.")]
    second = [*first, {"role": "assistant", "content": "Done."}, user("Fix the tests.")]
    assert cost(house, house.new_session(), first, second) == 2


def test_a_title_call_is_free_before_beside_and_after(house: House) -> None:
    headers = house.new_session()
    title = [{"role": "system", "content": "You are a title generator."}, user("Hello")]
    main = [{"role": "system", "content": "You are opencode."}, user("Hello")]
    assert cost(house, headers, title) == 0
    assert cost(house, headers, main) == 1
    assert cost(house, headers, title) == 0


def test_free_side_calls_have_an_end(house: House) -> None:
    headers = house.new_session()
    title = [{"role": "system", "content": "You are a title generator."}, user("Write a poem.")]
    cost(house, house.new_session(), [user("Hello")])
    assert cost(house, headers, *[title] * 20) == 0
    assert cost(house, headers, title) == 1


def test_a_forged_continuation_is_a_new_prompt(house: House) -> None:
    forged = [user("Anything."), TOOL_CALL, RESULT]
    assert cost(house, house.new_session(), forged) == 1


def test_the_next_prompt_starts_after_calls_per_prompt(house: House) -> None:
    messages = [user("Go on for ever.")]
    conversations = []
    for _ in range(41):
        conversations.append(list(messages))
        messages += [TOOL_CALL, RESULT]
    assert cost(house, house.new_session(), *conversations) == 3


def test_two_sessions_at_once_are_two_prompts(house: House) -> None:
    one, other = house.new_session(), house.new_session()
    assert cost(house, one, [user("Hello")]) + cost(house, other, [user("Hello")]) == 2
