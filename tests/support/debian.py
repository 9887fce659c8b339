"""Programs from Debian's packages, installed where they are missing."""

import os
import shutil
import subprocess

from support.exclusive import exclusive


def program(name: str, *packages: str) -> str:
    """Where it is. ``packages``: those that bring it; none for the one of its name. Each process
    that looks for one waits for another's installation: apt-get has one lock for the machine, and
    gives up where that is taken."""
    path = shutil.which(name)
    if path is None:
        with exclusive("apt"):
            path = shutil.which(name)
            if path is None:
                _install(packages or (name,))
                path = shutil.which(name)
    assert path, f"{name} could not be installed"
    return path


def _install(packages: tuple[str, ...]) -> None:
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    apt = [*sudo, "apt-get", "-qq"]
    subprocess.run([*apt, "update"], check=True, timeout=600)
    subprocess.run(
        [*apt, "install", "-y", "--no-install-recommends", *packages],
        check=True,
        timeout=900,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdout=subprocess.DEVNULL,
    )
