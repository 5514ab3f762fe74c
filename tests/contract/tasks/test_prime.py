"""orch prime: short, true of the installed commands, and free of shell tricks."""

import shlex

import pytest

from inbox.cli import parse
from inbox.cli import primer as bus
from inbox.cli.table import PROGRAM as INBOX
from orch.cli import primer
from orch.cli.main import PROGRAM as ORCH
from tests.support.cli import Cli

ROLES = ("worker", "leader", "reviewer")


@pytest.fixture
def orch(bare: Cli) -> Cli:
    return Cli(bare.cwd, program="orch")


def _tokens(text: str) -> int:
    """Return more tokens than tokenizers make of it: one per mark and per 4 letters of a word."""
    count, run = 0, 0
    for character in text + " ":
        if character.isalnum():
            run += 1
            continue
        count += -(-run // 4)
        run = 0
        count += not character.isspace()
    return count


@pytest.mark.parametrize("role", ROLES)
def test_a_primer_is_short_and_needs_no_shell_tricks(orch: Cli, role: str) -> None:
    text = orch.say("prime", "--role", role)
    assert text == primer.text(role)
    for trick in ("$(", "`", "<(", "&&", "|", ">"):
        assert trick not in text
    assert max(len(line) for line in text.splitlines()) <= 100


@pytest.mark.parametrize("text", [*map(bus.text, ROLES), primer.text("leader")])
def test_it_costs_an_agent_at_most_700_tokens(text: str) -> None:
    assert _tokens(text) <= 700


def test_every_command_of_the_leaders_primer_parses(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [line for line in primer.text("leader").splitlines() if line.startswith("  ")]
    assert len(lines) >= 15
    for line in lines:
        program, *argv = shlex.split(line)
        if argv[-1] == "--help":
            assert argv[0] in {words.partition(" ")[0] for words in ORCH.commands}
            continue
        split = parse.split({"orch": ORCH, "inbox": INBOX}[program], argv)
        assert split is not None, line
        assert parse.bind(*split), line


def test_the_role_defaults_to_leader(orch: Cli) -> None:
    assert orch.say("prime") == primer.text("leader")
    assert orch.ok("prime", "--role", "worker")["text"] == bus.text("worker")
    orch.refuse("invalid_input", "value", "prime", "--role", "boss")
