"""Reading what an address shows: what it leads on to by itself, a refresh or its frames, is fetched
too, in one trip. Never follows a link that a person would have to follow."""

from dataclasses import replace

from codeplan.fetching.not_fetched import Kind, NotFetched
from codeplan.fetching.pages import ReadPage, Wanted
from codeplan.fetching.reading import read_page
from codeplan.fetching.trips import Trip

_DEEPEST = 5


async def read_address(
    trip: Trip, url: str, wanted: Wanted, base: str = "", depth: int = 0
) -> ReadPage:
    """``base``: the page that named ``url``, where one did. Raises NotFetched."""
    if depth > _DEEPEST:
        raise NotFetched("its pages lead on to others without end", Kind.UNREACHABLE)
    page = await read_page(await trip.fetch(url, base), wanted)
    if page.refresh:
        return await read_address(trip, page.refresh, wanted, page.url, depth + 1)
    if page.frames:
        return await _with_frames(trip, page, wanted, depth)
    return page


async def _with_frames(trip: Trip, page: ReadPage, wanted: Wanted, depth: int) -> ReadPage:
    """The page, with what its frames show, as far as they can be read."""
    pages: list[ReadPage] = []
    failure = NotFetched("nothing was found in the page's frames", Kind.EMPTY)
    for frame in page.frames:
        try:
            pages.append(await read_address(trip, frame, wanted, page.url, depth + 1))
        except NotFetched as failed:
            failure = failed
    if not pages:
        raise failure
    return replace(
        page,
        title=page.title or pages[0].title,
        text="\n\n".join(one.text for one in pages),
        links=tuple(link for one in (page, *pages) for link in one.links),
        images=tuple(image for one in (page, *pages) for image in one.images),
        cut=" ".join(dict.fromkeys(one.cut for one in pages if one.cut)),
        frames=(),
    )
