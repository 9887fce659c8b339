"""What a plan brings beside its models: benefits, as values of the catalogue. Knows no file."""

from dataclasses import dataclass
from typing import Literal

from codeplan.plan.rules import WindowRule

# voice: speech becomes text, and the text another one. codes: a partner's codes, one each.
BenefitKind = Literal["voice", "codes"]


@dataclass(frozen=True, slots=True)
class Benefit:
    """``plans``: whose holders may claim it; none for all plans. ``days``: for how long from its
    claim, whatever becomes of the plan; 0 for as long as the plan runs. ``windows``: how often it
    may be used; none for no limit. ``most_seconds``: of one recording. ``url``: a partner's page,
    or ""."""

    id: str
    name: str
    kind: BenefitKind
    about: str = ""
    plans: frozenset[str] = frozenset()
    days: int = 0
    windows: tuple[WindowRule, ...] = ()
    most_seconds: int = 300
    url: str = ""

    def comes_with(self, plan_id: str) -> bool:
        return not self.plans or plan_id in self.plans
