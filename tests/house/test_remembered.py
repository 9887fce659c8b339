"""What is kept in memory of the store's records is a `Remembered`, which commits empty. Everything
else that lives on between calls is named here, with why no commit makes it old."""

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src/codeplan"
MAKERS = {
    "dict", "set", "list", "deque", "defaultdict", "OrderedDict", "Counter", "WeakKeyDictionary",
    "WeakValueDictionary", "LRUCache", "TTLCache",
}  # fmt: skip
DECORATORS = {"cache", "lru_cache", "cached"}
# They do not know the store (tests/house/test_layers.py), or are no service.
NO_STORE = {
    "cli", "config", "clients", "protocol", "plan", "ledger", "kit", "upstream", "payments",
    "fetching", "media", "search", "mail.py", "identity.py", "telemetry.py",
}  # fmt: skip
# By file and attribute, or function.
NO_RECORDS = {
    "accounts/devices.py _seen": "seen here and not yet written; its state is not looked at",
    "accounts/guesses.py _wrong": "guesses that came here",
    "accounts/hashing.py _decoy": "a password that nobody has",
    "billing/purse.py _live": "calls that run here",
    "console/rendering.py _locale": "sentences, which a release brings",
    "console/rendering.py _version": "files, which a release brings",
    "console/rendering.py environment": "templates, which a release brings",
    "gateway/door.py headers": "the call's that comes just now",
    "gateway/edge.py _of": "connections that are open here",
    "gateway/edge.py _receiving": "connections that are open here",
    "gateway/http_call.py _body": "the body that comes just now",
    "gateway/http_call.py _known": "whether the key of the body that comes just now was known",
    "gateway/refusal_log.py _of": "lines of this minute",
    "dictation/embedded.py _jobs": "recordings that are heard here",
    "gateway/giving_up.py _at": "conversations that failed here lately",
    "gateway/giving_up.py _fresh": "conversations that failed here lately",
    "gateway/paths.py _remembered": "what a path means, which a release says",
    "gateway/stopwatch.py _tries": "one call's",
    "mcp/places.py _of": "sessions that are open here",
    "mcp/places.py _places": "sessions that are open here",
    "mcp/resuming.py events": "what one session was told lately",
    "mcp/sdk.py _memories": "what sessions that are open here were told lately",
    "mcp/sdk.py _streams": "sessions that are open here",
    "mcp/sdk.py _versions": "of sessions that were opened here",
    "mcp/serving.py _doors": "made at the start",
    "mcp/web_reader/cache.py _pages": "pages of others, each with its time",
    "metering/meter.py _live": "calls that run here",
    "metering/meter.py _owed": "calls that ended here",
    "metering/pace.py _saved": "how often it was done here",
    "metering/news.py _watching": "pages that are open here",
    "metering/refused_calls.py _kept": "how many were kept here this hour",
    "metering/refused_calls.py _waiting": "seen here and not yet written",
    "metering/slots.py _running": "calls that run here",
    "metering/slots.py _waiting": "calls that wait here",
    "metering/tallies.py _counted": "counted here and not yet written",
    "routing/rests.py _states": "what this node found of servers",
    "store/changes.py _listeners": "made at the start",
    "store/documents.py _decoders": "how kinds are read, which a release says",
    "store/postgres/lanes.py _queues": "operations that wait here",
    "store/postgres/lanes.py _tasks": "made at the start",
    "store/postgres/lanes.py _waiting": "operations that wait here",
    "store/postgres/engine.py _turns": "changes that wait here",
    "store/postgres/money.py _numbered": "statements, which a release brings",
    "store/remembered.py value": "what commits have read again",
    "store/remembered.py _values": "what commits empty",
    "store/remembered.py _keys": "what commits empty",
    "store/sqlite/engine.py _collected": "operations that wait here",
    "store/sqlite/engine.py after_commit": "one commit's",
    "store/sqlite/engine.py changed": "one commit's",
    "store/sqlite/metering.py _unwritten": "calls that run here",
    "store/sqlite/saving.py statement": "statements, which a release brings",
    "subscriptions/simulator.py _running": "simulations that run here",
}  # fmt: skip


def test_what_is_kept_between_calls_is_remembered_or_is_no_record() -> None:
    kept = {f"{file} {name}" for file in sources() for name in kept_in(SOURCE / file)}
    assert kept - NO_RECORDS.keys() == set(), "make it a Remembered, or say why no commit ages it"
    assert NO_RECORDS.keys() - kept == set(), "it is there no more"


def test_nobody_listens_to_changes_beside_what_is_remembered() -> None:
    listening = [file for file in sources() if ".on_change(" in (SOURCE / file).read_text("utf-8")]
    assert listening == ["store/remembered.py"]


def sources() -> list[str]:
    files = (str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py"))
    return sorted(file for file in files if file.split("/")[0] not in NO_STORE)


def kept_in(path: Path) -> Iterator[str]:
    """The names of collections that outlive a call: attributes of objects, and of the module; of
    attributes that are waited for; and of functions that are cached."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if any(_name(one) in DECORATORS for one in node.decorator_list):
                yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                pairs = (
                    zip(target.elts, node.value.elts, strict=True)
                    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                    else [(target, node.value)]
                )
                for one, value in pairs:
                    own = isinstance(one, ast.Attribute) and _name(one.value) == "self"
                    module = node in tree.body and isinstance(one, ast.Name)
                    waited = own and any(isinstance(part, ast.Await) for part in ast.walk(value))
                    if waited or ((own or module) and _collects(value, module)):
                        yield one.attr if isinstance(one, ast.Attribute) else ast.unparse(one)


def _collects(value: ast.expr, module: bool) -> bool:
    """Whether it is an empty collection, to be filled, or something that caches."""
    if isinstance(value, ast.Dict | ast.List | ast.Set):
        elements = value.keys if isinstance(value, ast.Dict) else value.elts
        return not elements
    if isinstance(value, ast.ListComp):
        return not module
    if not isinstance(value, ast.Call):
        return False
    called = value.func.func if isinstance(value.func, ast.Call) else value.func
    return (_name(called) in MAKERS and not value.args) or _name(called) in DECORATORS


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
