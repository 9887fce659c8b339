"""What is remembered is dropped by the commit that changes it, and nothing that was read before."""

import asyncio
from collections.abc import Collection

import pytest

from codeplan.plan.windows import Window
from codeplan.store.changes import EVERYTHING, Changed, Changes, Listener, changed_by
from codeplan.store.documents import Document
from codeplan.store.money import Decision
from codeplan.store.remembered import Remembered
from codeplan.store.rows import Account, ClientKey


class Cap(Document, frozen=True, kw_only=True):
    number: int


class Commits:
    """Changes that a test makes, and values that it lets arrive."""

    def __init__(self) -> None:
        self.changes, self.hears = Changes(), True
        self.values = {"a/1": 1, "a/2": 2, "b/1": 3}
        self.read: list[str] = []
        self.arrives = asyncio.Event()
        self.arrives.set()

    def on_change(self, kinds: Collection[str], listener: Listener) -> None:
        self.changes.listen(kinds, listener)

    async def load(self, name: str) -> int | None:
        self.read.append(name)
        value = self.values.get(name)
        await self.arrives.wait()
        return value


@pytest.fixture
async def commits() -> Commits:
    return Commits()


@pytest.fixture
def caps(commits: Commits) -> Remembered[str, int]:
    return Remembered(commits, (Cap, Account), commits.load, lambda name, _: (name[0],), most=3)


async def test_it_is_read_once(commits: Commits, caps: Remembered[str, int]) -> None:
    assert [await caps.get("a/1") for _ in range(3)] == [1, 1, 1]
    assert commits.read == ["a/1"]


async def test_what_is_not_there_is_asked_again(
    commits: Commits, caps: Remembered[str, int]
) -> None:
    assert await caps.get("a/9") is None
    commits.values["a/9"] = 9
    assert await caps.get("a/9") == 9


@pytest.mark.parametrize(
    ("change", "dropped"),
    [
        (Changed("cap", "a"), {"a/1", "a/2"}),
        (Changed("account", "b"), {"b/1"}),
        (Changed("cap"), {"a/1", "a/2", "b/1"}),
        (Changed(account_id="b"), {"b/1"}),
        (EVERYTHING, {"a/1", "a/2", "b/1"}),
        (Changed("subscription", "a"), set()),
        (Changed("cap", "c"), set()),
    ],
)
async def test_a_change_drops_what_is_made_of_it(
    commits: Commits, caps: Remembered[str, int], change: Changed, dropped: set[str]
) -> None:
    for _ in range(2):
        for name in commits.values:
            await caps.get(name)
        commits.read.clear()
        commits.changes.publish([change])
    for name in commits.values:
        await caps.get(name)
    assert set(commits.read) == dropped


async def test_what_was_read_before_a_change_is_not_kept(
    commits: Commits, caps: Remembered[str, int]
) -> None:
    commits.arrives.clear()
    before = asyncio.create_task(caps.get("a/1"))
    await asyncio.sleep(0)
    commits.values["a/1"] = 7
    commits.changes.publish([Changed("cap", "a")])
    commits.arrives.set()
    assert await before == 1
    assert await caps.get("a/1") == 7


async def test_a_value_that_is_loaded_twice_at_once_has_its_newest_owners(commits: Commits) -> None:
    owners = {1: ("a",), 4: ("c",)}
    caps = Remembered(commits, (Cap,), commits.load, lambda _, value: owners[value])
    commits.arrives.clear()
    first = asyncio.create_task(caps.get("a/1"))
    await asyncio.sleep(0)
    commits.values["a/1"] = 4
    second = asyncio.create_task(caps.get("a/1"))
    await asyncio.sleep(0)
    commits.arrives.set()
    assert (await first, await second) == (1, 4)
    for owner in ("a", "c"):
        commits.changes.publish([Changed("cap", owner)])
    assert await caps.get("a/1") == 4


async def test_nothing_is_trusted_while_nothing_is_heard(
    commits: Commits, caps: Remembered[str, int]
) -> None:
    await caps.get("a/1")
    commits.hears = False
    commits.values["a/1"] = 7
    assert [await caps.get("a/1") for _ in range(2)] == [7, 7]
    assert commits.read == ["a/1"] * 3


async def test_memory_is_bounded(commits: Commits, caps: Remembered[str, int]) -> None:
    commits.values |= {f"c/{number}": number for number in range(100)}
    for name in commits.values:
        await caps.get(name)
    commits.read.clear()
    for name in commits.values:
        await caps.get(name)
    assert len(commits.read) >= len(commits.values) - 3


async def test_only_kinds_of_which_commits_tell_can_be_remembered(commits: Commits) -> None:
    for kinds in ((), (Window,)):
        with pytest.raises(ValueError, match=r"remembered|tells"):
            Remembered(commits, kinds, commits.load, lambda *_: ())


async def test_many_changes_are_told_as_one(commits: Commits, caps: Remembered[str, int]) -> None:
    many = [Changed("cap", f"acc_{number}") for number in range(1000)]
    few = [Changed("account", "a"), Changed("account", "a"), Changed("note", "a")]
    assert list(commits.changes.to_tell([*many, *few])) == [Changed("account", "a"), Changed("cap")]


def test_a_key_changes_whoever_calls_and_whoever_pays() -> None:
    key = ClientKey("ck_1", "acc_1", b"", "", 0, payer_id="acc_2")
    assert changed_by(Decision(keys=(key,))) == {
        Changed("clientkey", "acc_1"),
        Changed("clientkey", "acc_2"),
    }
