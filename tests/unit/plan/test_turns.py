"""What a call belongs to."""

from codeplan.kit.instants import HOUR, MINUTE
from codeplan.plan.turns import (
    CONTINUE_MS,
    FREE_SIDE_CALLS,
    RETRY_MS,
    SIDE_MS,
    Claim,
    Free,
    NewPrompt,
    Prompt,
    Rides,
    RunAway,
    TurnClaim,
    TurnLimits,
    Unattached,
    find,
)
from support.meters import claim

LIMITS = TurnLimits(20)


def prompt(of: TurnClaim, **more: object) -> Prompt:
    made = Prompt(
        id="prompt_1",
        account_id="acc_1",
        subscription_id="sub_1",
        session=of.session,
        conversation=of.conversation,
        ordinal=of.ordinal,
        text_hash=of.text_hash,
        client="claude-code",
        opened_at=0,
        last_call_at=0,
        state="settled",
        calls=1,
    )
    for name, value in more.items():
        setattr(made, name, value)
    return made


def test_the_same_text_again_is_a_retry_for_a_while() -> None:
    known = [prompt(claim())]
    assert isinstance(find(claim(), known, LIMITS, 0, RETRY_MS), Rides)
    assert isinstance(find(claim(), known, LIMITS, 0, RETRY_MS + 1), NewPrompt)


def test_a_tools_result_may_take_hours() -> None:
    known = [prompt(claim())]
    going_on = claim(kind=Claim.CONTINUATION)
    assert isinstance(find(going_on, known, LIMITS, 0, 3 * HOUR), Rides)
    assert isinstance(find(going_on, known, LIMITS, 0, CONTINUE_MS + 1), NewPrompt)


def test_a_released_prompt_pays_for_nothing() -> None:
    assert isinstance(find(claim(), [prompt(claim(), state="released")], LIMITS, 0, 0), NewPrompt)


def test_the_next_prompt_starts_after_the_plans_calls_per_prompt() -> None:
    assert isinstance(find(claim(), [prompt(claim(), calls=19)], LIMITS, 0, 0), Rides)
    assert isinstance(find(claim(), [prompt(claim(), calls=20)], LIMITS, 0, 0), NewPrompt)


def test_a_marked_sub_agent_rides_on_its_sessions_turn() -> None:
    agent = TurnClaim(Claim.SUB_AGENT, "s", "another root", 1, "x")
    assert isinstance(find(agent, [prompt(claim())], LIMITS, 0, MINUTE), Rides)
    assert isinstance(find(agent, [], LIMITS, 0, MINUTE), NewPrompt)


def test_another_root_rides_only_while_the_turn_waits_for_a_tool() -> None:
    other = TurnClaim(Claim.AUTHORED, "s", "another root", 1, "x")
    assert isinstance(find(other, [prompt(claim(), awaits_tool=True)], LIMITS, 0, 0), Rides)
    assert isinstance(find(other, [prompt(claim(), awaits_tool=False)], LIMITS, 0, 0), NewPrompt)


def test_a_side_call_rides_or_is_free_up_to_a_number() -> None:
    side = claim(kind=Claim.SIDE)
    assert isinstance(find(side, [prompt(claim())], LIMITS, 0, 0), Rides)
    assert isinstance(find(side, [], LIMITS, 0, 0), Free)
    assert isinstance(find(side, [], LIMITS, FREE_SIDE_CALLS, 0), NewPrompt)


def test_a_side_call_counts_in_its_prompt_and_in_its_turn() -> None:
    side = claim(kind=Claim.SIDE)
    drawn = find(side, [prompt(claim(), calls=20)], LIMITS, 0, 0)
    assert isinstance(drawn, NewPrompt)
    assert drawn.goes_on is not None
    stopped = find(side, [prompt(claim(), calls=20, earlier_calls=480)], TurnLimits(20, 500), 0, 0)
    assert isinstance(stopped, RunAway)


def companion(
    kind: Claim, session: str = "", program: str = "", quotes: frozenset[str] = frozenset()
) -> TurnClaim:
    return TurnClaim(kind, session, "another root", 1, "x", program, quotes)


def test_what_only_rides_rides_in_its_session_for_a_while() -> None:
    known = [prompt(claim())]
    for kind in (Claim.ERRAND, Claim.HELPER):
        assert isinstance(find(companion(kind, "s"), known, LIMITS, 0, SIDE_MS), Rides)
        assert isinstance(find(companion(kind, "s"), known, LIMITS, 0, SIDE_MS + 1), Unattached)
        assert isinstance(find(companion(kind, "other"), known, LIMITS, 0, 0), Unattached)


def test_without_a_session_an_errand_must_quote_its_turn() -> None:
    turn = TurnClaim(Claim.AUTHORED, "", "root", 1, "text", "program")
    known = [prompt(turn, program="program")]
    quoting = companion(Claim.ERRAND, program="program", quotes=frozenset(("text", "else")))
    assert isinstance(find(quoting, known, LIMITS, 0, 0), Rides)
    bare = companion(Claim.ERRAND, program="program", quotes=frozenset(("else",)))
    assert isinstance(find(bare, known, LIMITS, 0, 0), Unattached)
    other_program = companion(Claim.ERRAND, program="curl", quotes=frozenset(("text",)))
    assert isinstance(find(other_program, known, LIMITS, 0, 0), Unattached)


def test_without_a_session_a_helper_rides_while_its_turn_waits_for_a_tool() -> None:
    turn = TurnClaim(Claim.AUTHORED, "", "root", 1, "text", "program")
    helper = companion(Claim.HELPER, program="program")
    waiting = [prompt(turn, program="program", awaits_tool=True)]
    assert isinstance(find(helper, waiting, LIMITS, 0, HOUR), Rides)
    assert isinstance(find(helper, [prompt(turn, program="program")], LIMITS, 0, 0), Unattached)


def test_a_marked_sub_agent_without_a_session_rides_on_its_own_conversation_first() -> None:
    own = TurnClaim(Claim.AUTHORED, "", "in /a", 1, "text", "program")
    other = TurnClaim(Claim.AUTHORED, "", "in /b", 1, "else", "program")
    known = [
        prompt(other, id="prompt_2", program="program", awaits_tool=True),
        prompt(own, program="program", awaits_tool=True),
    ]
    marked = TurnClaim(Claim.SUB_AGENT, "", "in /a", 1, "x", "program")
    rides = find(marked, known, LIMITS, 0, 0)
    assert isinstance(rides, Rides)
    assert rides.prompt.id == "prompt_1"
    elsewhere = find(companion(Claim.SUB_AGENT, program="program"), known, LIMITS, 0, 0)
    assert isinstance(elsewhere, Rides)


def test_what_is_observed_is_a_prompt_each_time() -> None:
    observed = claim(kind=Claim.OBSERVED)
    assert isinstance(find(observed, [prompt(claim())], LIMITS, 0, 0), NewPrompt)
