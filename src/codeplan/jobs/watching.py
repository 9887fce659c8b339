"""What is seen of calls, written every few seconds; and accounts that look shared, looked for."""

import asyncio

from codeplan.accounts.devices import Devices
from codeplan.jobs.clockwork import every
from codeplan.kit.instants import HOUR
from codeplan.metering.refused_calls import RefusedCalls
from codeplan.metering.tallies import Tallies
from codeplan.subscriptions.cases import Cases
from codeplan.subscriptions.reports import Reports
from codeplan.telemetry import Runs

_KEEP_SECONDS = 5.0
_LOOK_SECONDS = 60.0
_SUM_SECONDS = HOUR / 1000
_DAYS_SUMMED = 30


async def keep_seen(
    devices: Devices, tallies: Tallies, refused_calls: RefusedCalls, runs: Runs
) -> None:
    """Until cancelled; what was not written by then is written last."""

    async def work() -> None:
        await devices.keep()
        await tallies.keep()
        await refused_calls.flush()

    try:
        await every(runs, _KEEP_SECONDS, "what was seen", work)
    except asyncio.CancelledError:
        await work()
        raise


async def look_for_sharing(cases: Cases, runs: Runs) -> None:
    """Until cancelled."""

    async def work() -> None:
        await cases.look()

    await every(runs, _LOOK_SECONDS, "looking for sharing", work)


async def sum_days(reports: Reports, runs: Runs) -> None:
    """Until cancelled: days that are over are summed once."""

    async def work() -> None:
        await reports.days(_DAYS_SUMMED)

    await every(runs, _SUM_SECONDS, "summing days", work)
