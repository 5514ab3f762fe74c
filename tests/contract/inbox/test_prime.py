"""prime, completion, schema: what the tool says about itself is true of the installed tool."""

import json
import shlex
import shutil
import subprocess

import pytest

from inbox.cli import parse, primer
from inbox.cli.table import PROGRAM
from tests.support.cli import DEADLINE, Cli
from tests.support.threads import opened

ROLES = ("worker", "leader", "reviewer")


@pytest.mark.parametrize("role", ROLES)
def test_a_primer_is_short_and_needs_no_shell_tricks(bare: Cli, role: str) -> None:
    text = bare.say("prime", "--role", role)
    assert text == primer.text(role)
    assert len(text) <= 2600  # About 700 tokens.
    assert bare.ok("prime", "--role", role) == {"role": role, "text": text}
    for trick in ("$(", "`", "<(", "&&", "|", ">"):
        assert trick not in text
    assert max(len(line) for line in text.splitlines()) <= 100


@pytest.mark.parametrize("role", ROLES)
def test_every_command_of_a_primer_parses(role: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("result.md", "task.md", "v.json"):
        (tmp_path / name).write_text("{}")
    lines = [line for line in primer.text(role).splitlines() if line.startswith("  ")]
    assert len(lines) >= 7
    for line in lines:
        program, *argv = shlex.split(line)
        assert program == PROGRAM.name
        split = parse.split(PROGRAM, argv)
        assert split is not None, line
        assert parse.bind(*split), line


def test_every_flag_that_a_primer_mentions_exists() -> None:
    known = {option.flag for command in PROGRAM.commands.values() for option in command.options}
    known |= {option.flag for option in PROGRAM.globals} | {"--help"}
    for role in ROLES:
        words = primer.text(role).replace(",", " ").replace(";", " ").split()
        flags = {word.rstrip(".:") for word in words if word.startswith("--")}
        assert flags <= known


def test_the_role_defaults_to_worker(bare: Cli) -> None:
    assert bare.say("prime") == primer.text("worker")
    bare.refuse("invalid_input", "value", "prime", "--role", "boss")


@pytest.mark.parametrize("command", PROGRAM.commands.values(), ids=lambda c: c.words)
def test_every_example_parses(command, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "task.md").write_text("x")
    program, *argv = shlex.split(command.example.partition(" > ")[0])
    split = parse.split(PROGRAM, argv)
    assert program == PROGRAM.name
    assert split is not None
    assert split[0] is command
    parse.bind(*split)


def test_schema_prints_one_or_all(bare: Cli) -> None:
    one = json.loads(bare.say("schema", "send"))
    assert one["title"] == "inbox send: data"
    group = json.loads(bare.say("schema", "artifact", "list"))
    assert group["title"] == "inbox artifact list: data"
    assert set(json.loads(bare.say("schema"))) == set(PROGRAM.commands)
    assert bare.ok("schema", "send")["schema"] == one
    error = bare.refuse("not_found", "file", "schema", "sned")
    assert "send" in error["hint"]


# Completion: the installed script, in the shell itself where it is there.


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_for_each_shell(bare: Cli, shell: str) -> None:
    text = bare.say("completion", shell)
    assert f"_INBOX_COMPLETE={shell}_complete" in text
    assert bare.ok("completion", shell) == {"shell": shell, "text": text}
    for checker in ([shell, "-n"],):
        if shutil.which(checker[0]):
            done = subprocess.run(checker, input=text.encode(), capture_output=True, timeout=30)
            assert (done.returncode, done.stderr) == (0, b"")


def test_completion_of_no_shell(bare: Cli) -> None:
    bare.refuse("invalid_input", "flag", "completion")
    bare.refuse("invalid_input", "value", "completion", "powershell")


def _asked(bare: Cli, shell: str, typed: str) -> list[str]:
    """Ask for completions as the shell's script does; return the offered words."""
    words = typed.split(" ")
    env = {"_INBOX_COMPLETE": f"{shell}_complete", "COMP_WORDS": typed}
    if shell == "fish":
        env["COMP_WORDS"] = " ".join(words[:-1])
        env["COMP_CWORD"] = words[-1]
    else:
        env["COMP_CWORD"] = str(len(words) - 1)
    answer = bare.run(env=env)
    assert answer.err == ""
    lines = answer.out.replace("\r", "").splitlines()
    if shell == "zsh":
        return lines[1::3]
    return [line.split(",", 1)[1].split("\t")[0] for line in lines if "," in line]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_offers_commands_flags_and_values(bare: Cli, shell: str) -> None:
    assert {"send", "claim", "wait-reply", "artifact"} <= set(_asked(bare, shell, "inbox "))
    assert _asked(bare, shell, "inbox cl") == ["claim"]
    assert set(_asked(bare, shell, "inbox artifact ")) == {"list", "get"}
    assert "--lease-seconds" in _asked(bare, shell, "inbox claim --l")
    offered = _asked(bare, shell, "inbox update --status b")
    assert offered == ["blocked"]


def test_bash_itself_completes(bare: Cli) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    program = (
        'eval "$SCRIPT"; COMP_WORDS=(inbox wai); COMP_CWORD=1;'
        " _inbox_completion inbox; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(
        [bash, "-c", program],
        env=bare.env | {"SCRIPT": bare.say("completion", "bash")},
        cwd=bare.cwd, capture_output=True, timeout=DEADLINE, text=True,
    )  # fmt: skip
    assert done.stdout == "wait-reply\n", done


def test_completion_does_not_touch_the_store(inbox: Cli) -> None:
    opened(inbox)
    before = sorted(p.name for p in inbox.store.parent.iterdir())
    assert _asked(inbox, "bash", "inbox show --thread ") == []
    assert sorted(p.name for p in inbox.store.parent.iterdir()) == before
