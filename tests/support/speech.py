"""What is said in tests, and who hears it: espeak-ng speaks, a scripted upstream has OpenAI's
/audio/transcriptions and tells what was said."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from support.replies import Said, answer
from support.upstream import Asked, Reply

WORDS = "um add a uh test for the empty basket"
HEARD = "Um, add a, uh, test for the empty basket."
COMMIT = "Test an empty basket"
# Behind a catalogue's last plan.
CATALOGUE = """
[[models]]
id = "whisper"
routes = [{ upstream = "up", model = "openai/whisper-large-v3" }]

[[benefits]]
id = "voice"
name = "Dictation"
kind = "voice"
uses = [{ per = "1mo", limit = 5 }]
most_seconds = 30

[[benefits]]
id = "editor"
name = "A partner's editor"
kind = "codes"
days = 30
url = "https://partner.example.org/"

[speech]
model = "whisper"
"""


def hear(asked: Asked) -> Reply:
    """Whisper, and a model that writes commit messages."""
    if asked.path.endswith("/audio/transcriptions"):
        return Reply(body=json.dumps({"text": HEARD}).encode())
    system = asked.body["messages"][0]["content"]
    return answer(asked, Said(COMMIT if "git commit message" in system else "Polished."))


def fields(asked: Asked) -> dict[str, bytes]:
    """A form's fields, as they came."""
    parts = asked.raw.split(b"--" + asked.headers["content-type"].split("boundary=")[1].encode())
    found = {}
    for part in parts[1:-1]:
        head, _, body = part.partition(b"\r\n\r\n")
        named = re.search(rb' name="([^"]+)"', head)
        assert named is not None
        found[named[1].decode()] = body.removesuffix(b"\r\n")
    return found


def spoken(path: Path, words: str = WORDS) -> Path:
    """A recording as a WAV file."""
    program = shutil.which("espeak-ng")
    if program is None:
        sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        apt = [*sudo, "apt-get", "-qq"]
        subprocess.run([*apt, "update"], check=True, timeout=600)
        subprocess.run(
            [*apt, "install", "-y", "--no-install-recommends", "espeak-ng"],
            check=True,
            timeout=900,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdout=subprocess.DEVNULL,
        )
        program = shutil.which("espeak-ng")
    assert program, "espeak-ng could not be installed"
    subprocess.run([program, "-w", str(path), words], check=True, timeout=60)
    return path
