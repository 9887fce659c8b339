"""From a conversation with pictures and videos in it to one with plain pictures alone: links are
fetched by the guarded fetch (an upstream follows none), videos become frames, and what of them is
seen otherwise than it was sent is told. It asks no model."""

import asyncio
import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from codeplan.fetching.fetcher import Fetcher, NotFetched
from codeplan.media.frames import Film, open_video
from codeplan.media.inline import bytes_of, bytes_of_data_link, is_data_link
from codeplan.media.kinds import Because, MediaInvalid
from codeplan.media.picks import FrameRules
from codeplan.media.pictures import Picture, open_picture
from codeplan.protocol import inner
from codeplan.subscriptions.apart import WorkFailed

T = TypeVar("T")
# Pictures and frames are taken apart beside the loop, so many at a time.
_AT_ONCE = 2
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class OpeningRules:
    """Sizes in megabytes. ``frames``: which of a video are looked at."""

    frames: FrameRules
    image_megabytes: int
    video_megabytes: int


@dataclass(frozen=True, slots=True)
class Opened:
    """``pictures``: in the order in which they are shown. ``notes``: what is to be told of what
    was seen; one for each picture or video of which there is something to tell."""

    messages: tuple[inner.Message, ...]
    pictures: tuple[Picture, ...]
    notes: tuple[str, ...]


class Opening:
    def __init__(self, rules: OpeningRules, fetcher: Fetcher) -> None:
        self._rules, self._fetcher = rules, fetcher
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def open(self, messages: Sequence[inner.Message]) -> Opened:
        """Raises WorkFailed."""
        opened: list[inner.Message] = []
        pictures: list[Picture] = []
        notes: list[str] = []
        for message in messages:
            parts: list[inner.Part] = []
            for part in message.parts:
                if isinstance(part, inner.Image):
                    picture = await self._picture(part)
                    pictures.append(picture)
                    parts.append(_shown(picture))
                    if picture.notes:
                        notes.append(f"picture {len(pictures)} {', '.join(picture.notes)}")
                elif isinstance(part, inner.Video):
                    film = await self._film(part)
                    pictures += [frame.picture for frame in film.frames]
                    parts += _told(film)
                    notes.append(film.span)
                else:
                    parts.append(part)
            opened.append(replace(message, parts=tuple(parts)))
        return Opened(tuple(opened), tuple(pictures), tuple(notes))

    async def _picture(self, part: inner.Image) -> Picture:
        return await self._read("picture", part, self._rules.image_megabytes, open_picture)

    async def _film(self, part: inner.Video) -> Film:
        work = partial(open_video, rules=self._rules.frames)
        return await self._read("video", part, self._rules.video_megabytes, work)

    async def _read(
        self,
        what: str,
        part: inner.Image | inner.Video,
        megabytes: int,
        work: Callable[[bytes], T],
    ) -> T:
        """Raises WorkFailed."""
        try:
            body = await self._body(part)
            if not body:
                raise MediaInvalid("there is nothing in it", Because.EMPTY)
            if len(body) > megabytes * _MEGABYTE:
                raise MediaInvalid(f"it is larger than {megabytes} MB", Because.LARGE)
            async with self._slots:
                return await asyncio.to_thread(work, body)
        except MediaInvalid as invalid:
            raise WorkFailed(f"The {what} was not read: {invalid}.", 400) from None
        except NotFetched as failed:
            raise WorkFailed(f"The link was not fetched: {failed}.", 400) from None

    async def _body(self, part: inner.Image | inner.Video) -> bytes:
        """Raises MediaInvalid, NotFetched."""
        # A bare text without a colon is base64: GLM's API takes it in the place of a link.
        if part.data or ":" not in part.url:
            return await asyncio.to_thread(bytes_of, part.data or part.url)
        if is_data_link(part.url):
            return await asyncio.to_thread(bytes_of_data_link, part.url)
        return (await self._fetcher.fetch(part.url)).body


def _told(film: Film) -> list[inner.Part]:
    """For the model: how long the video is, and each frame under its time."""
    parts: list[inner.Part] = [inner.Text(f"A video of {film.seconds:.1f} s, as frames of it:")]
    for frame in film.frames:
        parts += [inner.Text(f"At {frame.at:.1f} s:"), _shown(frame.picture)]
    return parts


def _shown(picture: Picture) -> inner.Image:
    return inner.Image(picture.media_type, base64.b64encode(picture.body).decode())
