"""What wins over the file that is written is named, wherever it stands."""

from pathlib import Path

from codeplan.cli.editing.obstacles import obstacles
from codeplan.clients.set_up import SetUp

SET_UP = SetUp(
    files=(".tool/settings.json",),
    format="json",
    values=((("url",), "http://plan"), (("model", "name"), "glm-4.6")),
    removes=(("agents", "*", "url"),),
    unless=((("small",), ("glm-*",)),),
    includes=((("enabled",), "codeplan"),),
    excludes=((("disabled",), "codeplan"),),
    overriding=("TOOL_URL", "TOOL_KEY"),
)


def above(*names: str) -> SetUp:
    return SetUp(**{name: getattr(SET_UP, name) for name in SetUp.__struct_fields__} | {
        "above": names
    })  # fmt: skip


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def named(set_up: SetUp, home: Path, folder: Path, **environ: str) -> list[str]:
    return list(obstacles(set_up, home, environ, folder))


def test_files_are_found_wherever_they_stand(tmp_path: Path) -> None:
    home, work = tmp_path / "home", tmp_path / "home/code/project"
    work.mkdir(parents=True)
    text = '{"url": "http://other"}'
    files = [
        put(tmp_path / "managed.d/one.json", text),
        put(home / ".tool.json", text),
        put(work / ".tool/settings.json", text),
        put(work.parent / "tool.json", text),
        put(tmp_path / "named.json", text),
    ]
    put(tmp_path / "tool.json", text)  # above the home folder: nobody looks there
    set_up = above(
        f"{tmp_path}/managed.d/*.json",
        "~/.tool.json",
        "./.tool/settings.json",
        "./**/tool.json",
        "$TOOL_CONFIG",
    )
    says = named(set_up, home, work, TOOL_CONFIG=str(tmp_path / "named.json"))
    assert says == [f"{path} sets url, which wins over your own settings" for path in files]


def test_only_what_says_otherwise_is_named(tmp_path: Path) -> None:
    file = tmp_path / "above.json"
    set_up = above(str(file))
    put(file, '{"url": "http://plan", "small": "glm-air", "enabled": ["codeplan"], "x": 1}')
    assert named(set_up, tmp_path, tmp_path) == []
    put(
        file,
        '{"agents": {"a": {"url": 1}}, "small": "gpt", "enabled": [], "disabled": ["codeplan"]}',
    )
    says = named(set_up, tmp_path, tmp_path)
    assert [line.split(" sets ")[1].split(",")[0] for line in says] == [
        "agents.a.url", "small", "enabled", "disabled",
    ]  # fmt: skip


def test_the_file_itself_wins_over_nothing(tmp_path: Path) -> None:
    """A tool that is started in the home folder takes its person's file for a project's too."""
    put(tmp_path / ".tool/settings.json", '{"url": "http://other"}')
    assert named(above("./.tool/settings.json"), tmp_path, tmp_path) == []


def test_variables_are_named_in_the_shell_and_in_files_of_them(tmp_path: Path) -> None:
    put(tmp_path / ".env", 'A=1\nexport TOOL_URL="http://other"\nTOOL_KEY=\n')
    set_up = above("./**/.env", "~/.env")
    says = named(set_up, tmp_path / "home", tmp_path, TOOL_KEY="mine", TOOL_URL="http://plan")
    assert says == [
        "TOOL_KEY is set in this shell, and wins over the settings",
        f"{tmp_path / '.env'} sets TOOL_URL, which wins over your own settings",
    ]


def test_a_file_above_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = put(tmp_path / "above.json", "{")
    (says,) = named(above(str(file)), tmp_path, tmp_path)
    assert says.startswith(f"{file}, which wins over your own settings, cannot be read: line 1")
