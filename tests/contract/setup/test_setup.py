"""setup: what clients read is written where they read it; what is not ours is not touched."""

import json
import os
import shutil
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from inbox.cli import primer as bus
from orch.cli import shapes
from orch.setup import catalog
from tests.support.cli import Cli

pytestmark = pytest.mark.on_file("it begins without a store")

AGENTS = sorted(catalog.agents())
NAMED = (
    "agents",
    "aider",
    "amp",
    "claude",
    "codex",
    "copilot",
    "cursor-agent",
    "gemini",
    "opencode",
)
HOOKED = {"claude": ".claude/settings.json", "codex": ".codex/hooks.json",
          "copilot": ".github/hooks/inbox.json"}  # fmt: skip
NOTES = b"# House rules\n\nBe kind.\n"


@pytest.fixture
def orch(tmp_path: Path) -> Cli:
    """`orch` in the sub-directory of a fresh repository; the home is elsewhere."""
    repo, home = tmp_path / "repo", tmp_path / "home"
    (repo / "src").mkdir(parents=True)
    home.mkdir()
    subprocess.run(["git", "init", "-q", str(repo)], check=True, timeout=30)
    return Cli(repo / "src", program="orch", home=home).warm


@pytest.fixture
def top(orch: Cli) -> Path:
    return orch.cwd.parent


def _tree(top: Path) -> dict[str, bytes]:
    """Return every file's bytes and mode, links as links."""
    found = {}
    for path in sorted(top.rglob("*")):
        name = str(path.relative_to(top))
        if name.startswith(".git/") or path.name == ".git":
            continue
        if path.is_symlink():
            found[name] = os.readlink(path).encode()
        elif path.is_file():
            found[name] = path.read_bytes() + oct(path.stat().st_mode).encode()
    return found


def _setup(orch: Cli, *argv: str, **how: object) -> dict:
    data = orch.ok("setup", *argv, **how)
    problems = list(Draft202012Validator(shapes.schemas()["setup"]).iter_errors(data))
    assert not problems, problems
    return data


def _actions(data: dict) -> set[str]:
    return {found["action"] for found in data["files"]}


@pytest.mark.parametrize("agent", AGENTS)
def test_set_up_check_and_remove_of_every_client(orch: Cli, top: Path, agent: str) -> None:
    before = _tree(top)
    error = orch.refuse("invalid_state", "not_yet", "setup", agent, "--check")
    assert f"orch setup {agent}" in error["hint"]
    dry = _setup(orch, agent, "--dry-run")
    assert dry["diff"].startswith("--- /dev/null\n+++ ") and not dry["applied"]
    assert _tree(top) == before
    data = _setup(orch, agent)
    assert _actions(data) == {"created"} and data["applied"]
    assert {f["path"] for f in data["files"]} == {str(top / n) for n in _tree(top)}
    after = _tree(top)
    assert _actions(_setup(orch, agent, "--check")) == {"unchanged"}
    again = _setup(orch, agent)
    assert (_actions(again), again["diff"], _tree(top)) == ({"unchanged"}, "", after)
    assert _actions(_setup(orch, agent, "--remove", "--dry-run")) == {"removed"}
    assert _tree(top) == after
    orch.refuse("invalid_state", "not_yet", "setup", agent, "--remove", "--check")
    assert _actions(_setup(orch, agent, "--remove")) == {"removed"}
    assert _tree(top) == before
    assert [p.name for p in top.iterdir() if p.name not in ("src", ".git")] == []
    assert _actions(_setup(orch, agent, "--remove", "--check")) == {"unchanged"}


def test_what_the_clients_read(orch: Cli, top: Path) -> None:
    assert set(NAMED) <= set(AGENTS)
    for agent in NAMED:
        _setup(orch, agent)
    for name in ("AGENTS.md", "CLAUDE.md", "GEMINI.md"):
        text = (top / name).read_text()
        for line in bus.text("worker").splitlines():
            if line.startswith("  "):
                assert line.strip() in text
        assert text.count("BEGIN orch setup v") == text.count("END orch setup") == 1
    for folder in (".claude", ".agents", ".gemini", ".opencode", ".cursor", ".github"):
        for name, role in (("inbox-worker", "worker"), ("inbox-reviewer", "reviewer")):
            skill = (top / folder / "skills" / name / "SKILL.md").read_text()
            _, front, body = skill.split("---\n", 2)
            import yaml

            fields = yaml.safe_load(front)
            assert fields["name"] == name and len(fields["description"]) > 40
            for line in bus.text(role).splitlines():
                assert line.strip() in body
        assert (top / folder / "skills" / "orch-leader" / "SKILL.md").is_file()


@pytest.mark.parametrize("agent", HOOKED)
def test_the_hooks_call_inbox_hook_and_never_fail(orch: Cli, top: Path, agent: str) -> None:
    _setup(orch, agent)
    hooks = json.loads((top / HOOKED[agent]).read_text())["hooks"]
    assert len(hooks) == 2
    for event, (entry,) in hooks.items():
        call = entry["hooks"][0] if "hooks" in entry else entry
        command = call.get("command") or call["bash"]
        assert command.startswith(f"inbox hook --client {agent} --event {event}")
        bare = {"PATH": "/usr/bin:/bin"}  # No inbox there: still silent and well.
        done = subprocess.run(["sh", "-c", command], env=bare, capture_output=True, timeout=30)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_an_installed_hook_shows_mail(orch: Cli, top: Path) -> None:
    _setup(orch, "claude")
    inbox = Cli(top, home=top)
    inbox.ok("init")
    inbox.ok("send", "--from", "lead", "--to", "w1", "--subject", "s", "--body", "look here")
    hooks = json.loads((top / ".claude/settings.json").read_text())["hooks"]
    command = hooks["PostToolUse"][0]["hooks"][0]["command"]
    done = subprocess.run(
        ["sh", "-c", command], env=inbox.env | {"INBOX_AGENT": "w1"}, cwd=orch.cwd,
        input=b'{"hook_event_name": "PostToolUse"}', capture_output=True, timeout=30,
    )  # fmt: skip
    answer = json.loads(done.stdout)["hookSpecificOutput"]
    assert answer["hookEventName"] == "PostToolUse"
    assert "| look here" in answer["additionalContext"]


_FILES = {
    "plain": NOTES,
    "no last line feed": b"# Rules\n\nBe kind.",
    "crlf": b"# Rules\r\n\r\nBe kind.\r\n",
    "crlf, no last": b"# Rules\r\n\r\nBe kind.",
    "bom": b"\xef\xbb\xbf# Rules\n",
    "bom alone": b"\xef\xbb\xbf",
    "empty": b"",
    "one line feed": b"\n",
    "latin-1": b"# R\xe8gles\n\xff\xfe not utf-8\n",
    "many line feeds": b"# Rules\n\n\n\n",
    "mixed": b"a\r\nb\nc\r\n",
}


@pytest.mark.parametrize("content", _FILES.values(), ids=_FILES)
def test_what_is_not_ours_keeps_its_bytes_and_its_mode(
    orch: Cli, top: Path, content: bytes
) -> None:
    path = top / "CLAUDE.md"
    path.write_bytes(content)
    path.chmod(0o640)
    data = _setup(orch, "claude")
    assert data["files"][0]["action"] == "updated"
    written = path.read_bytes()
    assert written.startswith(content) and len(written) > len(content) + 1000
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    if b"\r\n" in content:
        ours = written[len(content) :]
        assert ours.count(b"\n") == ours.count(b"\r\n")
    assert _actions(_setup(orch, "claude")) == {"unchanged"}
    _setup(orch, "claude", "--remove")
    assert path.read_bytes() == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_what_is_written_around_the_block_later_stays(orch: Cli, top: Path) -> None:
    path = top / "AGENTS.md"
    path.write_bytes(NOTES)
    _setup(orch, "codex")
    path.write_bytes(b"Before.\n\n" + path.read_bytes() + b"\nAfter.\n")
    assert _actions(_setup(orch, "codex", "--check")) == {"unchanged"}
    path.write_bytes(path.read_bytes().replace(b"v0.1.0 sha256", b"v0.0.9 sha256"))
    assert _actions(_setup(orch, "codex", "--check")) == {"unchanged"}
    _setup(orch, "codex", "--remove")
    assert path.read_bytes() == b"Before.\n\n" + NOTES + b"\nAfter.\n"


def test_an_older_block_is_updated_in_its_place(orch: Cli, top: Path) -> None:
    from orch.setup import blocks

    path = top / "AGENTS.md"
    path.write_bytes(blocks.put(NOTES, "What it said before.\n", "0.0.1") + b"After.\n")
    orch.refuse("invalid_state", "not_yet", "setup", "agents", "--check")
    _setup(orch, "agents")
    text = path.read_bytes()
    assert text.startswith(NOTES) and text.endswith(b"<!-- END orch setup -->\nAfter.\n")
    assert b"before" not in text and b"inbox claim" in text


def test_an_edited_block_is_not_overwritten_without_force(orch: Cli, top: Path) -> None:
    path = top / "AGENTS.md"
    path.write_bytes(NOTES)
    _setup(orch, "codex")
    edited = path.read_bytes().replace(b"information, never orders", b"information, mostly")
    path.write_bytes(edited)
    (top / ".codex/hooks.json").unlink()
    before = _tree(top)
    for argv in ((), ("--check",), ("--remove",), ("--dry-run",)):
        answer = orch.run("--json", "setup", "codex", *argv)
        assert answer.error["code"] == "refused" and answer.status == 90
        conflicts = [f for f in answer.json["data"]["files"] if f["action"] == "conflict"]
        assert [f["path"] for f in conflicts] == [str(path)]
        assert _tree(top) == before  # Not even the file that is missing.
    assert "-information, mostly" in _setup(orch, "codex", "--force", "--dry-run")["diff"]
    data = _setup(orch, "codex", "--force")
    assert _actions(data) == {"updated", "created", "unchanged"}
    assert b"information, never orders" in path.read_bytes()
    path.write_bytes(edited)
    _setup(orch, "codex", "--force", "--remove")
    assert path.read_bytes() == NOTES


def test_an_edited_skill_and_one_of_another(orch: Cli, top: Path) -> None:
    _setup(orch, "claude")
    skill = top / ".claude/skills/inbox-worker/SKILL.md"
    skill.write_text(skill.read_text().replace("inbox claim", "inbox grab"))
    orch.refuse("refused", "work_at_risk", "setup", "claude")
    _setup(orch, "claude", "--force")
    assert "inbox grab" not in skill.read_text()
    skill.write_text("---\nname: inbox-worker\n---\nmy own\n")
    orch.refuse("invalid_input", "file", "setup", "claude", "--force")
    _setup(orch, "claude", "--remove", "--force")
    assert skill.read_text().endswith("my own\n")
    assert not (top / "CLAUDE.md").exists()


_END = b"<!-- END orch setup -->"
_DAMAGED = {
    "twice": lambda b: b + b"\n" + b,
    "no end": lambda b: b.replace(_END, b""),
    "no begin": lambda b: b[b.index(b"\n") + 1 :],
    "end first": lambda b: _END + b"\n" + b.replace(_END, b""),
    "two ends": lambda b: b + _END + b"\n",
    "binary": lambda b: b + b"\0",
    "utf-16": lambda b: "Rules".encode("utf-16"),
    "huge": lambda b: b"x" * (5 << 20),
}  # fmt: skip


@pytest.mark.parametrize("damage", _DAMAGED.values(), ids=_DAMAGED)
@pytest.mark.parametrize("force", [(), ("--force",)], ids=["", "force"])
def test_a_file_that_cannot_be_edited_without_guessing_is_refused(
    orch: Cli, top: Path, damage, force: tuple[str, ...]
) -> None:
    _setup(orch, "gemini")
    path = top / "GEMINI.md"
    path.write_bytes(damage(path.read_bytes()))
    before = _tree(top)
    for argv in ((), ("--check",), ("--remove",)):
        error = orch.refuse("invalid_input", "file", "setup", "gemini", *argv, *force)
        assert error["details"]["problems"][0].startswith(f"{path} ")
        assert _tree(top) == before


def test_a_link_is_followed_once_and_stays_a_link(orch: Cli, top: Path) -> None:
    (top / "AGENTS.md").write_bytes(NOTES)
    (top / "CLAUDE.md").symlink_to("AGENTS.md")
    data = _setup(orch, "claude")
    assert data["files"][0] == {"path": str(top / "CLAUDE.md"), "action": "updated", "why": None,
                                "link_to": str(top / "AGENTS.md")}  # fmt: skip
    assert os.readlink(top / "CLAUDE.md") == "AGENTS.md"
    assert (top / "AGENTS.md").read_bytes().count(b"BEGIN orch setup") == 1
    assert _actions(_setup(orch, "agents")) == {"unchanged", "created"}
    _setup(orch, "claude", "--remove")
    assert os.readlink(top / "CLAUDE.md") == "AGENTS.md"
    assert (top / "AGENTS.md").read_bytes().count(b"BEGIN orch setup") == 1, "the others' too"
    _setup(orch, "agents", "--remove")
    assert (top / "AGENTS.md").read_bytes() == NOTES
    (top / "AGENTS.md").unlink()  # A link to what is not there yet.
    _setup(orch, "claude")
    assert os.readlink(top / "CLAUDE.md") == "AGENTS.md" and (top / "AGENTS.md").is_file()


@pytest.mark.parametrize("what", ["file", "folder", "circle", "absolute"])
def test_a_link_out_of_the_repository_is_refused(
    orch: Cli, top: Path, tmp_path: Path, what: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "notes").write_bytes(NOTES)
    if what == "file":
        (top / "CLAUDE.md").symlink_to("../outside/notes")
    elif what == "absolute":
        (top / "CLAUDE.md").symlink_to(outside / "new")
    elif what == "folder":
        (top / ".claude").symlink_to(outside)
    else:
        (top / "CLAUDE.md").symlink_to("CLAUDE.md")
    before = _tree(tmp_path)
    orch.refuse("invalid_input", "file", "setup", "claude")
    orch.refuse("invalid_input", "file", "setup", "claude", "--force")
    assert _tree(tmp_path) == before


def test_what_is_in_the_way_is_told_all_at_once(orch: Cli, top: Path) -> None:
    (top / "CLAUDE.md").mkdir()
    (top / ".claude").write_text("a file")
    error = orch.refuse("invalid_input", "file", "setup", "claude")
    assert len(error["details"]["problems"]) == 5
    assert "CLAUDE.md is a directory" in error["details"]["problems"][0]
    os.mkfifo(top / "GEMINI.md")
    error = orch.refuse("invalid_input", "file", "setup", "gemini")
    assert "is not a regular file" in error["message"]


@pytest.mark.parametrize("what", ["directory", "file"])
def test_what_cannot_be_written_is_told_before_anything_is(orch: Cli, top: Path, what: str) -> None:
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("as root every directory can be written")
        drop = [setpriv, "--bounding-set=-all", "--inh-caps=-all"]
    else:
        drop = []
    (top / "AGENTS.md").write_bytes(NOTES)
    locked = top if what == "directory" else top / "AGENTS.md"
    locked.chmod(0o555)
    try:
        scripts = Path(orch.env["PATH"].split(":")[0])
        done = subprocess.run(
            [*drop, str(scripts / "orch"), "--json", "setup", "agents"],
            cwd=orch.cwd, env=orch.env, capture_output=True, timeout=30,
        )  # fmt: skip
    finally:
        locked.chmod(0o755)
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"], error["reason"]) == (30, "invalid_input", "file")
    assert ("not writable" if what == "directory" else "is read-only") in error["message"]
    assert list(_tree(top)) == ["AGENTS.md"]
    assert (top / "AGENTS.md").read_bytes() == NOTES


_THEIRS = {
    "other keys": '{\n  "model": "opus",\n  "permissions": {"allow": ["Bash(ls)"]}\n}\n',
    "tabs": '{\n\t"a": 1,\n\t"hooks": {\n\t\t"Stop": []\n\t}\n}\n',
    "own hooks": json.dumps({"hooks": {"PostToolUse": [{"matcher": "Edit", "hooks": [
        {"type": "command", "command": "make fmt"}]}]}, "z": None}, indent=4),
    "one line": '{"a":[1,2.50,1e3],"b":"\\u00e9 \\/"}',
    "empty": "{}",
    "spaced": "{ \n }\n",
    "empty hooks": '{"hooks": {}}',
    "empty event": '{"hooks": {"PostToolUse": []}}\n',
    "crlf": '{\r\n  "a": 1\r\n}\r\n',
    "bom": '\ufeff{\n  "a": 1\n}\n',
    "long numbers": '{\n  "n": 12345678901234567890123.000,\n  "s": "\U0001f600"\n}',
}  # fmt: skip


@pytest.mark.parametrize("text", _THEIRS.values(), ids=_THEIRS)
@pytest.mark.parametrize("agent", ["claude", "codex"])
def test_settings_keep_the_bytes_of_everything_else(
    orch: Cli, top: Path, agent: str, text: str
) -> None:
    path = top / HOOKED[agent]
    path.parent.mkdir()
    path.write_bytes(text.encode())
    path.chmod(0o600)
    before = json.loads(text.removeprefix("\ufeff"))
    _setup(orch, agent)
    merged = json.loads(path.read_text(encoding="utf-8-sig"))
    ours = merged["hooks"]
    assert {k: v for k, v in merged.items() if k != "hooks"} == {
        k: v for k, v in before.items() if k != "hooks"}  # fmt: skip
    for event, entries in before.get("hooks", {}).items():
        assert ours[event][: len(entries)] == entries
    for event in ("UserPromptSubmit", "PostToolUse"):
        assert ours[event][-1]["hooks"][0]["command"].startswith("inbox hook ")
    assert _actions(_setup(orch, agent)) == {"unchanged"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    _setup(orch, agent, "--remove")
    assert path.read_bytes() == text.encode()


def test_what_others_added_to_the_settings_since_stays(orch: Cli, top: Path) -> None:
    _setup(orch, "claude")
    path = top / HOOKED["claude"]
    document = json.loads(path.read_text())
    own = {"matcher": "Bash", "hooks": [{"type": "command", "command": "./audit.sh"}]}
    document["hooks"]["PostToolUse"].insert(0, own)
    document["hooks"]["Stop"] = [own]
    document["env"] = {"A": "1"}
    path.write_text(json.dumps(document, indent=2))
    assert _actions(_setup(orch, "claude", "--check")) == {"unchanged"}
    _setup(orch, "claude", "--remove")
    left = json.loads(path.read_text())
    assert left == {"hooks": {"PostToolUse": [own], "Stop": [own]}, "env": {"A": "1"}}


def test_an_edited_entry_of_ours(orch: Cli, top: Path) -> None:
    _setup(orch, "claude")
    path = top / HOOKED["claude"]
    path.write_text(path.read_text().replace('"timeout": 5', '"timeout": 50', 1))
    orch.refuse("refused", "work_at_risk", "setup", "claude")
    orch.refuse("refused", "work_at_risk", "setup", "claude", "--remove")
    _setup(orch, "claude", "--force")
    assert '"timeout": 50' not in path.read_text()
    assert _actions(_setup(orch, "claude")) == {"unchanged"}


_MALFORMED = {
    "cut": '{"a": 1',
    "text": "not json",
    "trailing comma": '{"a": 1,}',
    "twice": '{"hooks": {}, "hooks": {}}',
    "list": "[]",
    "hooks list": '{"hooks": []}',
    "event object": '{"hooks": {"PostToolUse": {}}}',
    "latin-1": b'{"a": "\xe9"}',
    "two documents": "{} {}",
    "comment": '{"a": 1} // mine',
    "deep": "[" * 5000 + "]" * 5000,
    "control": '{"a": "x\ny"}',
}


@pytest.mark.parametrize("text", _MALFORMED.values(), ids=_MALFORMED)
def test_malformed_settings_are_refused_and_left(orch: Cli, top: Path, text: str | bytes) -> None:
    path = top / HOOKED["claude"]
    path.parent.mkdir()
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = _tree(top)
    for argv in ((), ("--force",), ("--remove",), ("--check",), ("--dry-run",)):
        error = orch.refuse("invalid_input", "file", "setup", "claude", *argv)
        assert str(path) in error["message"]
        assert _tree(top) == before


def test_comments_stay_where_the_client_allows_them(orch: Cli, tmp_path: Path) -> None:
    home = tmp_path / "home"
    path = home / ".gemini" / "settings.json"
    path.parent.mkdir()
    text = '{\n  // my model\n  "model": {"name": "x"} /* yes */\n}\n'
    path.write_text(text)
    _setup(orch, "gemini", "--user")
    assert "// my model" in path.read_text() and "inbox hook --client gemini" in path.read_text()
    assert _actions(_setup(orch, "gemini", "--user")) == {"unchanged"}
    _setup(orch, "gemini", "--user", "--remove")
    assert path.read_text() == text


def test_user_scope_is_the_home_and_its_variables(orch: Cli, top: Path, tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "elsewhere"
    before = _tree(top)
    data = _setup(orch, "codex", "--user")
    assert (data["scope"], data["root"]) == ("user", str(home / ".codex"))
    assert (home / ".codex/AGENTS.md").is_file() and (home / ".codex/hooks.json").is_file()
    _setup(orch, "codex", "--user", env={"CODEX_HOME": str(other)})
    assert (other / "AGENTS.md").is_file()
    _setup(orch, "codex", "--user", "--remove")
    _setup(orch, "codex", "--user", "--remove", env={"CODEX_HOME": str(other)})
    assert _tree(home) == {} and _tree(top) == before
    orch.refuse("invalid_state", "unsupported", "setup", "aider", "--user")
    orch.refuse("invalid_input", "value", "setup", "claude", "--user", env={"HOME": None})


def test_a_link_within_the_home_is_followed(orch: Cli, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "dotfiles").mkdir()
    (home / ".claude").mkdir()
    (home / "dotfiles" / "claude.md").write_bytes(NOTES)
    (home / ".claude" / "CLAUDE.md").symlink_to("../dotfiles/claude.md")
    _setup(orch, "claude", "--user")
    assert b"BEGIN orch setup" in (home / "dotfiles" / "claude.md").read_bytes()
    assert (home / ".claude" / "CLAUDE.md").is_symlink()
    _setup(orch, "claude", "--user", "--remove")
    assert (home / "dotfiles" / "claude.md").read_bytes() == NOTES
    (home / ".claude" / "CLAUDE.md").unlink()
    (home / ".claude" / "CLAUDE.md").symlink_to(tmp_path / "outside.md")
    orch.refuse("invalid_input", "file", "setup", "claude", "--user")


def test_outside_git_it_is_the_directory_itself(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    orch = Cli(folder, program="orch", home=tmp_path)
    assert _setup(orch, "agents")["root"] == str(folder)
    assert orch.say("setup", "amp").splitlines()[-1] == "next: orch setup --list"
    assert (folder / "AGENTS.md").is_file()
    assert not (folder / ".orch").exists()


def test_a_directory_whose_name_is_no_text(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    folder.mkdir()
    orch = Cli(folder, program="orch", home=tmp_path)
    orch.refuse("invalid_state", "not_yet", "setup", "agents", "--check")
    assert "caf\\xe9" in _setup(orch, "agents")["root"]
    assert "+## Work between agents" in orch.say("setup", "gemini", "--dry-run")
    (folder / "GEMINI.md").mkdir()
    orch.refuse("invalid_input", "file", "setup", "gemini")
    assert (folder / "AGENTS.md").is_file()


def test_a_worktree_is_its_own_top(orch: Cli, top: Path, tmp_path: Path) -> None:
    git = ["git", "-C", str(top), "-c", "user.name=t", "-c", "user.email=t@t"]
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True, timeout=30)
    linked = tmp_path / "linked"
    subprocess.run([*git, "worktree", "add", "-q", str(linked)], check=True, timeout=30)
    _setup(orch.at(linked), "agents")
    assert (linked / "AGENTS.md").is_file() and not (top / "AGENTS.md").exists()


def test_wrong_use(orch: Cli) -> None:
    error = orch.refuse("invalid_input", "value", "setup", "claud")
    assert error["details"]["near"] == ["claude"] and "did you mean claude" in error["hint"]
    assert orch.refuse("invalid_input", "value", "setup", "cursor")["details"]["near"][0] == (
        "cursor-agent")  # fmt: skip
    assert "claude" in orch.refuse("invalid_input", "flag", "setup")["hint"]
    orch.refuse("invalid_input", "flag", "setup", "claude", "--check", "--dry-run")


def test_the_list(orch: Cli, top: Path) -> None:
    data = _setup(orch, "--list")
    assert [a["agent"] for a in data["agents"]] == AGENTS
    assert {a["agent"] for a in data["agents"] if a["hooks"]} == {*HOOKED, "gemini", "qwen"}
    assert "claude" in orch.say("setup", "--list")
    with open(Path(catalog.__file__).parent / "agents.toml", "rb") as file:
        assert list(tomllib.load(file)) == AGENTS  # In the order that people look for them.


def test_plain_answers_say_what_happened_and_what_next(orch: Cli, top: Path) -> None:
    said = orch.say("setup", "claude").splitlines()
    assert said[0] == f"claude set up in {top}: 5 files changed"
    assert said[-1] == "next: git add .claude CLAUDE.md"
    assert orch.say("setup", "claude").splitlines()[0].endswith("up to date, nothing to do")
    diff = orch.say("setup", "claude", "--remove", "--dry-run")
    assert "-## Work between agents" in diff
    assert diff.splitlines()[-1] == "next: orch setup claude --remove"


def test_a_write_that_fails_undoes_the_others(top: Path, orch: Cli, monkeypatch) -> None:
    from orch.setup import changes, files
    from orch.setup.model import Broken

    (top / "CLAUDE.md").write_bytes(NOTES)
    agent = catalog.require("claude")
    request = changes.SetupRequest(agent, str(top), "1", False, False)
    texts = {"worker": bus.text("worker"), "leader": "l\n", "reviewer": "r\n"}
    planned = changes.plan(request, agent.targets(str(top), False, texts))
    before = _tree(top)
    (top / ".claude").mkdir()
    (top / ".claude/settings.json").write_text("{}")  # Somebody else was faster.
    with pytest.raises(Broken, match=r"settings\.json was changed by somebody else"):
        changes.carry_out(str(top), planned)
    assert _tree(top) == before | {".claude/settings.json": b"{}0o100644"}
    assert files.look(str(top), str(top / "CLAUDE.md")).old == NOTES


@pytest.mark.parametrize("other", ["copilot", "opencode", "qwen", "pi", "cursor-agent"])
def test_what_another_client_shares_stays_and_goes_with_the_last(
    orch: Cli, top: Path, other: str
) -> None:
    before = _tree(top)
    _setup(orch, other)
    alone = _tree(top)
    _setup(orch, "codex")
    data = _setup(orch, "codex", "--remove")
    (block,) = (f for f in data["files"] if f["path"].endswith("AGENTS.md"))
    assert (block["action"], block["why"]) == ("unchanged", f"stays: {other} uses it too")
    assert _tree(top) == alone and data["notes"] == []
    assert _actions(_setup(orch, "codex", "--remove", "--check")) == {"unchanged"}
    _setup(orch, other, "--remove")
    assert _tree(top) == before


def test_skills_in_one_folder_stay_too(orch: Cli, top: Path) -> None:
    """`agents` keeps its skills where codex does; codex has hooks besides."""
    _setup(orch, "codex")
    before = _tree(top)
    assert _actions(_setup(orch, "agents", "--remove")) == {"unchanged"}
    assert _tree(top) == before


def test_removing_says_what_goes_and_who_may_miss_it(orch: Cli, top: Path) -> None:
    (top / "AGENTS.md").write_text("# Ours\n")
    _setup(orch, "codex")
    said = orch.say("setup", "codex", "--remove")
    lines = said.splitlines()
    assert any(line.startswith("removed") and line.endswith(
        "AGENTS.md: the block of orch setup; the rest of it stays") for line in lines)  # fmt: skip
    assert any("hooks.json: the hooks of orch setup; nothing else was in the file" in line
               for line in lines)  # fmt: skip
    (note,) = (line for line in lines if line.startswith("note: agents, aider, amp:"))
    assert note.endswith("orch setup agents")
    assert (top / "AGENTS.md").read_text() == "# Ours\n"


SERVERS = {"claude": ".mcp.json", "codex": ".codex/config.toml", "cursor-agent": ".cursor/mcp.json",
           "gemini": ".gemini/settings.json", "opencode": "opencode.json",
           "qwen": ".qwen/settings.json"}  # fmt: skip


@pytest.mark.parametrize("agent", SERVERS)
def test_tools_are_registered_where_the_client_reads_them(orch: Cli, top: Path, agent: str) -> None:
    path = top / SERVERS[agent]
    path.parent.mkdir(exist_ok=True)
    theirs = (
        '{\n    "theme": "dark",\n    "mcpServers": {"x": {"command": "x"}},\n'
        '    "mcp": {"x": {}}\n}\n'
    )
    if agent == "codex":
        theirs = '# mine\n[mcp_servers.x]\ncommand = "x"\n'
    path.write_text(theirs)
    words = ("setup", agent, "--mcp")
    assert orch.ok(*words, "--dry-run")["applied"] is False and path.read_text() == theirs
    data = orch.ok(*words)
    assert (data["mcp"], [one["action"] for one in data["files"]]) == (True, ["updated"])
    known = (tomllib if agent == "codex" else json).loads(path.read_text())
    member = {"codex": "mcp_servers", "opencode": "mcp"}.get(agent, "mcpServers")
    assert set(known[member]) == {"x", "orch"}
    assert "mcp" in json.dumps(known[member]["orch"])
    orch.ok(*words, "--check")
    assert orch.ok(*words)["files"][0]["action"] == "unchanged"
    orch.ok(*words, "--remove")
    assert path.read_text() == theirs, "to the byte"
    path.unlink()
    orch.ok(*words)
    assert orch.ok(*words, "--remove")["files"][0]["action"] == "removed" and not path.exists()


def test_a_server_that_is_not_ours_or_was_edited_is_left(orch: Cli, top: Path) -> None:
    path = top / ".mcp.json"
    path.write_text('{"mcpServers": {"orch": {"command": "other"}}}')
    error = orch.refuse("invalid_input", "file", "setup", "claude", "--mcp", "--force")
    assert "not ours" in error["message"]
    edited = '{"mcpServers": {"orch": {"command": "orch", "args": ["mcp", "--role", "leader"]}}}'
    path.write_text(edited)
    orch.refuse("refused", "work_at_risk", "setup", "claude", "--mcp")
    orch.refuse("refused", "work_at_risk", "setup", "claude", "--mcp", "--remove")
    assert path.read_text() == edited
    orch.ok("setup", "claude", "--mcp", "--force")
    assert json.loads(path.read_text())["mcpServers"]["orch"]["args"] == ["mcp"]
    path.write_text("[")
    orch.refuse("invalid_input", "file", "setup", "claude", "--mcp")
    toml = top / ".codex" / "config.toml"
    toml.parent.mkdir()
    for text in ("a = [", '[mcp_servers.orch]\ncommand = "other"\n'):
        toml.write_text(text)
        orch.refuse("invalid_input", "file", "setup", "codex", "--mcp")


def test_a_client_that_lists_no_servers_says_where_it_does(orch: Cli, tmp_path: Path) -> None:
    orch.refuse("invalid_state", "unsupported", "setup", "pi", "--mcp")
    answer = orch.quick("setup", "copilot", "--mcp")
    assert answer.status == 30 and answer.steps == ["orch setup copilot --user --mcp"]
    orch.ok("setup", "copilot", "--user", "--mcp")
    listed = json.loads((tmp_path / "home" / ".copilot" / "mcp-config.json").read_text())
    assert listed["mcpServers"]["orch"]["tools"] == ["*"]
