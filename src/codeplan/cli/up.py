"""``codeplan up``: run the service."""

import asyncio
import gc
import resource
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import click
import uvicorn
import uvloop

from codeplan.app import open_service
from codeplan.cli.files import operator_token
from codeplan.cli.first_start import Start, first_start
from codeplan.cli.printing import give_up, json_option, say
from codeplan.config.load import ConfigInvalid, load
from codeplan.config.model import ConfigFile
from codeplan.kit import secrets
from codeplan.store.base import StoreFailed
from codeplan.telemetry import configure
from codeplan.upstream.embedded import EmbeddedMissing

DEFAULT_CONFIG = Path("codeplan.toml")
# Running answers get so long to end after Ctrl-C.
GRACE_SECONDS = 10
# Some systems allow a thousand million, which nobody can use.
_MOST_DESCRIPTORS = 2**20


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8787, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data"),
    show_default=True,
    help="Where the store and the operator token lie.",
)
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The catalogue's file; codeplan.toml where there is one, else the built-in catalogue.",
)
@click.option(
    "--database",
    envvar="CODEPLAN_DATABASE",
    default="",
    metavar="URL",
    help="postgresql://…, shared by any number of nodes (or CODEPLAN_DATABASE); else SQLite.",
)
@json_option
def up(
    host: str, port: int, data: Path, config_path: Path | None, database: str, as_json: bool
) -> None:
    """Run the service until Ctrl-C."""
    if config_path is None and DEFAULT_CONFIG.exists():
        config_path = DEFAULT_CONFIG
    try:
        config = load(config_path)
    except ConfigInvalid as invalid:
        give_up(f"the configuration cannot be used:\n{invalid}", as_json)
    if database and not database.startswith(("postgresql://", "postgres://")):
        give_up("--database: expected an address that begins with postgresql://", as_json)
    configure()
    _raise_descriptors()
    try:
        listening = _listen(host, port)
    except OSError as error:
        give_up(f"cannot listen on {host}:{port}: {error.strerror or error}", as_json)
    try:
        uvloop.run(_run(config, config_path, data, database, listening, as_json))
    except (StoreFailed, EmbeddedMissing) as failed:
        give_up(str(failed), as_json)


def _raise_descriptors() -> None:
    """Let the process open as many files and connections as the system lets it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MOST_DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _listen(host: str, port: int) -> socket.socket:
    """Taken before anything slow, so that a port in use is told at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    return listening


class AnnouncedServer(uvicorn.Server):
    """Says where things are once calls can be served; ``ending``: told when it is to stop."""

    def __init__(
        self, config: uvicorn.Config, announce: Callable[[], None], ending: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._announce, self._ending = announce, ending

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Pages that are told of changes would hold their connections open."""
        self._ending()
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()

    async def calls_ended(self) -> None:
        """What was cut off at the end of the grace still has to give back what it held."""
        if self.server_state.tasks:
            await asyncio.wait(set(self.server_state.tasks), timeout=GRACE_SECONDS)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ctrl-C is how this service is meant to end: uvicorn need not raise it again."""
        super().handle_exit(sig, frame)
        self._captured_signals.clear()


async def _run(
    config: ConfigFile,
    config_path: Path | None,
    data: Path,
    database: str,
    listening: socket.socket,
    as_json: bool,
) -> None:
    token = operator_token(data)
    told = (lambda _: None) if as_json else say
    async with open_service(config, data, secrets.digest(token), told, database) as service:
        made = await first_start(service)
        settings = uvicorn.Config(
            service.application,
            http=service.door,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=config.service.keep_alive_seconds,
            timeout_graceful_shutdown=GRACE_SECONDS,
            backlog=2048,
        )
        start = Start(_url(listening), data, config_path, service.embedded, service.hears_by, made)
        announce = start.print_json if as_json else start.show
        # Until a change can be shown before it is made, a hang-up must not end the service.
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, lambda: None)
        # What was loaded stays: the collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        server = AnnouncedServer(settings, announce, service.news.close)
        await server.serve(sockets=[listening])
        await server.calls_ended()
    told("stopped")


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
