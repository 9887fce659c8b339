"""Speech to text at `POST /api/paas/v4/audio/transcriptions`, in OpenAI's shape. It is a use of the
voice benefit, and draws on neither prompts nor money. Beside OpenAI's fields: ``rewrite`` (polish,
translate or commit_message) with ``rewrite_language``, in the same use."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from codeplan.api.answers import answer
from codeplan.api.endpoints import BAD_KEY
from codeplan.api.shown import Services
from codeplan.clients.limits import Headers
from codeplan.dictation.desk import Dictated, DictationDesk
from codeplan.dictation.leaving import CallerLeft, unless_left
from codeplan.dictation.transcriber import Busy
from codeplan.kit.ids import new_id
from codeplan.media.kinds import MediaInvalid
from codeplan.media.sent import read_sent
from codeplan.protocol.openai_chat import errors
from codeplan.store.base import StoreFailed
from codeplan.subscriptions.apart import CallRefused, WorkFailed

PATH = "/api/paas/v4/audio/transcriptions"
_FORMS = ("json", "text", "verbose_json")


class Speech:
    def __init__(self, services: Services, desk: DictationDesk) -> None:
        self._services, self._desk = services, desk

    def routes(self) -> list[Route]:
        return [Route(PATH, self._transcribe, methods=["POST"])]

    async def _transcribe(self, request: Request) -> Response:
        holder = await self._services.accounts.holder_in(dict(request.headers.raw))
        if holder is None:
            return self._refused(401, "1000", BAD_KEY)
        try:
            sent = await read_sent(request, self._desk.most_bytes)
            form = sent.fields.get("response_format") or "json"
            if form not in _FORMS:
                raise MediaInvalid(f"response_format: expected one of {', '.join(_FORMS)}")
            if sent.fields.get("stream", "").lower() in ("true", "1"):
                raise MediaInvalid("stream: a transcription comes whole here")
            if holder.rules.lane == "paid":
                raise CallRefused("This key's owner lets it be used for pay-as-you-go only.")
            way = sent.fields.get("rewrite", "")
            language = sent.fields.get("rewrite_language", "")
            work = self._desk.dictate(holder.account, sent, way, language, holder.key.id)
            done = await unless_left(request.receive, work)
        except MediaInvalid as invalid:
            return self._refused(invalid.status, "1210", f"The recording was not taken: {invalid}.")
        except CallRefused as refused:
            return self._refused(refused.status, refused.code, str(refused), refused.limits)
        except Busy as busy:
            again = ((b"retry-after", b"%d" % busy.retry_after_seconds),)
            return self._refused(busy.status, busy.code, f"{busy} Nothing was charged.", again)
        except WorkFailed as failed:
            return self._refused(failed.status, failed.code, f"{failed} Nothing was charged.")
        except CallerLeft:
            return self._refused(499, "1200", "The caller left. Nothing was charged.")
        except StoreFailed:
            return self._refused(503, "1200", "The service cannot keep its books just now.")
        return _shown(form, done)

    def _refused(self, status: int, code: str, message: str, more: Headers = ()) -> Response:
        name = new_id("req", self._services.clock.now())
        body = errors.encode(status, code, message, name)
        headers = {field.decode(): value.decode() for field, value in more}
        return Response(body, status, {"x-request-id": name, **headers}, "application/json")


def _shown(form: str, done: Dictated) -> Response:
    if form == "text":
        return PlainTextResponse(f"{done.text}\n")
    told: dict[str, str | bool] = {"text": done.text}
    if done.text != done.heard.text:
        told["heard"] = done.heard.text
    if done.kept:
        told["rewritten"] = False
    if form == "json":
        return answer(told)
    more = {"task": "transcribe", "language": done.heard.language, "duration": done.heard.seconds}
    return answer({**more, **told})
