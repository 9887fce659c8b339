"""From a conversation with pictures and videos in it to an answer: they are opened, and the vision
model is asked. Where there is no such model, text is read by the embedded reader, and the rest says
what is missing. An answer says what was seen otherwise than it was sent; an empty one is none."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from codeplan.fetching.fetcher import Fetcher
from codeplan.media.kinds import MediaInvalid
from codeplan.media.picks import FrameRules
from codeplan.media.pictures import Picture
from codeplan.protocol import inner
from codeplan.routing.asking import AskFailed, Asking, Told
from codeplan.subscriptions.apart import Spent, WorkFailed
from codeplan.vision.jobs import READ_TEXT
from codeplan.vision.opening import Opening, OpeningRules
from codeplan.vision.text_reader import NAME, TextReader


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

    @property
    def most_bytes(self) -> int:
        """Of a file, whatever it is."""
        return max(self.image_megabytes, self.video_megabytes) * 1024 * 1024


class Vision:
    def __init__(
        self, settings: VisionSettings, asking: Asking, fetcher: Fetcher, reader: TextReader
    ) -> None:
        self.settings = settings
        self._asking, self._reader = asking, reader
        rules = OpeningRules(settings.frames, settings.image_megabytes, settings.video_megabytes)
        self._opening = Opening(rules, fetcher)

    @property
    def reads_text(self) -> bool:
        """Whether text can be read, by whatever."""
        return bool(self.settings.model) or (self.settings.reads_text and self._reader.is_there)

    async def answer(self, request: inner.Request, job: str, spent: Spent) -> str:
        """``job``: which of the eight it is; "" where nobody knows. Raises WorkFailed."""
        if not self.settings.model and (job != READ_TEXT or not self.reads_text):
            raise WorkFailed(self._missing(job), 501)
        opened = await self._opening.open(request.messages)
        if self.settings.model:
            text = await self._looked(replace(request, messages=opened.messages), spent)
        else:
            text = await self._read(opened.pictures, spent)
        seen = "; ".join(opened.notes)
        return f"{text}\n\n(What was seen: {seen}.)" if seen else text

    async def _looked(self, request: inner.Request, spent: Spent) -> str:
        most = min(request.max_tokens or 10**9, self.settings.output_tokens)
        told = await self._ask(replace(request, stream=False, max_tokens=most))
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

    async def _read(self, pictures: Sequence[Picture], spent: Spent) -> str:
        if not pictures:
            raise WorkFailed("There is no picture in the call.", 400)
        spent.upstream, spent.upstream_model = "embedded", NAME
        try:
            texts = [await self._reader.read(picture.body) for picture in pictures]
        except MediaInvalid as invalid:
            raise WorkFailed(f"The picture was not read: {invalid}.", 400) from None
        text = "\n\n".join(text for text in texts if text.strip())
        if not text:
            raise WorkFailed("There is no text in the picture.", 400)
        return text
