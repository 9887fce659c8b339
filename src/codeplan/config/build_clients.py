"""From ``[[clients]]`` tables to the clients that the service knows, with the built-in entries."""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import resources

from codeplan.clients.entry import Entry
from codeplan.clients.registry import Clients
from codeplan.clients.set_up import Paste, SetUp
from codeplan.config.clients_model import ClientTable, FileTable


@cache
def built_in_clients() -> Clients:
    """Those that every service knows."""
    return Clients(built_in_entries())


def build_clients(tables: Iterable[ClientTable]) -> Clients:
    """An operator's and the built-in ones."""
    return Clients(built_in_entries(), [entry_of(table) for table in tables])


@cache
def built_in_entries() -> tuple[Entry, ...]:
    """The entries of clients/entries.toml."""
    text = (resources.files("codeplan.clients") / "entries.toml").read_text("utf-8")
    return tuple(
        entry_of(ClientTable.model_validate(table)) for table in tomllib.loads(text)["clients"]
    )


def entry_of(table: ClientTable) -> Entry:
    """One table as the value that clients/ takes."""
    return Entry(
        id=table.id,
        name=table.name,
        user_agent=tuple(table.user_agent),
        system=tuple(table.system),
        header=dict(table.header),
        tools_any=tuple(table.tools_any),
        protocols=tuple(table.protocols),
        session=tuple(table.session),
        side=tuple(table.side),
        side_without_tools=table.side_without_tools,
        sub_agent=tuple(table.sub_agent),
        sub_agent_tools=tuple(table.sub_agent_tools),
        nudges=tuple(table.nudges),
        authored_when=table.authored_when,
        refuse=table.refuse,
        at_limit=table.at_limit,
        counted_by=table.counted_by,
        called_from=table.called_from,
        programs=tuple(table.programs),
        start=table.start,
        headless=tuple(table.headless),
        environment=dict(table.environment),
        set_up=tuple(_file(file) for file in table.set_up),
        paste=tuple(Paste(one.where, one.text) for one in table.paste),
    )


def _file(table: FileTable) -> SetUp:
    return SetUp(
        files=tuple(table.files),
        format=table.format,
        values=tuple((tuple(one.path), one.value) for one in table.values),
        then=table.then,
        removes=tuple(tuple(path) for path in table.removes),
        defaults=tuple((tuple(one.path), one.value) for one in table.defaults),
        stamps=tuple(tuple(path) for path in table.stamps),
        folders=dict(table.folders),
        unless=tuple((tuple(one.path), tuple(one.allowed)) for one in table.unless),
        includes=tuple((tuple(one.path), one.item) for one in table.includes),
        excludes=tuple((tuple(one.path), one.item) for one in table.excludes),
        outranks={one.variable: (tuple(one.path), one.value) for one in table.outranks},
        above=tuple(table.above),
        overriding=tuple(table.overriding),
    )
