"""What has the shape of a coding agent, by the names of its tools alone."""

import pytest

from codeplan.clients.shape import is_agent, runs_commands, writes_files

RUNNERS = (
    "Bash", "shell", "exec", "exec_command", "execute", "run_commands", "run_in_terminal", "run",
    "execute_bash", "local_shell", "developer__shell", "RunShellCommand", "launch-process",
    "run_typescript", "PowerShell", "builtin_run_terminal_command", "container.exec",
)  # fmt: skip
WRITERS = (
    "Write", "edit", "MultiEdit", "create", "create_file", "write_to_file", "apply_patch",
    "str_replace_editor", "str_replace_based_edit_tool", "replace_in_file", "search_replace",
    "insert_edit_into_file", "file_editor", "NotebookEdit", "fs_write", "save-file",
    "create_or_update_file", "mcp__filesystem__write_file", "builtin_create_new_file",
)  # fmt: skip
NEITHER = (
    "read_file", "grep", "web_search", "create_ticket", "send_email", "write_email", "execute_sql",
    "run_query", "update_order", "create_pull_request", "TodoWrite", "write_stdin", "get_weather",
)  # fmt: skip


@pytest.mark.parametrize("name", RUNNERS)
def test_what_runs_commands(name: str) -> None:
    assert runs_commands(name)
    assert not writes_files(name)


@pytest.mark.parametrize("name", WRITERS)
def test_what_writes_files(name: str) -> None:
    assert writes_files(name)
    assert not runs_commands(name)


@pytest.mark.parametrize("name", NEITHER)
def test_what_does_neither(name: str) -> None:
    assert not runs_commands(name)
    assert not writes_files(name)


def test_an_agent_has_three_tools_one_that_runs_and_one_that_writes() -> None:
    assert is_agent(["read_file", "write_file", "shell"])
    assert not is_agent(["write_file", "shell"])
    assert not is_agent(["write_file", "shell", "shell"])
    assert not is_agent(["read_file", "grep", "shell", "glob"])
    assert not is_agent(["read_file", "write_file", "grep"])
    assert not is_agent([])
