"""Starting, stopping and the command line, as a person meets them."""

import json
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.service import Service, catalogue

CODEPLAN = [sys.executable, "-m", "codeplan.cli"]


def start(folder: Path, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """`codeplan up`, and what it printed until it was ready."""
    process = subprocess.Popen(
        [*CODEPLAN, "up", "--port", "0", "--data", str(folder / "data"), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    told = ""
    while "Ctrl-C" not in told:
        line = process.stdout.readline()
        assert line, process.stderr.read() if process.stderr else ""
        told += line
    return process, told


def stop(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    return out + err


def test_the_first_start_shows_secrets_once_and_later_starts_take_seconds(tmp_path: Path) -> None:
    process, first = start(tmp_path)
    for wanted in (
        "/console/",
        "One-time password",
        "ANTHROPIC_BASE_URL=",
        "ANTHROPIC_AUTH_TOKEN=cp-",
        '"baseURL"',
        "embedded SmolLM2-135M",
    ):
        assert wanted in first
    key = re.search(r"cp-\w+", first)
    password = re.search(r"One-time password +(\S+)", first)
    assert key
    assert password
    assert "stopped" in stop(process)
    # As fast as this machine reads the code, and a little more: nothing of the first start.
    begun = time.monotonic()
    subprocess.run([sys.executable, "-c", "import codeplan.app"], check=True, timeout=60)
    reading = time.monotonic() - begun
    begun = time.monotonic()
    process, second = start(tmp_path)
    assert time.monotonic() - begun < reading + 3
    stop(process)
    assert "cp-" not in second
    assert password[1] not in second
    assert "codeplan is ready at" in second
    # Kept only as hashes.
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("codeplan.db*"))
    assert key[0].encode() not in kept
    assert password[1].encode() not in kept


def test_the_operators_token_is_for_its_owner_alone(tmp_path: Path) -> None:
    with Service(tmp_path, catalogue("http://127.0.0.1:1/v1")) as service:
        token = service.data / "operator-token"
        assert stat.S_IMODE(token.stat().st_mode) == 0o600
        made = service.account("someone@example.org", plan="lite")
        assert made["key"].startswith("cp-")
        assert made["plan"] == "lite"
        again = service.account("someone@example.org")
        assert "already" in again["error"]
        assert "no plan" in service.account("other@example.org", plan="gold")["error"]
        assert "e-mail" in service.account("nobody")["error"]
        wrong = service.cli(
            "admin", "account", "create", "x@example.org", "--url", service.url,
            "--data", str(tmp_path),
        )  # fmt: skip
        assert "operator token" in wrong["error"]
        with service.client() as http:
            answered = http.post("/api/admin/accounts", json={"email": "x@example.org"})
            assert answered.status_code == 401
            answered = http.post(
                "/api/admin/accounts",
                json={"email": "x@example.org", "plna": "lite"},
                headers={"authorization": f"Bearer {token.read_text().strip()}"},
            )
            assert answered.status_code == 400
            assert "plna" in answered.json()["error"]["message"]


def test_status_of_a_wrong_key_and_of_no_service(tmp_path: Path) -> None:
    with Service(tmp_path, catalogue("http://127.0.0.1:1/v1")) as service:
        wrong = service.cli("status", "--url", service.url, "--key", "cp-wrong")
        assert "not valid" in wrong["error"]
        with service.client() as http:
            assert http.get("/healthz").json()["status"] == "ok"
            listed = {item["id"] for item in http.get("/api/clients").json()["clients"]}
            assert {"claude-code", "codex", "opencode"} <= listed
            assert http.get("/api/nothing").json()["error"]["message"]
    gone = service.cli("status", "--url", service.url, "--key", service.key)
    assert "Is the service running?" in gone["error"]


def test_a_bad_configuration_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "codeplan.toml"
    path.write_text(catalogue("http://127.0.0.1:1/v1").replace("limit = 120", "limit = -5"))
    for command in (["up", "--config", str(path), "--data", str(tmp_path / "data")],
                    ["config", "check", str(path)]):  # fmt: skip
        done = subprocess.run([*CODEPLAN, *command], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1
        assert f"{path}:20: plans[0].windows[0].limit" in done.stderr
        assert "Traceback" not in done.stderr
    checked = subprocess.run(
        [*CODEPLAN, "config", "check", str(path), "--json"], capture_output=True, text=True
    )
    assert json.loads(checked.stdout)["errors"][0]["line"] == 20


def test_the_builtin_catalogue_printed_is_a_file_to_start_from(tmp_path: Path) -> None:
    shown = subprocess.run(
        [*CODEPLAN, "config", "show"], capture_output=True, text=True, check=True
    )
    path = tmp_path / "codeplan.toml"
    path.write_text(shown.stdout)
    process, told = start(tmp_path, "--config", str(path))
    stop(process)
    assert str(path) in told


def test_a_port_in_use_is_told_at_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*CODEPLAN, "up", "--port", port, "--data", str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert done.returncode == 1
    assert "Address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_service_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with Service(tmp_path, catalogue("http://127.0.0.1:1/v1")) as service:
        done = subprocess.run(
            [*CODEPLAN, "up", "--port", "0", "--data", str(service.data)],
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert done.returncode == 1
    assert "another codeplan uses" in done.stderr


def test_a_subscription_keeps_the_plan_it_was_bought_with(tmp_path: Path) -> None:
    with Service(tmp_path, catalogue("http://127.0.0.1:1/v1", limit=120)) as service:
        assert service.window()["limit"] == 120
    service.config = catalogue("http://127.0.0.1:1/v1", limit=7)
    with service:
        assert service.window()["limit"] == 120
        assert service.window(service.account("new@example.org")["key"])["limit"] == 7


def test_a_key_on_the_command_line_is_not_in_the_list_of_processes() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            [*CODEPLAN, "status", "--url", url, "--key", "cp-secret"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        asked, _ = silent.accept()  # it has started, and waits for an answer
        assert b"cp-secret" in asked.recv(4096)
        shown = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        process.kill()
        process.wait(10)
        asked.close()
    assert b"cp-secret" not in shown


@pytest.mark.parametrize("words", [["--help"], ["up", "--help"], ["admin", "account", "--help"]])
def test_help(words: list[str]) -> None:
    done = subprocess.run([*CODEPLAN, *words], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0
    assert "Usage" in done.stdout
