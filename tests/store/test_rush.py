"""Ten thousand calls at once on the last hundred prompts: a hundred are admitted, on every store,
from one node or from three. (Peers' defects: reading, checking and writing in several steps;
budgets that multiply by the number of replicas.)"""

import asyncio
from itertools import count

from codeplan.plan.rules import ONE
from codeplan.store.base import Store
from codeplan.store.operations import Refused, Reserved
from store.conftest import Stores
from support.meters import claim, finish, plan, reserve

CALLS, LEFT, ROUNDS = 10_000, 100, 20
LITE = plan(120)


async def test_the_last_hundred_prompts(stores: Stores) -> None:
    nodes = 1 if stores.kind == "sqlite" else 3
    opened = [await stores.open() for _ in range(nodes)]
    numbers = count()
    for round_number in range(ROUNDS):
        subscription = f"sub_{round_number}"
        for _ in range(120 - LEFT):
            await _one(opened[0], next(numbers), subscription)
        results = await asyncio.gather(
            *(_one(opened[n % nodes], next(numbers), subscription) for n in range(CALLS))
        )
        assert sum(results) == LEFT
        (window,) = await opened[0].open_windows(subscription)
        assert (window.used, window.reserved) == (120 * ONE, 0)


async def _one(store: Store, number: int, subscription: str) -> bool:
    asked = reserve(number, LITE, claim(f"s{number}"), subscription)
    reserved = await store.reserve(asked)
    if isinstance(reserved, Refused):
        return False
    assert isinstance(reserved, Reserved)
    await store.finish(finish(asked, reserved))
    return True
