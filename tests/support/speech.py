"""What is said in tests, and who hears it: espeak-ng speaks, a scripted upstream has OpenAI's
/audio/transcriptions and tells what was said."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.debian import program
from support.replies import Said, answer
from support.service import Service, catalogue
from support.upstream import Asked, Reply, ScriptedUpstream

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
    subprocess.run([program("espeak-ng"), "-w", str(path), words], check=True, timeout=60)
    return path


def without_the_extra(folder: Path) -> dict[str, str]:
    """The environment of a machine on which the extra ``speech`` is not installed."""
    folder.mkdir()
    hidden = "import sys\nsys.modules['faster_whisper'] = None\n"
    (folder / "sitecustomize.py").write_text(hidden)
    return {"PYTHONPATH": str(folder)}


def wrong_words(said: str, heard: str) -> int:
    """How many words were left out, put in, or taken for others."""
    left, right = (re.findall(r"[a-z0-9']+", text.lower()) for text in (said, heard))
    row = list(range(len(right) + 1))
    for count, word in enumerate(left, 1):
        above, row = row, [count]
        for place, other in enumerate(right):
            row.append(min(above[place + 1] + 1, row[-1] + 1, above[place] + (word != other)))
    return row[-1]


@contextmanager
def listening(folder: Path) -> Iterator[tuple[Service, ScriptedUpstream]]:
    """A service with the benefits, and who hears for it."""
    with ScriptedUpstream(hear) as upstream:
        config = catalogue(upstream.base_url) + CATALOGUE
        with Service(folder, config) as service:
            yield service, upstream
