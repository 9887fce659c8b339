"""However a path is typed, it means one address, and no path leaves the lane that it begins in."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from codeplan.gateway.addresses import (
    GENERAL_BASE,
    MODEL,
    SERVED,
    WRITTEN,
    Address,
    Lane,
)
from codeplan.gateway.paths import destination, is_ours

OPERATIONS = [
    (base, operation, address)
    for base, served in SERVED.items()
    for operation, address in served.items()
]
WORDS = st.sampled_from(
    [
        *{word for base, operation, _ in OPERATIONS for word in f"{base}/{operation}".split("/")},
        "v1", "v4", "v1beta", "openai", "glm-4.6:generateContent", "glm-4.6", "..", "web_search",
    ]
)  # fmt: skip
MODELS = st.sampled_from(["glm-4.6", "zai-org/GLM-4.6", "qwen3:8b", "models", "messages", "模型"])
DOUBLED = ("messages", "messages/count_tokens", "chat/completions", "responses", "models")
SLASHES = st.sampled_from(["/", "//", "///"])


def found(path: str) -> tuple[Address | None, str, str]:
    to = destination(path, "", {})
    return to.address, to.target.model, to.target.verb


def filled(address: Address, model: str) -> str:
    return address.path.replace("{model}", model)


def test_every_address_means_itself() -> None:
    for base, operation, address in OPERATIONS:
        assert found(filled(address, "glm-4.6"))[0] == address, (base, operation)
        assert is_ours(filled(address, "glm-4.6"))
        assert (address.lane is Lane.GENERAL) == (base == GENERAL_BASE)
    assert all(path == address.path for path, address in WRITTEN.items())


@settings(max_examples=1000, deadline=None)
@given(st.data())
def test_repeated_pieces_and_slashes_change_nothing(data: st.DataObject) -> None:
    base, operation, address = data.draw(st.sampled_from(OPERATIONS))
    model = data.draw(MODELS) if operation.startswith(f"{MODEL}:") else "glm-4.6"
    words = [word for word in base.split("/") if word]
    # Between the base and the operation, as people double it: versions, and pieces of the two.
    doubled = operation if operation in DOUBLED else "models" if MODEL in operation else ""
    pieces = [
        [],
        ["v1"],
        ["v4"],
        ["v1", "v1"],
        *([words[-1:], words] if words else []),
        *([doubled.split("/")] if doubled else []),
    ]
    between = data.draw(st.lists(st.sampled_from(pieces), max_size=3))
    typed = [*words, *(word for piece in between for word in piece)]
    ending = filled(address, model)[len(base) :]
    typed += [word for word in ending.split("/") if word]
    path = "".join(data.draw(SLASHES) + word for word in typed)
    path += data.draw(st.sampled_from(["", "/", "//"]))
    reached, its_model, verb = found(path)
    assert reached is not None, path
    assert (reached.action, reached.format, reached.lane) == (
        address.action,
        address.format,
        address.lane,
    ), path
    assert its_model == (model if MODEL in operation else "")
    assert operation.endswith(verb)


@settings(max_examples=2000, deadline=None)
@given(st.lists(WORDS | st.text(max_size=5), max_size=9), st.sampled_from(["", "key=x&alt=sse"]))
def test_no_path_raises_and_none_leaves_its_lane(words: list[str], query: str) -> None:
    path = "/" + "/".join(words)
    is_ours(path)
    to = destination(path, query, {})
    if to.address is None:
        assert to.nearest in {address.path for _, _, address in OPERATIONS}
        return
    typed = "/" + "/".join(word for word in path.split("/") if word)
    begins_there = typed == GENERAL_BASE or typed.startswith(f"{GENERAL_BASE}/")
    assert (to.address.lane is Lane.GENERAL) == begins_there


APPLICATIONS = [
    "/", "/console", "/console/keys", "/static/x.css", "/healthz", "/api/account/plan",
    "/api/admin/accounts", "/api/biz/subscription/list", "/api/clients", "/api/doctor/stream",
    "/api/mcp/web_search_prime/mcp", "/api/monitor/usage/model-usage", "/api/openapi.json",
    "/api/payments/stripe/notify", "/api/usage/prompts", "/api/paas/v4/web_search",
    "/api/paas/v4/reader", "/api/paas/v4/audio/transcriptions", "/wp-admin", "/robots.txt",
]  # fmt: skip


def test_the_applications_paths_stay_its_own() -> None:
    assert [path for path in APPLICATIONS if is_ours(path)] == []


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(["/console/", "/static/", "/api/account/", "/api/admin/", "/api/mcp/"]),
    st.lists(WORDS, max_size=5),
)
def test_nothing_below_the_application_is_the_gateways(base: str, words: list[Any]) -> None:
    assert not is_ours(base + "/".join(words))
