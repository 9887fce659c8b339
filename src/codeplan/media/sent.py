"""A file that came with a request: as the field ``file`` of a form, or as the body itself. It is
never more than the limit that is held of it, whatever length was announced."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from codeplan.media.kinds import MediaInvalid

# A form's own lines around the file, and its other fields.
_AROUND = 64 * 1024


class TooLarge(MediaInvalid):
    """More than is taken."""

    status = 413


@dataclass(frozen=True, slots=True)
class Sent:
    """``name``: as the sender calls it. ``fields``: the form's others."""

    file: bytes
    name: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


async def read_sent(request: Request, most_bytes: int) -> Sent:
    """Raises MediaInvalid, TooLarge."""
    is_form = request.headers.get("content-type", "").startswith("multipart/form-data")
    whole = bytearray()
    async for piece in request.stream():
        whole += piece
        if len(whole) > most_bytes + (_AROUND if is_form else 0):
            raise TooLarge(_too_large(most_bytes))
    return await _form(request, whole, most_bytes) if is_form else Sent(bytes(whole))


async def _form(request: Request, whole: bytearray, most_bytes: int) -> Sent:
    async def body() -> AsyncGenerator[bytes, None]:
        yield bytes(whole)

    parser = MultiPartParser(request.headers, body(), max_files=1, max_fields=16)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError) as problem:
        raise MediaInvalid(f"the form cannot be read: {problem}") from None
    try:
        found = form.get("file")
        if not isinstance(found, UploadFile):
            raise MediaInvalid("expected a form with the field 'file'")
        file = await found.read()
        if len(file) > most_bytes:
            raise TooLarge(_too_large(most_bytes))
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        return Sent(file, found.filename or "", fields)
    finally:
        await form.close()


def _too_large(most_bytes: int) -> str:
    return f"the file is larger than {most_bytes // (1024 * 1024)} MB"
