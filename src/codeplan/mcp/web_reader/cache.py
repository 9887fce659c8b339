"""Pages that were read, for so long; the oldest leave when there are many, or they are large."""

from collections import OrderedDict

from codeplan.fetching.pages import ReadPage, Wanted
from codeplan.kit.clock import Clock

_MOST_LETTERS = 16_000_000


class PageCache:
    def __init__(self, clock: Clock, keep_ms: int, most: int = 200) -> None:
        self._clock, self._keep_ms, self._most = clock, keep_ms, most
        self._pages: OrderedDict[tuple[str, Wanted], tuple[int, ReadPage]] = OrderedDict()
        self._letters = 0

    def get(self, url: str, wanted: Wanted) -> ReadPage | None:
        at, page = self._pages.get((url, wanted), (0, None))
        return page if self._clock.now() - at < self._keep_ms else None

    def put(self, url: str, wanted: Wanted, page: ReadPage) -> None:
        if (url, wanted) in self._pages:
            self._letters -= len(self._pages.pop((url, wanted))[1].text)
        self._pages[url, wanted] = (self._clock.now(), page)
        self._letters += len(page.text)
        while len(self._pages) > self._most or self._letters > _MOST_LETTERS:
            self._letters -= len(self._pages.popitem(last=False)[1][1].text)
