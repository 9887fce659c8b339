"""The console's own files. An address with the version in it may be kept for good."""

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_FOR_GOOD = "public, max-age=31536000, immutable"


class KeptFiles(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        versioned = b"v=" in scope["query_string"] or path.startswith("chunk-")
        response.headers["cache-control"] = _FOR_GOOD if versioned else "no-cache"
        response.headers["x-content-type-options"] = "nosniff"
        return response
