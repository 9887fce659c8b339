"""Programs from Debian's packages, installed where they are missing."""

import os
import shutil
import subprocess


def program(name: str, *packages: str) -> str:
    """Where it is. ``packages``: those that bring it; none for the one of its name."""
    found = shutil.which(name)
    if found is None:
        sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        apt = [*sudo, "apt-get", "-qq"]
        subprocess.run([*apt, "update"], check=True, timeout=600)
        subprocess.run(
            [*apt, "install", "-y", "--no-install-recommends", *(packages or (name,))],
            check=True,
            timeout=900,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdout=subprocess.DEVNULL,
        )
        found = shutil.which(name)
    assert found, f"{name} could not be installed"
    return found
