"""From a conversation with pictures and videos in it to an answer: links are fetched by the guarded
fetch (an upstream follows none), videos become frames, and the vision model is asked. Where there
is no such model, text is read by the embedded reader, and the rest says what is missing."""

import asyncio
import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from codeplan.fetching.fetcher import Fetcher, NotFetched
from codeplan.media.frames import FrameRules, take_frames
from codeplan.media.kinds import MediaInvalid
from codeplan.media.pictures import Picture, checked_picture
from codeplan.protocol import inner
from codeplan.routing.asking import AskFailed, Asking, Told
from codeplan.subscriptions.apart import Spent, WorkFailed
from codeplan.vision.jobs import READ_TEXT
from codeplan.vision.text_reader import NAME, TextReader

T = TypeVar("T")
# Pictures and frames are taken apart beside the loop, so many at a time.
_AT_ONCE = 2
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class VisionSettings:
    """``model``: the catalogue's id of the vision model; "" for none. ``reads_text``: whether the
    embedded reader may serve without one. Sizes in megabytes."""

    model: str = ""
    reads_text: bool = True
    output_tokens: int = 8192
    frames: FrameRules = field(default_factory=FrameRules)
    image_megabytes: int = 5
    video_megabytes: int = 8


class Vision:
    def __init__(
        self, settings: VisionSettings, asking: Asking, fetcher: Fetcher, reader: TextReader
    ) -> None:
        self.settings = settings
        self._asking, self._fetcher, self._reader = asking, fetcher, reader
        self._slots = asyncio.Semaphore(_AT_ONCE)

    @property
    def reads_text(self) -> bool:
        """Whether text can be read, by whatever."""
        return bool(self.settings.model) or (self.settings.reads_text and self._reader.is_there)

    async def answer(self, request: inner.Request, job: str, spent: Spent) -> str:
        """``job``: which of the eight it is; "" where nobody knows. Raises WorkFailed."""
        if not self.settings.model and (job != READ_TEXT or not self.reads_text):
            raise WorkFailed(self._missing(job), 501)
        try:
            messages = [await self._opened(message) for message in request.messages]
        except MediaInvalid as invalid:
            raise WorkFailed(f"The picture was not taken: {invalid}.", 400) from None
        except NotFetched as failed:
            raise WorkFailed(f"The link was not fetched: {failed}.", 400) from None
        if not self.settings.model:
            return await self._read(messages, spent)
        asked = replace(
            request,
            messages=tuple(messages),
            stream=False,
            max_tokens=min(request.max_tokens or 10**9, self.settings.output_tokens),
        )
        told = await self._ask(asked)
        spent.note(told)
        return told.text

    def _missing(self, job: str) -> str:
        text = "No vision model is set up at this service"
        if job == READ_TEXT:
            return f"{text}, and the embedded text reader is not installed."
        if self.reads_text:
            return f"{text}. Without one only {READ_TEXT} works."
        return f"{text}."

    async def _ask(self, request: inner.Request) -> Told:
        try:
            return await self._asking.ask(self.settings.model, request)
        except AskFailed as failed:
            raise WorkFailed(f"The vision model did not answer: {failed}", 503) from None

    async def _read(self, messages: Sequence[inner.Message], spent: Spent) -> str:
        pictures = [
            base64.b64decode(part.data)
            for message in messages
            for part in message.parts
            if isinstance(part, inner.Image)
        ]
        if not pictures:
            raise WorkFailed("There is no picture in the call.", 400)
        texts = [await self._reader.read(picture) for picture in pictures]
        spent.upstream, spent.upstream_model = "embedded", NAME
        return "\n\n".join(texts).strip() or "(There is no text in the picture.)"

    async def _opened(self, message: inner.Message) -> inner.Message:
        """With everything that it shows inside of it, as pictures."""
        parts: list[inner.Part] = []
        for part in message.parts:
            if isinstance(part, inner.Image):
                body = await self._body(part, self.settings.image_megabytes)
                parts.append(_shown(await self._beside(partial(checked_picture, body))))
            elif isinstance(part, inner.Video):
                body = await self._body(part, self.settings.video_megabytes)
                for frame in await self._beside(partial(take_frames, body, self.settings.frames)):
                    parts += [inner.Text(f"At {frame.at:.1f} s:"), _shown(frame.picture)]
            else:
                parts.append(part)
        return inner.Message(message.role, tuple(parts))

    async def _body(self, part: inner.Image | inner.Video, megabytes: int) -> bytes:
        """Raises MediaInvalid, NotFetched."""
        if part.url:
            body = (await self._fetcher.fetch(part.url)).body
        else:
            try:
                body = base64.b64decode(part.data, validate=True)
            except (binascii.Error, ValueError):
                raise MediaInvalid("its base64 is damaged") from None
        if len(body) > megabytes * _MEGABYTE:
            raise MediaInvalid(f"it is larger than {megabytes} MB")
        return body

    async def _beside(self, work: Callable[[], T]) -> T:
        async with self._slots:
            return await asyncio.to_thread(work)


def _shown(picture: Picture) -> inner.Image:
    return inner.Image(picture.media_type, base64.b64encode(picture.body).decode())
