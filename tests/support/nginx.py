"""A real nginx in front of a server, with its own defaults but for what a test names."""

import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from support.debian import program

# One process, which stays the user that it is: its temporary files are the test's.
_CONFIG = """
daemon off;
master_process off;
error_log stderr;
pid nginx.pid;
events {{ }}
http {{
  access_log access.log;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass {behind}; {more} }}
  }}
}}
"""


@dataclass
class Nginx:
    """``behind``: the server's address. ``more``: directives of its location."""

    folder: Path
    behind: str
    more: str = ""

    def __enter__(self) -> "Nginx":
        self.folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        config = self.folder / "nginx.conf"
        config.write_text(_CONFIG.format(port=port, behind=self.behind, more=self.more))
        with (self.folder / "error.log").open("w") as log:
            command = [program("nginx", "nginx-light"), "-p", str(self.folder), "-c", str(config)]
            self._process = subprocess.Popen(command, stderr=log)
        until = time.monotonic() + 20
        while not _listens(port):
            assert self._process.poll() is None and time.monotonic() < until, self.errors
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)

    @property
    def errors(self) -> str:
        """What it found wrong; a server that was silent too long is."""
        return (self.folder / "error.log").read_text()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
