"""Which models there are, in each format's shape. Owns what is listed; the shape is the
format's."""

from datetime import UTC, datetime

from codeplan.clients.refusal import Refusal
from codeplan.gateway.formats import CallerFormat
from codeplan.plan.catalogue import Catalogue

# Clients want a date; the catalogue has none.
_CREATED = int(datetime(2025, 9, 30, tzinfo=UTC).timestamp())


def list_models(format_: CallerFormat, catalogue: Catalogue) -> bytes:
    return format_.list_models([model.id for model in catalogue.models], _CREATED)


def show_model(format_: CallerFormat, catalogue: Catalogue, name: str) -> bytes:
    """One of them, by its id or an alias. Raises Refusal where there is none."""
    model = catalogue.model_named(name)
    if model is None:
        known = ", ".join(model.id for model in catalogue.models)
        raise Refusal(404, "1211", f"There is no model {name!r} here. There are: {known}.")
    return format_.show_model(model, _CREATED)
