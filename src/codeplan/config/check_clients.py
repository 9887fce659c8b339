"""What types cannot say of coding tools: ids that must exist and be one's own, marks without which
nothing is recognised; and what to write instead of settings of before."""

from collections.abc import Iterator

from codeplan.clients.registry import RESERVED_IDS
from codeplan.config.build_clients import built_in_clients
from codeplan.config.lines import Path
from codeplan.config.model import ConfigFile


def check_clients(config: ConfigFile) -> Iterator[tuple[Path, str]]:
    """Each complaint with the path of what it is about."""
    yield from _entries(config)
    yield from _marks(config)
    yield from _admissions(config)


def _entries(config: ConfigFile) -> Iterator[tuple[Path, str]]:
    ids: set[str] = set()
    for index, client in enumerate(config.clients):
        place: Path = ("clients", index, "id")
        if client.id in RESERVED_IDS:
            yield place, f"clients[{index}].id: {client.id!r} means something else already"
        if client.id in ids:
            yield place, f"clients[{index}].id: {client.id!r} is there twice"
        ids.add(client.id)
        if not (client.user_agent or client.system or client.header or client.tools_any):
            yield (
                ("clients", index),
                (
                    f"clients[{index}]: expected user_agent, system, header or tools_any;"
                    " nothing is recognised without"
                ),
            )


def _marks(config: ConfigFile) -> Iterator[tuple[Path, str]]:
    """A mark that fits nothing at all fits whatever calls."""
    for index, client in enumerate(config.clients):
        marks = [
            *(("user_agent", glob) for glob in client.user_agent if not glob.strip("*?")),
            *(("system", start) for start in client.system if not start.strip("* \n\t")),
            *(("header", glob) for glob in client.header.values() if not glob.strip("*")),
        ]
        for name, mark in marks:
            text = f"clients[{index}].{name}: {mark!r} fits every call"
            yield ("clients", index, name), text


def _admissions(config: ConfigFile) -> Iterator[tuple[Path, str]]:
    ids = built_in_clients().ids | {client.id for client in config.clients}
    for index, plan in enumerate(config.plans):
        if plan.clients is not None and "admit" in plan.model_fields_set:
            yield (
                ("plans", index, "clients"),
                f"plans[{index}]: admit and clients say the same; leave clients out",
            )
        for name in ("admit", "clients"):
            listed = getattr(plan, name)
            for place, client in enumerate(listed if isinstance(listed, list) else ()):
                if client not in ids:
                    yield (
                        ("plans", index, name, place),
                        (
                            f"plans[{index}].{name}[{place}]: expected one of"
                            f" {sorted(ids)} (not {client!r})"
                        ),
                    )


def advise(config: ConfigFile) -> Iterator[tuple[Path, str]]:
    """What goes on working, and what to write instead."""
    for index, plan in enumerate(config.plans):
        if plan.clients is None:
            continue
        if isinstance(plan.clients, list):
            instead = f"admit = [{', '.join(f'{chr(34)}{one}{chr(34)}' for one in plan.clients)}]"
        elif plan.clients == "any":
            instead = 'admit = "any"'
        else:
            instead = (
                'admit = "known" for the same, or leave it out: "agents" also serves coding'
                " tools of no known name"
            )
        yield ("plans", index, "clients"), f"plans[{index}].clients is called admit now: {instead}"
