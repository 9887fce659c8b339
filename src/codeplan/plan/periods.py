"""The periods for which plans are sold."""

from collections.abc import Mapping
from typing import Literal

Period = Literal["month", "quarter", "year"]

PERIOD_MONTHS: Mapping[Period, int] = {"month": 1, "quarter": 3, "year": 12}
