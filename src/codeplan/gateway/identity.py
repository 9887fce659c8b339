"""The headers by which an answer says which request it answers."""

from codeplan.gateway.caller import Headers


def identity_headers(request_id: str) -> Headers:
    """Both names that SDKs look for."""
    value = request_id.encode()
    return ((b"request-id", value), (b"x-request-id", value))


def json_headers(request_id: str) -> Headers:
    """Of an answer that comes whole."""
    return ((b"content-type", b"application/json"), *identity_headers(request_id))
