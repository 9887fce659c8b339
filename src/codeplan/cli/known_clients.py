"""The coding tools that commands can set up: those that this codeplan knows, and those that a
service's operator added, whose entries are checked before anything of them is used."""

import re
import shutil
from collections.abc import Iterator
from typing import Any

import msgspec

from codeplan.cli.calling import call
from codeplan.cli.printing import give_up
from codeplan.clients.base import Client
from codeplan.clients.entry import Entry, EntryClient
from codeplan.clients.set_up import is_configuration, is_variable
from codeplan.config.build_clients import built_in_clients

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


def installed() -> list[Client]:
    """The tools whose program is on the path."""
    return [client for client in built_in_clients().known if program_of(client) is not None]


def program_of(client: Client) -> str | None:
    """Where its program is, if it is here."""
    return next((path for name in client.programs if (path := shutil.which(name))), None)


def client_of(tool: str, url: str, as_json: bool) -> Client:
    """The tool of that id. Ends the command where there is none."""
    built_in = built_in_clients()
    known = built_in.named(tool)
    if known is not None and tool in built_in.ids:
        return known
    listed: list[dict[str, Any]] = call("GET", f"{url}/api/clients", "", as_json)["clients"]
    entry = next((one["entry"] for one in listed if one["id"] == tool and "entry" in one), None)
    if entry is None:
        ids = sorted({one["id"] for one in listed} | built_in.ids)
        give_up(f"there is no tool {tool!r}; there are {', '.join(ids)}", as_json)
    return EntryClient(_checked(entry, tool, as_json))


def _checked(value: Any, tool: str, as_json: bool) -> Entry:
    """An entry that a service describes, where it names nothing but settings, and no words for a
    program of this machine: nothing is run because a service says so."""
    try:
        entry = msgspec.convert(value, Entry)
    except msgspec.ValidationError as error:
        give_up(
            f"the service describes {tool} as another version of codeplan does: {error}", as_json
        )
    for complaint in _complaints(entry):
        give_up(f"the service {complaint}", as_json)
    return msgspec.structs.replace(entry, headless=())


def _complaints(entry: Entry) -> Iterator[str]:
    for file in (file for one in entry.set_up for file in one.files):
        if not is_configuration(file):
            yield f"would write {file!r}, which is no tool's settings"
    shown = (entry.id, entry.name, *(file.then for file in entry.set_up))
    if not _ID.fullmatch(entry.id) or not all(text.isprintable() for text in shown):
        yield f"describes {entry.id!r} with signs that no tool's name has"
    if any(not file.files for file in entry.set_up):
        yield f"names no file of {entry.id} to write"
    for name in entry.environment:
        if not is_variable(name):
            yield f"would set {name!r}, which is no variable's name"
