"""Second tries have an end while an upstream fails, and come back with calls."""

from codeplan.routing.budget import RetryBudget


def test_second_tries_end_and_come_back() -> None:
    budget = RetryBudget(most=3)
    assert [budget.withdraw() for _ in range(4)] == [True, True, True, False]
    for _ in range(5):
        budget.deposit()
    assert budget.withdraw()
    assert not budget.withdraw()


def test_the_budget_is_bounded() -> None:
    budget = RetryBudget(most=2)
    for _ in range(1000):
        budget.deposit()
    assert [budget.withdraw() for _ in range(3)] == [True, True, False]
