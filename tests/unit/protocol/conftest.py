"""Whatever is encoded here, an upstream would accept."""

from support.every_request import every_request_is_checked

__all__ = ["every_request_is_checked"]
