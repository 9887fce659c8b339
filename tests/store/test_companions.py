"""What every store must know of calls that ride beside an agent's turn: by their session, or by
their key and program, whatever process the turn came to; and what bounds them."""

from msgspec import structs

from codeplan.kit.instants import MINUTE
from codeplan.plan.turns import FREE_SIDE_CALLS, Claim, TurnClaim
from codeplan.store.base import Store
from codeplan.store.operations import NotAdmitted, Reserved
from support.meters import HandClock, finish, plan, reserve

LITE = plan(calls_per_prompt=3)
TURN = TurnClaim(Claim.AUTHORED, "", "root", 1, "text", "program")
ERRAND = TurnClaim(Claim.ERRAND, "", "title", 1, "x", "program", frozenset({"text"}))
HELPER = TurnClaim(Claim.HELPER, "", "sub", 1, "y", "program")


async def ask(store: Store, number: int, claim: TurnClaim, awaits_tool: bool = False) -> object:
    asked = reserve(number, LITE, claim)
    result = await store.reserve(asked)
    if isinstance(result, Reserved):
        await store.finish(finish(asked, result, awaits_tool=awaits_tool))
    return result


async def test_an_errand_is_known_by_what_it_quotes(store: Store) -> None:
    turn = await ask(store, 1, TURN)
    rides = await ask(store, 2, ERRAND)
    assert isinstance(turn, Reserved)
    assert isinstance(rides, Reserved)
    assert (rides.prompt_id, rides.charged, rides.side) == (turn.prompt_id, False, True)
    for other in (
        structs.replace(ERRAND, quotes=frozenset({"else"})),
        structs.replace(ERRAND, program="another"),
        structs.replace(ERRAND, program="another", session="s"),
    ):
        assert isinstance(await ask(store, 3, other), NotAdmitted)


async def test_a_helper_is_known_while_its_turn_waits_for_a_tool(store: Store) -> None:
    await ask(store, 1, TURN)
    assert isinstance(await ask(store, 2, HELPER), NotAdmitted)
    await ask(store, 3, structs.replace(TURN, claim=Claim.CONTINUATION), awaits_tool=True)
    rides = await ask(store, 4, HELPER)
    assert isinstance(rides, Reserved)
    assert not rides.charged
    # Its end does not say that the turn waits no more.
    other = structs.replace(HELPER, conversation="sub 2")
    drawn = await ask(store, 5, other)
    assert isinstance(drawn, Reserved)
    # Three calls were made for the prompt: this one draws the next, and the turn goes on with it.
    assert drawn.charged


async def test_companions_keep_no_turn_alive(store: Store, clock: HandClock) -> None:
    await ask(store, 1, TURN)
    clock.instant += 14 * MINUTE
    assert isinstance(await ask(store, 2, ERRAND), Reserved)
    clock.instant += 2 * MINUTE
    assert isinstance(await ask(store, 3, ERRAND), NotAdmitted)


async def test_a_receipt_has_the_side_calls_that_came_last(store: Store, clock: HandClock) -> None:
    turn = await ask(store, 1, TURN)
    assert isinstance(turn, Reserved)
    clock.instant += 10 * MINUTE
    assert isinstance(await ask(store, 2, ERRAND), Reserved)
    prompt = await store.prompt("acc_1", turn.prompt_id or "")
    assert prompt is not None
    assert len(await store.calls(prompt)) == prompt.calls == 2


SIDE = TurnClaim(Claim.SIDE, "s", "title", 1, "t")
IN_SESSION = TurnClaim(Claim.AUTHORED, "s", "root", 1, "text")
RIDER = TurnClaim(Claim.ERRAND, "s", "title", 1, "t")
WIDE = plan(calls_per_prompt=100)


async def test_a_prompt_that_was_never_charged_pays_for_nothing(store: Store) -> None:
    """Opened and released again and again, it neither gives free side calls anew nor carries more
    of them than are free."""
    free = 0
    for round_ in range(3):
        turn = reserve(1000 * round_, WIDE, structs.replace(IN_SESSION, ordinal=round_))
        reserved = await store.reserve(turn)
        assert isinstance(reserved, Reserved)
        for number in range(15):
            for kind in (RIDER, SIDE):
                asked = reserve(1000 * round_ + 50 * number + len(kind.claim), WIDE, kind)
                result = await store.reserve(asked)
                if isinstance(result, Reserved) and not result.charged:
                    free += 1
                    await store.finish(finish(asked, result))
                elif isinstance(result, Reserved):
                    await store.finish(finish(asked, result, delivered=False))
        await store.finish(finish(turn, reserved, delivered=False))
    assert free == FREE_SIDE_CALLS


async def test_once_a_prompt_is_charged_side_calls_are_free_again(store: Store) -> None:
    for round_ in range(3):
        turn = reserve(1000 * round_, WIDE, structs.replace(IN_SESSION, ordinal=round_))
        reserved = await store.reserve(turn)
        assert isinstance(reserved, Reserved)
        for number in range(FREE_SIDE_CALLS):
            asked = reserve(1000 * round_ + number + 1, WIDE, SIDE)
            result = await store.reserve(asked)
            assert isinstance(result, Reserved)
            assert not result.charged
            await store.finish(finish(asked, result))
        await store.finish(finish(turn, reserved))
