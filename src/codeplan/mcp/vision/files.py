"""Where a file is sent that a tool is to look at: `POST /api/mcp/vision/files`, as a form with the
field ``file`` or as the body itself. It is kept an hour and counts nothing."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from codeplan.accounts.directory import Accounts
from codeplan.kit.instants import iso_utc
from codeplan.mcp.serving import BAD_KEY, refusal
from codeplan.media.boundary import refused
from codeplan.media.kinds import Family, MediaInvalid, kind_of
from codeplan.media.sent import read_sent
from codeplan.store.base import StoreFailed
from codeplan.subscriptions.uploads import Uploads
from codeplan.vision.jobs import FILES


class FilesDoor:
    """``most_bytes``: of one file."""

    def __init__(self, accounts: Accounts, uploads: Uploads, most_bytes: int) -> None:
        self._accounts, self._uploads, self._most_bytes = accounts, uploads, most_bytes

    def routes(self) -> list[Route]:
        return [Route(FILES, self._take, methods=["POST"])]

    async def _take(self, request: Request) -> Response:
        holder = await self._accounts.holder_in(dict(request.headers.raw))
        if holder is None:
            return refusal("1000", BAD_KEY, 401)
        try:
            body = (await read_sent(request, self._most_bytes)).file
            kind = kind_of(body)
            if kind.family not in (Family.PICTURE, Family.VIDEO) or not kind.opener:
                raise refused(kind, Family.VIDEO if kind.family is Family.VIDEO else Family.PICTURE)
            name, until = await self._uploads.keep(holder.account.id, body)
        except MediaInvalid as invalid:
            return refusal("1210", f"The file was not taken: {invalid}.", invalid.status)
        except StoreFailed:
            return refusal("1200", "The service cannot keep files just now.", 503)
        return JSONResponse({"id": name, "bytes": len(body), "expires_at": iso_utc(until)})
