"""What a site lets robots read (robots.txt, RFC 9309): asked for once an hour, where an operator
has it obeyed. A site without one lets everything be read; one whose server is broken, nothing."""

from collections import OrderedDict
from urllib.robotparser import RobotFileParser

from codeplan.fetching.fetcher import Fetcher
from codeplan.fetching.not_fetched import Kind, NotFetched, nothing_else_leaves
from codeplan.fetching.urls import WebAddress
from codeplan.kit.clock import Clock
from codeplan.kit.instants import HOUR

_AGENT = "codeplan-reader"
_MOST_SITES = 2_000
_MOST_BYTES = 512 * 1024


class Robots:
    def __init__(self, fetcher: Fetcher, clock: Clock) -> None:
        self._fetcher, self._clock = fetcher, clock
        self._sites: OrderedDict[str, tuple[int, RobotFileParser]] = OrderedDict()

    async def must_allow(self, address: WebAddress) -> None:
        """Raises NotFetched."""
        with nothing_else_leaves("asking for robots.txt"):
            await self._must_allow(address)

    async def _must_allow(self, address: WebAddress) -> None:
        site = address.site
        at, rules = self._sites.get(site, (0, None))
        if rules is None or self._clock.now() - at > HOUR:
            rules = await self._rules(site)
            self._sites[site] = (self._clock.now(), rules)
            self._sites.move_to_end(site)
            while len(self._sites) > _MOST_SITES:
                self._sites.popitem(last=False)
        if not rules.can_fetch(_AGENT, address.href):
            sentence = "the site's robots.txt does not let it be read"
            raise NotFetched(sentence, Kind.FORBIDDEN)

    async def _rules(self, site: str) -> RobotFileParser:
        rules = RobotFileParser()
        try:
            fetched = await self._fetcher.fetch(f"{site}/robots.txt")
        except NotFetched as failed:
            if not failed.status:
                raise
            rules.parse([] if failed.status < 500 else ["User-agent: *", "Disallow: /"])
        else:
            rules.parse(fetched.body[:_MOST_BYTES].decode("utf-8", "replace").splitlines())
        return rules
